/*
 * Threads under the scheduler: real ones, that wait for their first turn.
 */
#include "sync/thread.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "sync/point.h"
#include "sync/sim/sched.h"

struct start {
	void (*fn)(void *);
	void *arg;
	struct sim_thread *thread;
};

static void *thread_main(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	sim_begin(start.thread);
	start.fn(start.arg);
	return NULL;
}

int thread_start(void (*fn)(void *), void *arg, const struct thread_options *options,
                 struct thread *ret_thread)
{
	struct start *start = malloc(sizeof(*start));
	int error;

	if (start == NULL)
		return -ENOMEM;
	*start = (struct start){fn, arg, sim_thread_new(options->name)};
	if (start->thread == NULL) {
		free(start);
		return -EAGAIN;
	}
	ret_thread->number = sim_number(start->thread);
	error = -pthread_create(&ret_thread->handle, NULL, thread_main, start);
	if (error < 0) {
		sim_thread_abandon(start->thread);
		free(start);
		return error;
	}
	SYNC_POINT("start");
	return 0;
}

void thread_join(struct thread *thread)
{
	SYNC_POINT("join");
	sim_await_end(thread->number);
	(void)pthread_join(thread->handle, NULL);
}

void thread_detach(struct thread *thread)
{
	SYNC_POINT("detach");
	(void)pthread_detach(thread->handle);
}

size_t thread_stack_left(void)
{
	return SIZE_MAX;
}
