#include "tls/capture.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/testing.h"
#include "tls/client.h"
#include "tls/context.h"
#include "tls/server.h"

/* Whether CONTEXT's slot is there: begun, and not yet handed to finish. */
static bool has_slot(const bothy_context *context)
{
	return context->stage == CONTEXT_ACTIVE || context->stage == CONTEXT_UNWINDING;
}

static int inherit(bothy_context *context, void **ret_token)
{
	enum context_stage stage = context->stage;
	bothy_server *server = context->client->server;
	int error = server_check(server);

	if (error < 0 || server == NULL || server->ops.inherit == NULL || !has_slot(context))
		return error;
	context->stage = CONTEXT_INHERITING; /* so it can't be left meanwhile */
	error = server->ops.inherit(server->self, context->slot, ret_token);
	(void)context_unwind(context);
	context->stage = stage;
	return server_said(error);
}

int capture_new(bothy_context *context, bothy_capture **ret_capture)
{
	bothy_capture *capture = calloc(1, sizeof(*capture));
	int error;

	if (capture == NULL)
		return -ENOMEM;
	capture->client = client_hold(context->client);
	capture->fallback = context->fallback;
	error = snapshot_take(&context->refs, &capture->refs);
	if (error < 0)
		goto fail_snapshot;
	error = inherit(context, &capture->token);
	if (error < 0)
		goto fail_inherit;
	*ret_capture = capture;
	return 0;

fail_inherit:
	snapshot_release(capture->refs);
fail_snapshot:
	client_release(capture->client);
	free(capture);
	return error;
}

/* The context in which it happened to go is none of the token's business. */
static void free_token(const bothy_server *server, void *token)
{
	bothy_context *suspended;

	if (token == NULL || server->ops.inherit_free == NULL || server_check(server) < 0 ||
	    PLANTED(TOKEN_LEAKED))
		return;
	suspended = context_suspend();
	server->ops.inherit_free(server->self, token);
	context_resume(suspended);
}

void capture_free(bothy_capture *capture)
{
	if (capture == NULL)
		return;
	free_token(capture->client->server, capture->token);
	snapshot_release(capture->refs);
	client_release(capture->client);
	free(capture);
}
