/*
 * The starter: a thread that never runs anything of the user's, and starts a pool's others.
 *
 * A new thread inherits from the one that starts it: affinity, nice value, privileges, working
 * directory and more.  What a job has made of its own thread must not come to others so.
 */
#ifndef POOL_STARTER_H
#define POOL_STARTER_H

#include <sys/types.h>

#include "sync/thread.h"

struct starter;

/* Start it: 0, -ENOMEM, or what pthread_create(3) said.  From then on it has an id, as
 * thread_state_id() tells. */
int starter_new(const struct thread_options *options, struct starter **ret_starter);

/* As thread_start(), by STARTER, for which the caller waits.  Any thread, but one at a time: the
 * pool's lock, which the starter never takes, is held. */
int starter_start(struct starter *starter, void (*fn)(void *), void *arg,
                  const struct thread_options *options, struct thread *ret_thread);

pid_t starter_id(const struct starter *starter);

/* End it and wait until it is gone; or, on its own time.  NULL is fine. */
void starter_join(struct starter *starter);
void starter_detach(struct starter *starter);

#endif
