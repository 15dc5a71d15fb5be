#include "tls/server.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/atomic.h"
#include "sync/fork.h"

int server_new(const struct bothy_server_ops *ops, void *self, bothy_server **ret_server)
{
	bothy_server *server = calloc(1, sizeof(*server));

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
		(void)atom_add(&server->holds, 1, relaxed); /* the caller has one already */
	return server;
}

void server_release(bothy_server *server)
{
	/* Release and acquire: every use comes before the end. */
	if (server == NULL || atom_sub(&server->holds, 1, acq_rel) > 1)
		return;
	/* In a forked child the server is dead: its self is the parent's. */
	if (server_check(server) == 0 && server->ops.destroy != NULL)
		server->ops.destroy(server->self);
	free(server);
}

int server_check(const bothy_server *server)
{
	return server == NULL || server->generation == fork_generation() ? 0 : -ECHILD;
}
