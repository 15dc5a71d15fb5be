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

struct thread_options {
	size_t stack_bytes; /* 0: the system's default */
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

/*
 * As pthread_cleanup_push(3) and _pop(3), for handlers that call functions of the user's, which
 * may end the thread once more.
 *
 * Then glibc goes to the handler that was pushed last.  By the time that an outer handler
 * runs, that may be one whose frame is gone: the user's own, or one of ours further in.  So
 * each of these is taken off the thread's list before it runs.  What it has still to do when
 * it is cut short is its own to see to, by one more handler.
 */
#if defined(__GLIBC__) && !defined(__EXCEPTIONS)

struct thread_cleanup {
	void (*fn)(void *);
	void *arg;
	__pthread_unwind_buf_t *listed;
};

void thread_cleanup_run(void *cleanup);

/* __cancel_buf is what pthread_cleanup_push() has just declared. */
#define thread_cleanup_push(fn, arg)             \
	pthread_cleanup_push(thread_cleanup_run, \
	                     (&(struct thread_cleanup){(fn), (arg), &__cancel_buf}))

#else

#define thread_cleanup_push(fn, arg) pthread_cleanup_push(fn, arg)

#endif

#define thread_cleanup_pop(execute) pthread_cleanup_pop(execute)

/* Bytes of stack left below the caller on this thread, or SIZE_MAX if it can't be known. */
size_t thread_stack_left(void);

#endif
