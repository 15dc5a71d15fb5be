#include "sync/cleanup.h"

/*
 * POSIX does not say what an exit in a handler does.  glibc begins it at the handler at which
 * it began the first one, although that has run and its frame may be gone: here each handler
 * takes itself off before it goes on.
 */
static void unregister(const struct cleanup *cleanup)
{
#if defined(__GLIBC__) && !defined(__EXCEPTIONS)
	__pthread_unregister_cancel(cleanup->registered);
#else
	(void)cleanup;
#endif
}

void cleanup_run(void *arg)
{
	const struct cleanup *cleanup = arg;

	unregister(cleanup);
	pthread_cleanup_push(cleanup_run, arg);
	cleanup->fn(cleanup->arg);
	pthread_cleanup_pop(0);
}
