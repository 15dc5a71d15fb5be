/*
 * What is done if the thread ends in the middle: pthread_cleanup_push(3) and pop for
 * handlers that call code of the user's, which may call pthread_exit() in turn.
 *
 * A handler that is cut short so is called again, until it returns; then the next one
 * outside follows.  One pair a function.
 */
#ifndef SYNC_CLEANUP_H
#define SYNC_CLEANUP_H

#include <pthread.h>

#if defined(__GLIBC__) && !defined(__EXCEPTIONS)
/* pthread_cleanup_push()'s own variable, in whose scope its arguments are. */
#define CLEANUP_REGISTERED (&__cancel_buf)
#else
#define CLEANUP_REGISTERED NULL
#endif

struct cleanup {
	void (*fn)(void *);
	void *arg;
	void *registered; /* what the C library knows this handler by, if that matters */
};

/* The handler that the C library calls: ARG is the struct cleanup. */
void cleanup_run(void *arg);

/* clang-format off */
#define cleanup_push(fn, arg)                                  \
	do {                                                   \
		struct cleanup cleanup_ = {(fn), (arg), NULL}; \
		pthread_cleanup_push(cleanup_run,              \
		                     (cleanup_.registered = CLEANUP_REGISTERED, &cleanup_))
#define cleanup_pop(execute)                                   \
		pthread_cleanup_pop(execute);                  \
	} while (0)
/* clang-format on */

#endif
