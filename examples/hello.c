/*
 * Two tenants' jobs on one pool: each sees its own client, always.
 */
#include <bothy/bothy.h>
#include <stdio.h>

static int greet(void *arg, void **ret_result)
{
	const bothy_client *client = bothy_client_current(); /* this job's own */

	(void)ret_result;
	printf("%s, for %s/%s\n", (const char *)arg, bothy_client_entity(client),
	       bothy_client_project(client));
	return 0;
}

static int run_for(bothy_pool *pool, const char *entity, const char *project)
{
	const struct bothy_job job =
		BOTHY_JOB(.entity = entity, .project = project, .fn = greet, .arg = "hello");

	return bothy_run(pool, &job, bothy_after_ms(10000), NULL);
}

int main(void)
{
	bothy_pool *pool;
	int error;

	if (bothy_pool_new(NULL, NULL, &pool) < 0)
		return 1;
	error = run_for(pool, "ann", "cats");
	if (error == 0)
		error = run_for(pool, "bob", "dogs");
	bothy_pool_free(pool);
	return error != 0;
}
