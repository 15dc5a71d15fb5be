/*
 * A client: whose work it is (entity, project) and where it is recorded (server or NULL).
 */
#ifndef TLS_CLIENT_H
#define TLS_CLIENT_H

#include <bothy/context.h>

struct bothy_client {
	_Atomic unsigned holds;
	bothy_server *server;         /* held; may be NULL */
	const char *entity, *project; /* in the same block, in a row */
	size_t tenant_bytes;          /* of both, NULs included */
	/* Once global, it is kept: guarded by the lock in client.c. */
	bool kept;
	bothy_client *next_kept;
};

/* The names are checked (ref_is_tenant_name).  0 or -ENOMEM. */
int client_new(bothy_server *server, const char *entity, const char *project,
               bothy_client **ret_client);
bothy_client *client_hold(bothy_client *client);
void client_release(bothy_client *client);

/* The one for code outside any context.  It is kept until the process ends; that needs no
 * memory, so it is always 0.  NULL: none. */
int client_set_global(bothy_client *client);
bothy_client *client_global(void);

#endif
