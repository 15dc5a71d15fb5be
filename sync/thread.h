/*
 * Starting threads and waiting for their end.
 */
#ifndef SYNC_THREAD_H
#define SYNC_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct thread {
	pthread_t handle;
#ifdef BOTHY_SIM
	int number; /* the seeded scheduler's */
#endif
};

enum {
	THREAD_STACK_LEAST = 64 * 1024, /* so much may be asked for, if a system wants more too */
	THREAD_STACK_USUAL =
		1024 * 1024 /* musl's default, 128 KiB, has no room for jobs that run in
	                                   * place of a wait */
};

struct thread_options {
	size_t stack_bytes; /* 0: the system's default, or THREAD_STACK_USUAL where that is less */
	const char *name;   /* cut to 15 characters; NULL: inherited */
};

/*
 * Run FN(ARG) on a new thread, with every signal blocked from before its first
 * instruction.  Exactly one of thread_join() and thread_detach() must follow.
 *
 * *ret_thread is written before FN starts.
 * Errors: the negative errno of pthread_create(3); *ret_thread is undefined then.
 */
int thread_start(void (*fn)(void *), void *arg, const struct thread_options *options,
                 struct thread *ret_thread);

void thread_join(struct thread *thread);
void thread_detach(struct thread *thread);

/* Bytes of stack left below the caller on this thread, or SIZE_MAX if it can't be known. */
size_t thread_stack_left(void);

#endif
