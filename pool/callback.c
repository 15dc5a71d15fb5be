#include "pool/callback.h"

#include "sync/testing.h"
#include "sync/thread.h"
#include "tls/context.h"

/* Also on the way out of a thread that FN ends: what it was called in has yet to be ended. */
static void resume(void *suspended)
{
	/* One more handler: what was left in it may end the thread again. */
	thread_cleanup_push(resume, suspended);
	context_resume(suspended);
	thread_cleanup_pop(0);
}

void callback_run(void (*fn)(void *), void *arg)
{
	if (fn == NULL)
		return;
	if (PLANTED(CALLBACK_IN_CONTEXT)) {
		fn(arg);
		return;
	}
	thread_cleanup_push(resume, context_suspend());
	fn(arg);
	thread_cleanup_pop(1);
}
