/*
 * Completion queues: settled jobs, delivered one by one, with one file descriptor.
 */
#ifndef POOL_COMPLETIONS_H
#define POOL_COMPLETIONS_H

#include <bothy/future.h>

int completions_new(bothy_completions **ret_completions);
bothy_completions *completions_hold(bothy_completions *completions);
void completions_release(bothy_completions *completions); /* NULL is fine */
int completions_check(const bothy_completions *completions); /* -ECHILD after a fork */

/* Deliver JOB, just published as PHASE, to its queue, if it has one. */
void completions_deliver(bothy_future *job, unsigned phase);

int completions_fd(bothy_completions *completions);
int completions_next(bothy_completions *completions, bothy_time deadline,
                     struct bothy_completion *ret_completion);

/* The user is done with it: what is there is dropped, as is what comes.  Releases a hold. */
void completions_close(bothy_completions *completions);

#endif
