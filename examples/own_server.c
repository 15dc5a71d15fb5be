/*
 * A server of your own, which hears of every context: here it prints what it is told.
 */
#include <bothy/bothy.h>
#include <errno.h>
#include <stdio.h>

static int ensure_project(void *self, const char *entity, const char *project)
{
	printf("%s: make sure of %s/%s\n", (const char *)self, entity, project);
	return 0;
}

/* What *ret_slot is set to comes back with finish: here the client is all it takes. */
/* (context->token is what the slot of a job that spawned this one would hand on.) */
static int begin(void *self, const struct bothy_begin *context, void **ret_slot)
{
	bothy_client *client = context->client;

	printf("%s: %s/%s begins\n", (const char *)self, bothy_client_entity(client),
	       bothy_client_project(client));
	*ret_slot = client;
	return 0; /* an error would be the job's outcome, and it would not run */
}

static int finish(void *self, void *slot, int code, const char *text, bothy_time deadline)
{
	const bothy_client *client = slot;

	(void)deadline; /* how long it may block */
	printf("%s: %s/%s ends with %d%s%s\n", (const char *)self, bothy_client_entity(client),
	       bothy_client_project(client), code, text != NULL ? ": " : "",
	       text != NULL ? text : "");
	return 0; /* an error would be counted, and not change the job's outcome */
}

static void destroy(void *self)
{
	printf("%s: nobody needs me any more\n", (const char *)self);
}

static int feed(void *arg, void **ret_result)
{
	(void)ret_result;
	if (arg == NULL)
		return bothy_fail(ENOENT, "the bowl is empty");
	printf("   the job: %s for %s\n", (const char *)arg,
	       bothy_client_project(bothy_client_current()));
	return 0;
}

int main(void)
{
	static char name[] = "server";
	const struct bothy_server_ops ops = {
		.size = sizeof(ops),
		.ensure_project = ensure_project,
		.begin = begin,
		.finish = finish,
		.destroy = destroy,
	};
	bothy_server *server;
	bothy_pool *pool;
	int fed, empty, error;

	if (bothy_server_new(&ops, name, &server) < 0)
		return 1;
	error = bothy_pool_new(server, NULL, &pool); /* which holds it */
	bothy_server_release(server);
	if (error < 0)
		return 1;
	fed = bothy_run(pool,
	                &BOTHY_JOB(.entity = "ann", .project = "cats", .fn = feed, .arg = "fish",
	                           .flags = BOTHY_ENSURE_PROJECT),
	                BOTHY_FOREVER, NULL);
	empty = bothy_run(pool, &BOTHY_JOB(.entity = "bob", .project = "dogs", .fn = feed),
	                  BOTHY_FOREVER, NULL);
	bothy_pool_free(pool);
	return fed != 0 || empty != ENOENT;
}
