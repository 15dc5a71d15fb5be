/*
 * Who may leave what
 *   A thread's contexts are linked from the innermost outwards.  Only one that was entered
 *   can be left by hand, only from inside the same job, and only while it and all inside it
 *   are active: one that is being begun or ended further down this very stack is not pulled
 *   from under whoever does that.
 */
#include "tls/nest.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/testing.h"
#include "tls/client.h"
#include "tls/current.h"

/* The context of the job that this thread is in, or NULL: the innermost that nobody entered. */
static const bothy_context *job_context(void)
{
	const bothy_context *context = context_current();

	while (context != NULL && context->entered)
		context = context->outer;
	return context != NULL && !current_is_bare(context) ? context : NULL;
}

/* In a job, SPEC gets its stop requests, and at most its deadline. */
static void fit_into_job(struct context_spec *spec)
{
	const bothy_context *job = job_context();

	if (spec->deadline == 0)
		spec->deadline = BOTHY_FOREVER;
	if (job == NULL)
		return;
	spec->stop = PLANTED(NESTED_UNSTOPPED) ? NULL : job->stop;
	spec->job = job->job;
	if (spec->deadline >= job->deadline && !PLANTED(NESTED_OUTLASTS_JOB)) {
		spec->deadline = job->deadline;
		spec->watched = !job->polls;
	}
}

static void context_free(bothy_context *context)
{
	context_fini(context);
	free(context);
}

static int enter(struct context_spec *spec, bothy_context **ret_context)
{
	bothy_context *context = malloc(sizeof(*context));
	int error;

	if (context == NULL)
		return -ENOMEM;
	context_init(context);
	context->entered = true;
	fit_into_job(spec);
	error = context_begin(context, spec, NULL);
	if (error < 0) {
		context_free(context);
		return error;
	}
	*ret_context = context;
	return 0;
}

int nest_enter(bothy_server *server, const char *entity, const char *project,
               const struct bothy_context_options *options, bothy_context **ret_context)
{
	struct context_spec spec = {
		.fallback = options->refs,
		.flags = options->flags,
		.deadline = options->deadline,
	};
	int error = client_new(server, entity, project, &spec.client);

	if (error < 0)
		return error;
	error = enter(&spec, ret_context);
	client_release(spec.client); /* the context has its own hold */
	return error;
}

int nest_adopt(bothy_capture *capture, bothy_context **ret_context)
{
	struct context_spec spec = {
		.client = capture->client,
		.inherited = PLANTED(CAPTURE_IGNORED) ? NULL : capture,
		.fallback = capture->fallback,
	};

	return enter(&spec, ret_context);
}

/* ---- leaving -------------------------------------------------------------------------- */

static int leave(bothy_context *context)
{
	int error;

	if (context->stage == CONTEXT_IDLE) /* CONTEXT_LEFT_INSTALLED: it has ended already */
		return current_set(context->outer);
	error = context_end(context, 0, NULL);
	if (context->entered)
		context_free(context);
	return error;
}

unsigned context_unwind(bothy_context *context)
{
	unsigned n = 0;

	for (;;) {
		bothy_context *inner = current_get();

		if (inner == context || inner == NULL || current_is_bare(inner))
			return n;
		(void)leave(inner);
		n++;
	}
}

/* Whether TARGET, which may be a pointer to nothing, may be left now. */
static int check_exit(const bothy_context *target)
{
	bool all_active = true;
	bool in_job = false;

	for (const bothy_context *context = context_current();
	     context != NULL && !current_is_bare(context); context = context->outer) {
		all_active = all_active && context->stage == CONTEXT_ACTIVE;
		in_job = in_job || !context->entered;
		if (context == target)
			return in_job ? -EPERM : all_active ? 0 : -EINVAL;
	}
	return -EINVAL;
}

int nest_exit(bothy_context *context)
{
	int error = check_exit(context);
	unsigned inner;

	if (error < 0)
		return error;
	if (context_is_parents(context))
		context_make_own(context);
	inner = PLANTED(INNER_UNTOLD) ? 0 : context_unwind(context);
	error = leave(context);
	return inner > 0 ? -EBUSY : error;
}
