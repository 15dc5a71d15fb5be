/*
 * Locking
 *   `lock` guards the list of the clients that have been global, and their kept and
 *   next_kept.  It is a leaf.
 *
 * The global client is read without a lock: whoever has read it may use it for ever, since
 * each one that was ever global is held until the process ends.
 */
#include "tls/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/holds.h"
#include "sync/testing.h"
#include "tls/server.h"

static struct lock lock = LOCK_INITIALIZER;
static bothy_client *kept; /* guarded by lock */
static _Atomic(bothy_client *) global;

__attribute__((constructor)) static void lock_protect(void)
{
	fork_protect(FORK_RANK_CLIENT, &lock, 1);
}

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
	client->entity = names;
	client->project = names + entity_bytes;
	client->tenant_bytes = entity_bytes + project_bytes;
	client->kept = false;
	client->next_kept = NULL;
	*ret_client = client;
	return 0;
}

bothy_client *client_hold(bothy_client *client)
{
	/* Relaxed: whoever adds a hold has one. */
	(void)atom_add(&client->holds, 1, relaxed);
	return client;
}

void client_release(bothy_client *client)
{
	if (client == NULL || !holds_drop(&client->holds))
		return;
	if (!PLANTED(CLIENT_LEAKED))
		server_release(client->server);
	TESTING_COUNT(clients_freed);
	free(client);
}

/* ---- the global client ---------------------------------------------------------------- */

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
	bothy_client *former = PLANTED(GLOBAL_RELEASED) ? client_global() : NULL;

	lock_acquire(&lock);
	if (client != NULL)
		keep_locked(client);
	/* Release: pairs with the acquire in client_global(). */
	atom_store(&global, client, release);
	lock_release(&lock);
	client_release(former);
	return 0;
}

bothy_client *client_global(void)
{
	/* Acquire: pairs with the release in client_set_global(). */
	return atom_load(&global, acquire);
}
