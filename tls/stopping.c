#include "tls/stopping.h"

#include <errno.h>

#include "sync/clock.h"
#include "sync/testing.h"
#include "tls/context.h"

static int reason_in(const bothy_context *context)
{
	int reason = context->stop != NULL ? stop_reason(context->stop) : 0;

	if (reason == 0 && context->polls && clock_now() >= context->deadline &&
	    !PLANTED(CONTEXT_DEADLINE_UNSEEN))
		reason = -ETIMEDOUT;
	return reason;
}

int stopping_reason(void)
{
	const bothy_context *context = context_current();

	return context != NULL ? reason_in(context) : 0;
}

int stopping_fd(void)
{
	const bothy_context *context = context_current();

	return context != NULL && context->stop != NULL ? stop_fd(context->stop) : -ENOENT;
}

/* Park until DEADLINE; requests are posted to PARKER. */
static int sleep_on(struct parker *parker, const bothy_context *context, bothy_time deadline)
{
	bool capped = context->polls && context->deadline < deadline;
	bothy_time until = capped ? context->deadline : deadline;

	for (;;) {
		int error = parker_park(parker, until);
		int reason = reason_in(context);

		if (reason < 0)
			return reason;
		if (error < 0)
			return capped ? -ETIMEDOUT : 0;
	}
}

static int sleep_in(const bothy_context *context, bothy_time deadline)
{
	struct parker parker = PARKER_INITIALIZER;
	int result;

	if (context->stop == NULL)
		return sleep_on(&parker, context, deadline);
	result = stop_attach(context->stop, &parker);
	if (result < 0)
		return result;
	result = sleep_on(&parker, context, deadline);
	stop_detach(context->stop);
	return result;
}

int stopping_sleep(bothy_time deadline)
{
	const bothy_context *context = context_current();
	struct parker parker = PARKER_INITIALIZER;

	if (context != NULL)
		return sleep_in(context, deadline);
	while (parker_park(&parker, deadline) == 0)
		continue;
	return 0;
}
