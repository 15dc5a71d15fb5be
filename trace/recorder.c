#include "trace/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/testing.h"
#include "tls/client.h"
#include "tls/context.h"
#include "tls/server.h"
#include "tls/stopping.h"
#include "trace/error.h"
#include "trace/writer.h"

enum { HAND_OVER_AT = 100, HAND_OVER_BYTES = 4 << 20 };

/* What descendants begin with. */
struct token {
	struct call_origin origin;
	void *user_token; /* of the server's own inherit */
};

void *recorder_alloc(struct recorder *recorder, size_t bytes)
{
	(void)recorder; /* the current context's */
	return arena_alloc(&context_current()->arena, bytes);
}

/* ---- items -------------------------------------------------------------------------------- */

int recorder_ready(struct recorder *recorder)
{
	const bothy_client *client = recorder->client;

	return recorder->batch != NULL
	               ? 0
	               : batch_new(client->entity, client->project, &recorder->batch);
}

/* Open calls go with it as far as they have begun.  If there is no room until DEADLINE
 * (-ETIMEDOUT), the batch stays. */
static int hand_over(struct recorder *recorder, bothy_time deadline)
{
	int error = call_send_open(recorder);
	int handed = 0;

	if (recorder->batch != NULL)
		handed = writer_hand_over(recorder->server->writer, recorder->batch, deadline);
	if (handed == 0)
		recorder->batch = NULL;
	return handed < 0 ? handed : error;
}

/* Be rid of the batch, by the context's own DEADLINE: what finds no room is lost. */
static int hand_over_or_lose(struct recorder *recorder, bothy_time deadline)
{
	int error = hand_over(recorder, deadline);
	struct batch *batch = recorder->batch;

	recorder->batch = NULL; /* `failed` is about to be called, and may end the thread */
	if (batch != NULL)
		writer_lose_batch(recorder->server->writer, batch, error);
	return error;
}

void recorder_add(struct recorder *recorder, struct item *item)
{
	int error;

	batch_add(recorder->batch, item);
	if (recorder->batch->n < HAND_OVER_AT && recorder->batch->bytes < HAND_OVER_BYTES)
		return;
	error = hand_over_or_lose(recorder, context_current()->deadline);
	if (recorder->error == 0)
		recorder->error = error;
}

/* ---- the slot's beginning and end ------------------------------------------------------------ */

static int begin_user(struct recorder *recorder, const struct bothy_begin *context)
{
	struct bothy_begin of_user = *context;
	const struct token *token = context->token;

	if (recorder->server->ops.begin == NULL)
		return 0;
	of_user.token = token != NULL ? token->user_token : NULL;
	return server_said(recorder->server->ops.begin(recorder->server->self, &of_user,
	                                               &recorder->user_slot));
}

/* Nothing is recorded: the context does not begin. */
static void give_up(struct recorder *recorder)
{
	for (bothy_call *call = recorder->calls.open; call != NULL; call = call->outer)
		free(call->start);
	call_origin_fini(&recorder->calls.origin);
}

int recorder_begin(void *self, const struct bothy_begin *context, void **ret_slot)
{
	const struct token *token = context->token;
	struct recorder *recorder = arena_alloc(&context_current()->arena, sizeof(*recorder));
	int error = 0;

	if (recorder == NULL)
		return -ENOMEM;
	*recorder = (struct recorder){.server = self, .client = context->client};
	if (token != NULL && !PLANTED(PARENT_FORGOTTEN))
		error = call_origin_copy(&token->origin, &recorder->calls.origin);
	if (error == 0 && (context->flags & BOTHY_TRACE) != 0)
		error = call_begin_job(recorder, context->name);
	if (error == 0)
		error = begin_user(recorder, context);
	if (error < 0)
		give_up(recorder);
	else
		*ret_slot = recorder;
	return error;
}

/* How a job ended, in words: NULL if it was done. */
static const char *describe_end(int code, const char *error_text, char *buffer, size_t bytes)
{
	int reason = stopping_reason();

	/* A deadline settles a job, whatever it returns later. */
	if (reason == -ETIMEDOUT)
		return "timed out";
	if (code == 0)
		return NULL;
	/* Who was not asked to stop and returns such a code has failed with it. */
	if (code == reason)
		return "canceled";
	if (error_text != NULL)
		return error_text;
	if (code == -EOWNERDEAD)
		return "ended its thread";
	(void)snprintf(buffer, bytes, "failed with %u",
	               code < 0 ? 0 - (unsigned)code : (unsigned)code);
	return buffer;
}

static int finish_user(struct recorder *recorder, int code, const char *error_text,
                       bothy_time deadline)
{
	const struct bothy_server_ops *ops = &recorder->server->ops;

	if (server_check(recorder->client->server) < 0)
		return -ECHILD; /* `failed` has forked, and this is the child */
	return ops->finish == NULL
	               ? 0
	               : server_said(ops->finish(recorder->server->self, recorder->user_slot, code,
	                                         error_text, deadline));
}

int recorder_finish(void *self, void *slot, int code, const char *error_text, bothy_time deadline)
{
	struct recorder *recorder = slot;
	char buffer[32];
	int errors[4];

	(void)self;
	errors[0] = recorder->error;
	errors[1] = call_end_all(recorder, describe_end(code, error_text, buffer, sizeof(buffer)));
	errors[2] = PLANTED(LAST_BATCH_KEPT) ? 0 : hand_over_or_lose(recorder, deadline);
	errors[3] = finish_user(recorder, code, error_text, deadline);
	call_origin_fini(&recorder->calls.origin);
	for (int i = 0; i < 4; i++)
		if (errors[i] < 0)
			return errors[i];
	return 0;
}

/* ---- descendants ------------------------------------------------------------------------------- */

static int inherit_user(const struct recorder *recorder, void **ret_token)
{
	const struct bothy_server_ops *ops = &recorder->server->ops;

	return ops->inherit == NULL ? 0
	                            : server_said(ops->inherit(recorder->server->self,
	                                                       recorder->user_slot, ret_token));
}

int recorder_inherit(void *self, void *slot, void **ret_token)
{
	struct recorder *recorder = slot;
	struct token *token = calloc(1, sizeof(*token));
	int error;

	(void)self;
	if (token == NULL)
		return -ENOMEM;
	error = call_origin_take(recorder, &token->origin);
	if (error < 0)
		goto fail_origin;
	error = inherit_user(recorder, &token->user_token);
	if (error < 0)
		goto fail_user;
	*ret_token = token;
	return 0;

fail_user:
	call_origin_fini(&token->origin);
fail_origin:
	free(token);
	return error;
}

void recorder_inherit_free(void *self, void *given)
{
	const struct trace_server *server = self;
	struct token *token = given;

	if (server->ops.inherit_free != NULL && token->user_token != NULL)
		server->ops.inherit_free(server->self, token->user_token);
	call_origin_fini(&token->origin);
	free(token);
}

/* ---- the current one ------------------------------------------------------------------------------ */

int recorder_current(struct recorder **ret_recorder)
{
	bothy_context *context = context_current();
	struct trace_server *server;
	int error;

	if (context == NULL)
		return -ENOENT;
	error = trace_server_of(context->client->server, &server);
	if (error < 0)
		return error;
	/* Before begin and after finish there is none. */
	if (context->stage != CONTEXT_ACTIVE && context->stage != CONTEXT_UNWINDING)
		return -ENOENT;
	*ret_recorder = context->slot;
	return 0;
}

static int take_loss(const struct trace_server *server, const bothy_client *client)
{
	char *text;
	int error = writer_take_loss(server->writer, client->entity, client->project, &text);

	if (error < 0)
		(void)trace_fail(error, "%s%s%s of %s/%s could not be stored: %s",
		                 server->name != NULL ? server->name : "",
		                 server->name != NULL ? ": " : "",
		                 text != NULL ? text : "something", client->entity, client->project,
		                 strerror(-error));
	free(text);
	return error;
}

/* Whether two clients are for the same project on the same server, be they one or not. */
static bool are_alike(const bothy_client *a, const bothy_client *b)
{
	return a->server == b->server && strcmp(a->entity, b->entity) == 0 &&
	       strcmp(a->project, b->project) == 0;
}

int recorder_flush(bothy_client *client, bothy_time deadline)
{
	struct recorder *recorder;
	struct trace_server *server;
	int error = trace_server_of(client->server, &server), handed = 0;

	if (error < 0)
		return error;
	if (recorder_current(&recorder) == 0 && are_alike(recorder->client, client))
		handed = hand_over(recorder, deadline);
	if (handed == -ETIMEDOUT)
		return trace_fail(handed, "there was no room in the server's queue in time");
	error = writer_wait(server->writer, deadline);
	if (error < 0)
		return trace_fail(error, "what was handed over is not all stored yet: %s",
		                  strerror(-error));
	error = PLANTED(FLUSH_ERROR_LOST) ? 0 : take_loss(server, client);
	return error < 0 ? error : handed;
}

int recorder_settle(struct recorder *recorder)
{
	bothy_time deadline = context_current()->deadline;
	int error = hand_over(recorder, deadline);

	if (error == 0)
		error = writer_wait(recorder->server->writer, deadline);
	return error < 0 ? trace_fail(error, "what was recorded before is not stored yet: %s",
	                              strerror(-error))
	                 : 0;
}
