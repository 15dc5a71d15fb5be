#include "pool/callback.h"

#include "sync/cleanup.h"
#include "sync/testing.h"
#include "tls/context.h"

/* Also on the way out of a thread that FN ends: what it was called in has yet to be ended. */
static void resume(void *suspended)
{
	context_resume(suspended);
}

void callback_run(void (*fn)(void *), void *arg)
{
	if (fn == NULL)
		return;
	if (PLANTED(CALLBACK_IN_CONTEXT)) {
		fn(arg);
		return;
	}
	cleanup_push(resume, context_suspend());
	fn(arg);
	cleanup_pop(1);
}
