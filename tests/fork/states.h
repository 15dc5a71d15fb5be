/*
 * States to fork in: what their tests share.
 */
#ifndef TESTS_FORK_STATES_H
#define TESTS_FORK_STATES_H

#include <bothy/bothy.h>

/* Around each: the gate is opened, what is held is waited for and released, and no child is
 * left. */
void states_setup(void);
void states_teardown(void);

/* Submit JOB and hold its future. */
bothy_future *hold(struct bothy_job job);

/* The states of servers that record, a suite of their own: 0, or 1 if any failed. */
int fork_while_recording(void);

#endif
