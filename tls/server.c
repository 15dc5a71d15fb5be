#include "tls/server.h"

#include <stdlib.h>

#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/holds.h"
#include "sync/testing.h"
#include "tls/context.h"

int server_new(const struct bothy_server_ops *ops, void *self, bothy_server **ret_server)
{
	bothy_server *server = malloc(sizeof(*server));

	if (server == NULL)
		return -ENOMEM;
	atomic_init(&server->holds, 1);
	server->generation = fork_generation();
	server->ops = *ops;
	server->self = self;
	*ret_server = server;
	return 0;
}

bothy_server *server_hold(bothy_server *server)
{
	if (server != NULL)
		/* Relaxed: whoever adds a hold has one. */
		(void)atom_add(&server->holds, 1, relaxed);
	return server;
}

/* The context in which the last hold happened to go is none of the server's business. */
static void destroy(const bothy_server *server)
{
	bothy_context *suspended = context_suspend();

	server->ops.destroy(server->self);
	context_resume(suspended);
}

void server_release(bothy_server *server)
{
	if (server == NULL || !holds_drop_or_tear(&server->holds, PLANTED(SERVER_NOT_ATOMIC)))
		return;
	if (server->ops.destroy != NULL && server_check(server) == 0)
		destroy(server);
	free(server);
}

int server_check(const bothy_server *server)
{
	return server == NULL || server->generation == fork_generation() ? 0 : -ECHILD;
}
