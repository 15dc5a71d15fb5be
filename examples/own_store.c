/*
 * A store of your own: what jobs record becomes JSON lines, and objects can be read back.
 *
 * Writes come one at a time, on the server's own writer thread; reads on any threads, also beside
 * a write.  So what both use has a lock, and what only writes use has none.
 */
#include <bothy/bothy.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One version of an object.  It is never changed, and lives as long as the store. */
struct version {
	struct version *older;
	char *key; /* ENTITY/PROJECT/NAME: nobody gets at another project's */
	struct bothy_object_version object;
};

struct store {
	FILE *lines; /* the writer's alone */
	pthread_mutex_t lock;
	struct version *newest; /* guarded by lock */
};

/* ---- the lines ----------------------------------------------------------------------------- */

static void put_string(FILE *lines, const char *text)
{
	putc('"', lines);
	for (; *text != '\0'; text++)
		if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
			fprintf(lines, "\\u%04x", (unsigned)*text);
		else
			putc(*text, lines);
	putc('"', lines);
}

/* ,"KEY":"TEXT", or nothing for NULL. */
static void put(FILE *lines, const char *key, const char *text)
{
	if (text == NULL)
		return;
	fprintf(lines, ",\"%s\":", key);
	put_string(lines, text);
}

/* The same for what is JSON already. */
static void put_json(FILE *lines, const char *key, const char *json)
{
	if (json != NULL)
		fprintf(lines, ",\"%s\":%s", key, json);
}

static void put_head(FILE *lines, const char *kind, const char *entity, const char *project)
{
	fprintf(lines, "{\"kind\":\"%s\"", kind);
	put(lines, "entity", entity);
	put(lines, "project", project);
}

/* ---- objects ------------------------------------------------------------------------------- */

static char *make_key(const char *entity, const char *project, const char *name)
{
	size_t bytes = strlen(entity) + strlen(project) + strlen(name) + 3;
	char *key = malloc(bytes);

	if (key != NULL)
		snprintf(key, bytes, "%s/%s/%s", entity, project, name);
	return key;
}

/* Whether AT is VERSION, a digest, "latest", or "vN", of what is asked for, newest first. */
static bool is_version(const struct version *at, const char *version)
{
	char number[24];

	snprintf(number, sizeof(number), "v%llu", (unsigned long long)at->object.version);
	return strcmp(version, "latest") == 0 || strcmp(version, number) == 0 ||
	       strcmp(version, at->object.digest) == 0;
}

static const struct version *find(struct store *store, const char *key, const char *version)
{
	const struct version *at;

	pthread_mutex_lock(&store->lock);
	at = store->newest;
	while (at != NULL && (strcmp(at->key, key) != 0 || !is_version(at, version)))
		at = at->older;
	pthread_mutex_unlock(&store->lock);
	return at;
}

static void version_free(struct version *version)
{
	free(version->key);
	free((char *)version->object.name);
	free((char *)version->object.digest);
	free((char *)version->object.json);
	free(version);
}

/* What a write is handed is gone when it returns: copy it.  KEY is taken. */
static struct version *version_new(char *key, const struct bothy_object_version *object)
{
	struct version *version = calloc(1, sizeof(*version));

	if (version == NULL) {
		free(key);
		return NULL;
	}
	version->key = key;
	version->object = *object;
	version->object.name = strdup(object->name);
	version->object.digest = strdup(object->digest);
	version->object.json = strdup(object->json);
	if (version->object.name != NULL && version->object.digest != NULL &&
	    version->object.json != NULL)
		return version;
	version_free(version);
	return NULL;
}

/* Store what has not been stored; KEY is taken. */
static int add_version(struct store *store, char *key, const struct bothy_object_version *object)
{
	const struct version *latest = find(store, key, "latest");
	struct version *version = version_new(key, object);

	if (version == NULL)
		return -ENOMEM; /* this item is lost, and its project's next flush says so */
	version->object.version = latest != NULL ? latest->object.version + 1 : 0;
	pthread_mutex_lock(&store->lock);
	version->older = store->newest;
	store->newest = version;
	pthread_mutex_unlock(&store->lock);
	return 0;
}

static int obj_create(void *self, const char *entity, const char *project,
                      const struct bothy_object_version *object)
{
	struct store *store = self;
	char *key = make_key(entity, project, object->name);
	int error;

	if (key == NULL)
		return -ENOMEM;
	if (find(store, key, object->digest) != NULL) { /* the same content: nothing changes */
		free(key);
		return 0;
	}
	error = add_version(store, key, object);
	if (error < 0)
		return error;
	put_head(store->lines, "object", entity, project);
	put(store->lines, "name", object->name);
	put_json(store->lines, "value", object->json);
	fputs("}\n", store->lines);
	return 0;
}

static int obj_read(void *self, const char *entity, const char *project, const char *name,
                    const char *version, bothy_object_each *each, void *user)
{
	struct bothy_object_version told;
	const struct version *found;
	char *key = make_key(entity, project, name);

	if (key == NULL)
		return -ENOMEM;
	found = find(self, key, version);
	if (found != NULL) {
		told = found->object;
		told.latest = found == find(self, key, "latest");
	}
	free(key);
	return found != NULL ? each(user, &told) : -ENOENT; /* no lock is held: it may ask more */
}

/* ---- calls --------------------------------------------------------------------------------- */

/* A start and an end together, or one of them. */
static int put_call(FILE *lines, const struct bothy_call_part *part)
{
	if (part->start != NULL && strcmp(part->start->op, "secret") == 0)
		return -EPERM;
	put_head(lines, "call", part->entity, part->project);
	if (part->start != NULL) {
		put(lines, "op", part->start->op);
		put_json(lines, "inputs", part->start->inputs_json);
	}
	if (part->end != NULL) {
		put_json(lines, "output", part->end->output_json);
		put(lines, "exception", part->end->exception);
	}
	fputs("}\n", lines);
	return 0;
}

static void calls_upsert(void *self, const struct bothy_call_part *parts, size_t n, int *ret_errors)
{
	const struct store *store = self;

	for (size_t i = 0; i < n; i++) /* one that fails does not take its neighbours along */
		ret_errors[i] = put_call(store->lines, &parts[i]);
}

/* ---- the rest ------------------------------------------------------------------------------ */

/* Only now must it be durable; in a file of yours, with fsync(2). */
static int flush(void *self)
{
	const struct store *store = self;

	return fflush(store->lines) == 0 ? 0 : -EIO;
}

/* All that was handed over is written, and nobody can ask any more. */
static void destroy(void *self)
{
	struct store *store = self;

	while (store->newest != NULL) {
		struct version *version = store->newest;

		store->newest = version->older;
		version_free(version);
	}
	pthread_mutex_destroy(&store->lock);
}

static const struct bothy_server_ops ops = {
	.size = sizeof(ops), /* what is not here (tables, files, queries) is -ENOTSUP */
	.obj_create = obj_create,
	.obj_read = obj_read,
	.calls_upsert = calls_upsert,
	.flush = flush,
	.destroy = destroy,
};

/* ---- a job that records there -------------------------------------------------------------- */

/* What this job has published, it can read. */
static int read_back(const bothy_ref *ref)
{
	bothy_value *value;
	int error = bothy_fetch(ref, &value);

	if (error < 0)
		return error;
	error = bothy_call_set_output(bothy_call_current(), bothy_value_json(value, NULL));
	bothy_value_release(value);
	return error;
}

static int count_paws(void *arg, void **ret_result)
{
	static const char cat[] = "{\"paws\": 4}";
	bothy_call *secret;
	bothy_ref *ref;
	int error = bothy_publish(NULL, "cat", cat, strlen(cat), &ref);

	(void)arg, (void)ret_result;
	if (error < 0)
		return error;
	error = read_back(ref);
	bothy_ref_release(ref);
	if (error == 0)
		error = bothy_call_begin("secret", NULL, &secret);
	return error == 0 ? bothy_call_end(secret, NULL, NULL) : error;
}

static int run_job(bothy_server *server)
{
	bothy_pool *pool;
	int error = bothy_pool_new(server, NULL, &pool);

	if (error < 0)
		return error;
	error = bothy_run(pool,
	                  &BOTHY_JOB(.entity = "ann", .project = "cats", .fn = count_paws,
	                             .name = "count_paws", .flags = BOTHY_TRACE),
	                  bothy_after_ms(10000), NULL);
	bothy_pool_free(pool);
	return error;
}

/* The secret call was refused: the job did not suffer from it, but the flush tells. */
static int flush_project(bothy_server *server)
{
	bothy_client *client;
	int error = bothy_client_new(server, "ann", "cats", &client);

	if (error < 0)
		return error;
	error = bothy_client_flush(client, bothy_after_ms(10000));
	printf("flush: %s\n", error == 0 ? "all is stored" : bothy_trace_error());
	bothy_client_release(client);
	return error == -EPERM ? 0 : -EPROTO;
}

int main(void)
{
	struct store store = {.lines = stdout, .lock = PTHREAD_MUTEX_INITIALIZER};
	bothy_server *server;
	int error = bothy_server_new(&ops, &store, &server);

	if (error < 0)
		return 1;
	error = run_job(server);
	if (error == 0)
		error = flush_project(server);
	bothy_server_release(server);
	return error != 0;
}
