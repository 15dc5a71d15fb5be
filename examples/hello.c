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

int main(void)
{
	bothy_pool *pool;
	int error = bothy_pool_new(NULL, NULL, &pool);

	if (error < 0)
		return 1;
	error = bothy_run(pool,
	                  &BOTHY_JOB(.entity = "ann", .project = "cats", .fn = greet, .arg = "hello"),
	                  bothy_after_ms(10000), NULL);
	if (error == 0)
		error = bothy_run(pool,
		                  &BOTHY_JOB(.entity = "bob", .project = "dogs", .fn = greet,
		                             .arg = "hello"),
		                  bothy_after_ms(10000), NULL);
	bothy_pool_free(pool);
	return error != 0;
}
