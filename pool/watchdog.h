/*
 * The watchdog: settles what is past its deadline when nobody else looks.
 */
#ifndef POOL_WATCHDOG_H
#define POOL_WATCHDOG_H

#include "pool/pool.h"

/* Start it if the pool has none: 0, or what pthread_create(3) said. */
int watchdog_start_locked(bothy_pool *pool);

/* It must look at T, or earlier. */
void watchdog_want_locked(bothy_pool *pool, bothy_time t, struct kicks *kicks);

/* WORKER's wait has ended, and it has its place again: it may be lost from now on. */
void watchdog_resumed_locked(const struct worker *worker, struct kicks *kicks);

/*
 * Something was put off, in the expectation that a worker will come soon: have the watchdog look
 * after a millisecond.  False: there is none, and none can be started, or it is in callbacks. */
bool watchdog_tick_locked(bothy_pool *pool, struct kicks *kicks);

/* A job with that DEADLINE was queued. */
void watchdog_queued_locked(bothy_pool *pool, bothy_time deadline, struct kicks *kicks);

#endif
