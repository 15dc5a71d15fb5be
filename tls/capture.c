#include "tls/capture.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/atomic.h"
#include "tls/client.h"
#include "tls/context.h"
#include "tls/server.h"

/* The server that can make a token of CONTEXT, or NULL. */
static bothy_server *server_of(const bothy_client *client)
{
	return server_check(client->server) == 0 ? client->server : NULL;
}

static int inherit(bothy_context *context, bothy_capture *capture)
{
	bothy_server *server = server_of(context->client);
	int error;

	if (server == NULL || server->ops.inherit == NULL || context->stage == CONTEXT_STARTING)
		return 0;
	error = server->ops.inherit(server->self, context->slot, &capture->token);
	return error > 0 ? -EPROTO : error;
}

int capture_new(bothy_context *context, bothy_capture **ret_capture)
{
	bothy_capture *capture = calloc(1, sizeof(*capture));
	int error;

	if (capture == NULL)
		return -ENOMEM;
	atomic_init(&capture->holds, 1);
	capture->client = client_hold(context->client);
	capture->fallback = context->fallback;
	error = snapshot_take(&context->refs, &capture->refs);
	if (error == 0)
		error = inherit(context, capture);
	if (error < 0) {
		capture->token = NULL;
		capture_release(capture);
		return error;
	}
	*ret_capture = capture;
	return 0;
}

bothy_capture *capture_hold(bothy_capture *capture)
{
	(void)atom_add(&capture->holds, 1, relaxed); /* the caller has one already */
	return capture;
}

void capture_release(bothy_capture *capture)
{
	bothy_server *server;

	/* Release and acquire: every use comes before the end. */
	if (capture == NULL || atom_sub(&capture->holds, 1, acq_rel) > 1)
		return;
	server = server_of(capture->client);
	if (server != NULL && capture->token != NULL && server->ops.inherit_free != NULL)
		server->ops.inherit_free(server->self, capture->token);
	snapshot_release(capture->refs);
	client_release(capture->client);
	free(capture);
}
