/*
 * Clients.
 *
 * Locking: the list of clients that were ever global is guarded by a process-wide lock.
 * `global` is read without it, since a client that was global once is kept for ever.
 */
#include "tls/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sync/atomic.h"
#include "sync/fork.h"
#include "tls/server.h"

int client_new(bothy_server *server, const char *entity, const char *project,
               bothy_client **ret_client)
{
	size_t entity_bytes = strlen(entity) + 1;
	size_t project_bytes = strlen(project) + 1;
	bothy_client *client = malloc(sizeof(*client) + entity_bytes + project_bytes);
	char *names;

	if (client == NULL)
		return -ENOMEM;
	names = (char *)(client + 1);
	memcpy(names, entity, entity_bytes);
	memcpy(names + entity_bytes, project, project_bytes);
	atomic_init(&client->holds, 1);
	client->server = server_hold(server);
	client->kept = false;
	client->entity = names;
	client->project = names + entity_bytes;
	*ret_client = client;
	return 0;
}

bothy_client *client_hold(bothy_client *client)
{
	(void)atom_add(&client->holds, 1, relaxed); /* the caller has one already */
	return client;
}

void client_release(bothy_client *client)
{
	/* Release and acquire: every use comes before the end. */
	if (client == NULL || atom_sub(&client->holds, 1, acq_rel) > 1)
		return;
	server_release(client->server);
	free(client);
}

/* ---- the global client ------------------------------------------------------------------ */

static struct lock lock = LOCK_INITIALIZER;
static bothy_client *kept; /* all that were ever global, each held */
static _Atomic(bothy_client *) global;

__attribute__((constructor)) static void client_init(void)
{
	fork_protect(FORK_RANK_CLIENT, &lock, 1);
}

static void keep_locked(bothy_client *client)
{
	if (client->kept)
		return;
	client->kept = true;
	client->next_kept = kept;
	kept = client_hold(client);
}

int client_set_global(bothy_client *client)
{
	lock_acquire(&lock);
	if (client != NULL)
		keep_locked(client);
	/* Release: pairs with the acquire in client_global(). */
	atom_store(&global, client, release);
	lock_release(&lock);
	return 0;
}

bothy_client *client_global(void)
{
	return atom_load(&global, acquire);
}
