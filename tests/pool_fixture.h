/*
 * What the tests of the pool share: a pool and a gate for each test, and short ways to
 * submit and to read an outcome.
 */
#ifndef TESTS_POOL_FIXTURE_H
#define TESTS_POOL_FIXTURE_H

#include <check.h>
#include <stdatomic.h>

#include <bothy/bothy.h>

#include "tests/gate.h"

extern bothy_pool *pool; /* of the running test; freed after it */
extern struct gate gate;
extern atomic_int freed; /* calls of count_free() */

void fixture_setup(void);
void fixture_teardown(void);

/* Make the test's pool; the size is filled in. */
void pool_with(struct bothy_pool_options options);
void pool_of(unsigned workers);

/* Submit to it, for ann's project p unless JOB says otherwise. */
bothy_future *start(struct bothy_job job);
void start_and_forget(struct bothy_job job);

/* Between two looks at a state that some milliseconds or a second will bring: 1 ms for others. */
void look_again(void);

/* Submit it, again and again, until it has begun before its deadline, which is so early or late: a
 * job that stays will miss it.  What has expired in the queue has had its arg_free called. */
bothy_future *start_to_be_late(struct bothy_job job);

/* The same, but not before so many milliseconds, in which the test may do something with it. */
bothy_future *start_to_be_late_in(struct bothy_job job, int64_t ms);

/* Wait for FUTURE without end, release it, and return its code. */
int outcome(bothy_future *future);

struct bothy_pool_stats stats_now(void);

/* Jobs' functions: return 0; return *arg, an int; pass the gate; arrive at the gate and sleep
 * until asked to stop; end the thread. */
bothy_fn nothing, return_code, stop_at_gate, until_stopped, end_thread;

void count_free(void *arg);

/* Run CASES as a suite of that name; the process's exit code.  Each has the fixture around it,
 * or another. */
int run_suite(const char *name, const TTest *const *cases, size_t n);
int run_suite_with(const char *name, void (*setup)(void), void (*teardown)(void),
                   const TTest *const *cases, size_t n);

#endif
