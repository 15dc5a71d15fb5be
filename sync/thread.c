#include "sync/thread.h"

#if defined(__GLIBC__) && !defined(__EXCEPTIONS)

void thread_cleanup_run(void *arg)
{
	const struct thread_cleanup *cleanup = arg;

	__pthread_unregister_cancel(cleanup->listed);
	cleanup->fn(cleanup->arg);
}

#else

/* ISO C wants a declaration in every translation unit. */
typedef int thread_cleanup_is_the_systems;

#endif
