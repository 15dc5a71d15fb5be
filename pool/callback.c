#include "pool/callback.h"

#include <stddef.h>

#include "tls/context.h"

void callback_run(void (*fn)(void *), void *arg)
{
	bothy_context *suspended;

	if (fn == NULL)
		return;
	suspended = context_suspend();
	fn(arg);
	context_resume(suspended);
}
