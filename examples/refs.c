/*
 * Refs: one object, shared by two tenants, is known to each by a name of its own.
 */
#include <bothy/bothy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct dataset {
	struct bothy_object object; /* what refs are put on */
	const char *words;
};

static int print_ref(const char *when, struct dataset *data)
{
	char uri[128];
	bothy_ref *ref;
	int error = bothy_object_get_ref(&data->object, &ref);

	if (error < 0 && error != -ENOENT)
		return error;
	printf("%s/%s %s: ", bothy_client_entity(bothy_client_current()),
	       bothy_client_project(bothy_client_current()), when);
	if (error == 0) {
		bothy_ref_format(ref, uri, sizeof(uri));
		bothy_ref_release(ref);
	}
	puts(error == 0 ? uri : "no ref");
	return 0;
}

/* The job: name the data set in this project. */
static int publish(void *arg, void **ret_result)
{
	struct dataset *data = arg;
	const bothy_client *client = bothy_client_current();
	bothy_ref *ref;
	int error = print_ref("before", data);

	(void)ret_result;
	if (error == 0)
		error = bothy_ref_new_object(bothy_client_entity(client),
		                             bothy_client_project(client), "words", "v1", &ref);
	if (error < 0)
		return error;
	error = bothy_object_set_ref(&data->object, ref); /* takes a hold of its own */
	bothy_ref_release(ref);
	return error < 0 ? error : print_ref("after", data);
}

static int run_for(bothy_pool *pool, const char *entity, struct dataset *data)
{
	int error = bothy_run(
		pool, &BOTHY_JOB(.entity = entity, .project = "p", .fn = publish, .arg = data),
		BOTHY_FOREVER, NULL);

	if (error != 0)
		fprintf(stderr, "%s: %s\n", entity, strerror(error < 0 ? -error : error));
	return error;
}

int main(void)
{
	struct dataset data = {.words = "meow woof"}; /* zero is a valid object */
	bothy_pool *pool;
	int error;

	if (bothy_pool_new(NULL, NULL, &pool) < 0)
		return 1;
	error = run_for(pool, "ann", &data);
	if (error == 0)
		error = run_for(pool, "bob", &data); /* does not see ann's ref */
	if (error == 0)
		error = run_for(pool, "bob", &data); /* sees what its own project put there last */
	bothy_pool_free(pool);
	bothy_object_fini(&data.object); /* before its memory goes */
	return error != 0;
}
