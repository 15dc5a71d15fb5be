/*
 * Threads natively.
 *
 * The starter blocks all signals around pthread_create(), so that the new thread has them
 * blocked from its first instruction (blocking them in the thread is too late).
 */
#define _GNU_SOURCE
#include "sync/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct start {
	void (*fn)(void *);
	void *arg;
	char name[16];
};

static void *thread_main(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	if (start.name[0] != '\0')
		(void)pthread_setname_np(pthread_self(), start.name);
	start.fn(start.arg);
	return NULL;
}

static int create_with_signals_blocked(pthread_t *thread, const pthread_attr_t *attributes,
                                       struct start *start)
{
	sigset_t all, saved;
	int error;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &saved);
	error = pthread_create(thread, attributes, thread_main, start);
	(void)pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return -error;
}

/* What to ask for if BYTES are wanted; 0: the system's default. */
static size_t stack_for(const pthread_attr_t *attributes, size_t bytes)
{
	size_t usual, least;

	if (bytes == 0)
		return pthread_attr_getstacksize(attributes, &usual) == 0 &&
		                       usual < THREAD_STACK_USUAL
		               ? THREAD_STACK_USUAL
		               : 0;
	/* 128 KiB on aarch64, say; -1 if it is not known. */
	least = (size_t)sysconf(_SC_THREAD_STACK_MIN);
	return bytes >= THREAD_STACK_LEAST && bytes < least && least != SIZE_MAX ? least : bytes;
}

/* 0 or a negative errno. */
static int set_stack(pthread_attr_t *attributes, size_t bytes)
{
	size_t stack = stack_for(attributes, bytes);

	return stack == 0 ? 0 : -pthread_attr_setstacksize(attributes, stack);
}

int thread_start(void (*fn)(void *), void *arg, const struct thread_options *options,
                 struct thread *ret_thread)
{
	struct start *start;
	pthread_attr_t attributes;
	int error;

	start = calloc(1, sizeof(*start));
	if (start == NULL)
		return -ENOMEM;
	start->fn = fn;
	start->arg = arg;
	if (options->name != NULL)
		strncpy(start->name, options->name, sizeof(start->name) - 1);

	error = -pthread_attr_init(&attributes);
	if (error < 0)
		goto fail_attributes;
	error = set_stack(&attributes, options->stack_bytes);
	if (error == 0)
		error = create_with_signals_blocked(&ret_thread->handle, &attributes, start);
	if (error < 0)
		goto fail_create;
	(void)pthread_attr_destroy(&attributes);
	return 0;

fail_create:
	(void)pthread_attr_destroy(&attributes);
fail_attributes:
	free(start);
	return error;
}

void thread_join(struct thread *thread)
{
	(void)pthread_join(thread->handle, NULL);
}

void thread_detach(struct thread *thread)
{
	(void)pthread_detach(thread->handle);
}

/* The lowest address of this thread's stack, read once: it costs a system call or more. */
static _Thread_local uintptr_t stack_bottom;

size_t thread_stack_left(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	if (stack_bottom == 0) {
		pthread_attr_t attributes;
		void *address;
		size_t bytes;

		if (pthread_getattr_np(pthread_self(), &attributes) != 0)
			return SIZE_MAX;
		if (pthread_attr_getstack(&attributes, &address, &bytes) == 0)
			stack_bottom = (uintptr_t)address;
		(void)pthread_attr_destroy(&attributes);
		if (stack_bottom == 0)
			return SIZE_MAX;
	}
	return here > stack_bottom ? here - stack_bottom : 0;
}
