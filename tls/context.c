/*
 * The life of one context.
 *
 * Invariants
 *   - It is installed from before the first callback (the server's ensure_project) until
 *     after the last one; nothing of the user's runs between its sweep and its uninstall.
 *   - `stage` moves on before each callback, and a hook is taken off its list before it is
 *     called.  So if a callback ends the thread, context_end() called again does each thing
 *     that is left, and none twice.
 *   - After each callback the contexts that it left behind are ended, so that what comes
 *     next finds this one installed.
 *
 * Forks
 *   In a child forked by a callback, or in a job, nothing of the user's is called any more when that
 *   is over: the context is the parent's to end, and here it is only taken off the thread.  One
 *   that was entered is the child's own once it is left by hand, or its thread ends with it.
 */
#include "tls/context.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/testing.h"
#include "tls/client.h"
#include "tls/current.h"
#include "tls/hooks.h"
#include "tls/server.h"

/* ---- numbers -------------------------------------------------------------------------- */

enum { ID_BLOCK = 1024 };

static _Atomic uint64_t ids = 1;

static uint64_t id_new(struct context_ids *block)
{
	if (PLANTED(CONTEXT_ID_REUSED))
		return 1;
	if (block->next == block->end) {
		/* Relaxed: the number itself is all. */
		block->next = atom_add(&ids, ID_BLOCK, relaxed);
		block->end = block->next + ID_BLOCK;
	}
	return block->next++;
}

/* ---- the struct ----------------------------------------------------------------------- */

void context_init(bothy_context *context)
{
	*context = (bothy_context){.stage = CONTEXT_IDLE};
	arena_init(&context->arena);
	table_init(&context->refs, &context->arena);
}

void context_fini(bothy_context *context)
{
	arena_fini(&context->arena);
}

void context_renew(bothy_context *context)
{
	struct context_ids block = context->ids;

	context_fini(context);
	context_init(context);
	context->ids = block;
}

void context_make_own(const bothy_context *outermost)
{
	for (bothy_context *context = context_current(); context != NULL && !current_is_bare(context);
	     context = context->outer) {
		if (context->entered)
			context->generation = fork_generation();
		if (context == outermost)
			return;
	}
}

/* ---- the beginning -------------------------------------------------------------------- */

/* What the server's operation said, unless it has forked, and this is the child. */
static int said(const bothy_context *context, int error)
{
	return context_is_parents(context) ? -ECHILD : server_said(error);
}

static void set_out(bothy_context *context, const struct context_spec *spec)
{
	context->id = id_new(&context->ids);
	context->outer = current_get();
	context->stage = CONTEXT_STARTING;
	context->generation = fork_generation();
	context->fallback = spec->fallback;
	context->client = context->entered ? client_hold(spec->client) : spec->client;
	context->slot = NULL;
	context->stop = spec->stop;
	context->job = spec->job;
	context->deadline = spec->deadline;
	context->polls = spec->deadline != BOTHY_FOREVER && !spec->watched;
	context->code = 0;
	context->finish_error = 0;
	context->error_text = NULL;
	if (context->outer == context)
		context->outer = NULL; /* CONTEXT_LEFT_INSTALLED */
}

static int ensure_project(bothy_context *context)
{
	const bothy_client *client = context->client;
	bothy_server *server = client->server;
	int error;

	if (server->ops.ensure_project == NULL)
		return 0;
	error = server->ops.ensure_project(server->self, client->entity, client->project);
	(void)context_unwind(context);
	return PLANTED(ENSURE_UNHEEDED) ? 0 : said(context, error);
}

static int begin_slot(bothy_context *context, const struct context_spec *spec)
{
	bothy_server *server = context->client->server;
	const struct bothy_begin begin = {
		.client = context->client,
		.token = spec->inherited != NULL ? spec->inherited->token : NULL,
		.flags = spec->flags & BOTHY_TRACE,
		.name = spec->name,
	};
	int error;

	if (server->ops.begin == NULL)
		return 0;
	error = server->ops.begin(server->self, &begin, &context->slot);
	(void)context_unwind(context);
	return said(context, error);
}

/* What can fail of the beginning, once CONTEXT is installed. */
static int start(bothy_context *context, const struct context_spec *spec)
{
	const bothy_capture *inherited = spec->inherited;
	bothy_server *server = context->client->server;
	int error = server_check(server);

	if (error == 0 && inherited != NULL)
		error = snapshot_restore(inherited->refs, &context->refs);
	if (error < 0 || server == NULL)
		return error;
	if ((spec->flags & BOTHY_ENSURE_PROJECT) != 0)
		error = ensure_project(context);
	if (error == 0)
		error = begin_slot(context, spec);
	return error;
}

int context_begin(bothy_context *context, const struct context_spec *spec, char **ret_error_text)
{
	int error = context_ready();

	if (error < 0)
		return error;
	set_out(context, spec);
	error = current_set(context);
	if (error < 0) {
		context->stage = CONTEXT_IDLE;
		if (context->entered)
			client_release(context->client);
		return error;
	}
	TESTING_COUNT(contexts_begun);
	error = start(context, spec);
	if (error < 0)
		(void)context_end(context, error, ret_error_text);
	else
		context->stage = CONTEXT_ACTIVE;
	return error;
}

/* ---- the end -------------------------------------------------------------------------- */

static void finish_slot(bothy_context *context)
{
	bothy_server *server = context->client->server;
	int error = server_check(server);

	context->stage = CONTEXT_FINISHING;
	context->finish_error = error;
	if (error < 0 || server == NULL || server->ops.finish == NULL || PLANTED(FINISH_SKIPPED))
		return;
	context->finish_error = -EOWNERDEAD; /* should it end the thread */
	error = server->ops.finish(server->self, context->slot, context->code, context->error_text,
	                           context->deadline);
	context->finish_error = server_said(error);
	(void)context_unwind(context);
}

static void run_callbacks(bothy_context *context, int code)
{
	/* Before it was begun there is nothing to finish. */
	if (context->stage == CONTEXT_STARTING)
		context->stage = CONTEXT_SWEEPING;
	if (context->stage == CONTEXT_ACTIVE || context->stage == CONTEXT_INHERITING)
		context->stage = CONTEXT_UNWINDING;
	if (PLANTED(REFS_GONE_FIRST))
		table_clear(&context->refs);
	if (context->stage == CONTEXT_UNWINDING) {
		context->code = code;
		if (!PLANTED(FINISH_FIRST))
			hooks_run(context);
		if (PLANTED(REFS_GONE_BEFORE_FINISH))
			table_clear(&context->refs);
		finish_slot(context);
	}
	context->stage = CONTEXT_SWEEPING;
	hooks_run(context);
}

static void sweep(bothy_context *context)
{
	if (!PLANTED(REFS_KEPT)) {
		table_clear(&context->refs);
		table_init(&context->refs, &context->arena);
	}
	if (!PLANTED(LOCALS_KEPT))
		context->locals = NULL;
	if (!PLANTED(REFS_KEPT) && !PLANTED(LOCALS_KEPT))
		arena_reset(&context->arena);
}

/* Whether a test wants a worker's own context, whose memory stays, to be left installed. */
static bool is_left_installed(const bothy_context *context)
{
	bool planted = PLANTED(CONTEXT_LEFT_INSTALLED) ||
	               (PLANTED(LEFT_BY_FAILURE) && context->code > 0) ||
	               (PLANTED(LEFT_BY_STOP) && context->code == -ECANCELED) ||
	               (PLANTED(LEFT_BY_EXIT) && context->code == -EOWNERDEAD);

	return planted && context->job != NULL && !context->entered &&
	       (context->outer == NULL || current_is_bare(context->outer));
}

/* Install what was outside.  In every build it is looked at whether it is there: nobody's
 * work goes on in a context that is not theirs without someone being told. */
static int uninstall(bothy_context *context)
{
	if (!is_left_installed(context))
		(void)current_set(PLANTED(OUTER_NOT_RESTORED) ? NULL : context->outer);
	context->stage = CONTEXT_IDLE;
	TESTING_COUNT(contexts_ended);
	return current_get() == context->outer ? 0 : -ENOTRECOVERABLE;
}

static void hand_over_text(bothy_context *context, char **ret_error_text)
{
	if (ret_error_text != NULL)
		*ret_error_text = context->error_text;
	else
		free(context->error_text);
	context->error_text = NULL;
}

/* Also with what was entered inside it. */
static int take_off(bothy_context *context)
{
	(void)current_set(context->outer);
	context->stage = CONTEXT_IDLE;
	return -ECHILD;
}

int context_end(bothy_context *context, int code, char **ret_error_text)
{
	bothy_client *client = context->client;
	int error;

	if (context_is_parents(context))
		return take_off(context);
	(void)context_unwind(context);
	run_callbacks(context, code);
	sweep(context);
	hand_over_text(context, ret_error_text);
	error = context->finish_error;
	if (uninstall(context) < 0)
		error = -ENOTRECOVERABLE;
	/* The last hold on the server may go with it. */
	if (context->entered)
		client_release(client);
	return error;
}
