#include <bothy/server.h>

#include <errno.h>

#include "api/check.h"
#include "tls/server.h"

int bothy_server_new(const struct bothy_server_ops *ops, void *self, bothy_server **ret_server)
{
	struct bothy_server_ops complete;
	int error;

	if (ops == NULL || ret_server == NULL)
		return -EINVAL;
	error = CHECK_COPY(&complete, ops);
	return error < 0 ? error : server_new(&complete, self, ret_server);
}

void bothy_server_release(bothy_server *server)
{
	server_release(server);
}
