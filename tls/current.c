/*
 * The thread-specific pointer.
 *
 * Its key is made by the first who needs it, and published by a compare-and-swap: there is
 * no lock that a fork could leave locked, and a failure is no lasting one.
 *
 * The end of a thread
 *   The C library sets the pointer to NULL and calls thread_ends() with what it was.  On a
 *   thread that ends with contexts entered it is put back while they are ended; if one of
 *   their callbacks calls pthread_exit(), the C library comes here again.  A bare context
 *   is not put back, but remembered, so that other keys' destructors don't see the global
 *   client: putting it back would have the C library call thread_ends() in all its rounds,
 *   and in the last one the thread sanitizer has already ended the thread.
 *
 * Bare contexts never fail
 *   A thread's first pointer may need memory of the C library's.  Without it a bare context
 *   is remembered in the same way; a real one is refused.
 */
#include "tls/current.h"

#include <errno.h>
#include <pthread.h>

#include "sync/atomic.h"
#include "sync/testing.h"
#include "tls/client.h"

static _Atomic unsigned key_plus_one; /* 0: not made yet */

/* Never written: it stands for every bare context. */
static bothy_context bare;

/* Where this thread's pointer is NULL, that stands for a bare context. */
static _Thread_local bool null_is_bare;

static void thread_ends(void *value)
{
	bothy_context *context = value;

	if (current_is_bare(context)) {
		null_is_bare = true;
		return;
	}
	/* The thread has had a value for this key: that needs no memory any more. */
	(void)current_set(context);
	context_make_own(NULL);
	(void)context_unwind(NULL);
}

int context_ready(void)
{
	unsigned none = 0;
	pthread_key_t key;
	int error;

	/* Acquire, here and in current_get(): pairs with the release below. */
	if (atom_load(&key_plus_one, acquire) != 0)
		return 0;
	error = -pthread_key_create(&key, thread_ends);
	if (error < 0)
		/* Perhaps another thread was faster, and it was the last key. */
		return atom_load(&key_plus_one, acquire) != 0 ? 0 : error;
	if (!atom_cas(&key_plus_one, &none, key + 1, acq_rel))
		(void)pthread_key_delete(key); /* another thread was faster */
	return 0;
}

bothy_context *current_get(void)
{
	unsigned key = atom_load(&key_plus_one, acquire);
	bothy_context *context = key == 0 ? NULL : pthread_getspecific(key - 1);

	return context == NULL && null_is_bare ? &bare : context;
}

int current_set(bothy_context *context)
{
	/* Relaxed: this thread has seen it by context_ready() or current_get(). */
	return -pthread_setspecific(atom_load(&key_plus_one, relaxed) - 1, context);
}

bool current_is_bare(const bothy_context *context)
{
	return context == &bare;
}

bothy_context *context_current(void)
{
	bothy_context *context = current_get();

	return current_is_bare(context) ? NULL : context;
}

bothy_client *context_client(void)
{
	const bothy_context *context = current_get();

	if (context == NULL || PLANTED(GLOBAL_CLIENT_IN_JOB))
		return client_global();
	return context->client;
}

/* ---- bare contexts -------------------------------------------------------------------- */

bothy_context *context_suspend(void)
{
	bothy_context *suspended = current_get();

	if (context_ready() < 0 || current_set(&bare) < 0)
		null_is_bare = true;
	return suspended;
}

void context_resume(bothy_context *suspended)
{
	(void)context_unwind(suspended); /* it stops at the bare one */
	if (suspended == NULL)
		null_is_bare = false;
	if (current_get() != suspended)
		(void)current_set(suspended);
}
