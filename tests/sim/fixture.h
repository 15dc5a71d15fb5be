/*
 * What the scenarios share: one pool, what its jobs did, and a gate.
 */
#ifndef TESTS_SIM_FIXTURE_H
#define TESTS_SIM_FIXTURE_H

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/park.h"
#include "sync/thread.h"

extern bothy_pool *pool;
extern _Atomic int ran, freed, told;
extern struct parker gate;

void pool_with(struct bothy_pool_options options);
void pool_of(unsigned workers);

/* Submit JOB, of ann's project p if it has none. */
bothy_future *start(struct bothy_job job);

/* Wait for FUTURE and release it: its code. */
int outcome(bothy_future *future);

/* Free the pool; by then the books must balance and every block be gone. */
void finish(void);

/* Add one to a counter, an _Atomic int. */
void count(void *counter);

/* What jobs do. */
int run_once(void *arg, void **ret_result);      /* counts in `ran` */
int until_stopped(void *arg, void **ret_result);
int until_gate(void *arg, void **ret_result);    /* parks on the gate, which nobody knows of */
int until_woken(void *parker, void **ret_result); /* parks on a parker of its own */
int give(void *arg, void **ret_result);           /* its argument, as the result */
int open_gate(void *arg, void **ret_result);
int end_thread(void *arg, void **ret_result);

/* Submit a job that counts in `ran`, for ann's project p; ERROR is an int. */
void submit_one(void *error);

/* A thread of the scenario's own. */
struct thread client(void (*fn)(void *), void *arg);

#endif
