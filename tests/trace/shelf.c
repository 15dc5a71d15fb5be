#include "tests/trace/shelf.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 512 };

/* ---- entries ---------------------------------------------------------------------------------- */

static struct shelf_entry *find(struct shelf *shelf, enum shelf_kind kind, const char *tenant,
                                const char *name, const char *digest)
{
	struct shelf_entry *entry = shelf->newest;

	while (entry != NULL && (entry->kind != kind || strcmp(entry->tenant, tenant) != 0 ||
	                         (name != NULL && strcmp(entry->name, name) != 0) ||
	                         (digest != NULL && strcmp(entry->digest, digest) != 0)))
		entry = entry->next;
	return entry;
}

static struct shelf_entry *entry_new(const char *tenant, const char *name, const char *digest,
                                     size_t bytes)
{
	size_t names = strlen(tenant) + strlen(name) + strlen(digest) + 3;
	struct shelf_entry *entry = malloc(sizeof(*entry) + names + bytes + 1);
	char *at;

	if (entry == NULL)
		return NULL;
	at = (char *)(entry + 1);
	entry->tenant = strcpy(at, tenant);
	at += strlen(at) + 1;
	entry->name = strcpy(at, name);
	at += strlen(at) + 1;
	entry->digest = strcpy(at, digest);
	entry->content = at + strlen(at) + 1;
	entry->bytes = bytes;
	return entry;
}

static int put(struct shelf *shelf, enum shelf_kind kind, const char *tenant, const char *name,
               const char *digest, const void *content, size_t bytes, uint64_t number)
{
	struct shelf_entry *entry = entry_new(tenant, name, digest, bytes);

	if (entry == NULL)
		return -ENOMEM;
	if (bytes > 0)
		memcpy(entry->content, content, bytes);
	entry->content[bytes] = '\0';
	entry->kind = kind;
	entry->number = number;
	pthread_rwlock_wrlock(&shelf->lock);
	entry->next = shelf->newest;
	shelf->newest = entry;
	pthread_rwlock_unlock(&shelf->lock);
	return 0;
}

void shelf_put(struct shelf *shelf, enum shelf_kind kind, const char *name, const char *digest,
               const char *content)
{
	ck_assert_int_eq(put(shelf, kind, "ann/p", name, digest, content, strlen(content), 0), 0);
}

/* ---- operations --------------------------------------------------------------------------------- */

/* An operation begins: the tenant, as entries have it; or the code that it is to return. */
static int begin(struct shelf *shelf, enum shelf_op op, const char *entity, const char *project,
                 char ret_tenant[NAME_BYTES])
{
	atomic_fetch_add(&shelf->asked[op], 1);
	snprintf(ret_tenant, NAME_BYTES, "%s/%s", entity, project);
	return atomic_load(&shelf->codes[op]);
}

static int obj_create(void *self, const char *entity, const char *project,
                      const struct bothy_object_version *object)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];
	int code = begin(shelf, OBJ_CREATE, entity, project, tenant);
	const struct shelf_entry *latest;

	if (code != 0)
		return code;
	if (find(shelf, SHELF_OBJECT, tenant, object->name, object->digest) != NULL)
		return 0;
	latest = find(shelf, SHELF_OBJECT, tenant, object->name, NULL);
	return put(shelf, SHELF_OBJECT, tenant, object->name, object->digest, object->json,
	           object->bytes, latest != NULL ? latest->number + 1 : 0);
}

static int table_create(void *self, const char *entity, const char *project, const char *digest,
                        const struct bothy_table_row *rows, size_t n)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];
	int code = begin(shelf, TABLE_CREATE, entity, project, tenant);

	if (code != 0 || find(shelf, SHELF_TABLE, tenant, "", digest) != NULL)
		return code;
	/* The newest is found first, so a query goes through the rows in order. */
	for (size_t i = n; i > 0 && code == 0; i--)
		code = put(shelf, SHELF_ROW, tenant, digest, rows[i - 1].digest, rows[i - 1].json,
		           rows[i - 1].bytes, rows[i - 1].index);
	return code < 0 ? code : put(shelf, SHELF_TABLE, tenant, "", digest, "", 0, 0);
}

static int file_create(void *self, const char *entity, const char *project, const char *digest,
                       const void *content, size_t bytes)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];
	int code = begin(shelf, FILE_CREATE, entity, project, tenant);

	if (code != 0 || find(shelf, SHELF_FILE, tenant, "", digest) != NULL)
		return code;
	return put(shelf, SHELF_FILE, tenant, "", digest, content, bytes, 0);
}

/* Of a call the op alone is kept, from its start. */
static void calls_upsert(void *self, const struct bothy_call_part *parts, size_t n, int *ret_errors)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];

	for (size_t i = 0; i < n; i++) {
		const struct bothy_call_start *start = parts[i].start;

		ret_errors[i] =
			begin(shelf, CALLS_UPSERT, parts[i].entity, parts[i].project, tenant);
		if (ret_errors[i] == 0 && start != NULL)
			ret_errors[i] = put(shelf, SHELF_CALL, tenant, "", start->id, start->op,
			                    strlen(start->op), 0);
	}
}

static int flush(void *self)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];

	if (atomic_load(&shelf->stops))
		gate_wait(&shelf->gate);
	return begin(shelf, FLUSH, "", "", tenant);
}

static void failed(void *self, const struct bothy_failure *failure)
{
	struct shelf *shelf = self;

	atomic_store(&shelf->failed_error, failure->error);
}

/* ---- reads ---------------------------------------------------------------------------------------- */

/* Call EACH as often as the shelf does. */
#define TELL(shelf, code, each, ...)                  \
	do {                                          \
		if (atomic_load(&(shelf)->mute))      \
			break;                        \
		(code) = (each)(__VA_ARGS__);         \
		if (atomic_load(&(shelf)->twice))     \
			(code) = (each)(__VA_ARGS__); \
		if (atomic_load(&(shelf)->deaf))      \
			(code) = 0;                   \
	} while (0)

static struct shelf_entry *find_version(struct shelf *shelf, const char *tenant, const char *name,
                                        const char *version)
{
	if (strcmp(version, "latest") == 0)
		version = NULL;
	return find(shelf, SHELF_OBJECT, tenant, name, version);
}

static int tell_object(struct shelf *shelf, const struct shelf_entry *entry,
                       bothy_object_each *each, void *user)
{
	const struct bothy_object_version version = {
		.name = entry->name,
		.digest = entry->digest,
		.json = entry->content,
		.bytes = entry->bytes,
		.version = entry->number,
	};
	int code = 0;

	TELL(shelf, code, each, user, &version);
	return code;
}

static int obj_read(void *self, const char *entity, const char *project, const char *name,
                    const char *version, bothy_object_each *each, void *user)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];
	int code = begin(shelf, OBJ_READ, entity, project, tenant);
	const struct shelf_entry *entry;

	if (code != 0)
		return code;
	pthread_rwlock_rdlock(&shelf->lock);
	entry = find_version(shelf, tenant, name, version);
	code = entry != NULL ? tell_object(shelf, entry, each, user) : -ENOENT;
	pthread_rwlock_unlock(&shelf->lock);
	return code;
}

static int objs_query(void *self, const char *entity, const char *project,
                      const struct bothy_objects_query *query, bothy_object_each *each, void *user)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];
	int code = begin(shelf, OBJS_QUERY, entity, project, tenant);

	pthread_rwlock_rdlock(&shelf->lock);
	for (struct shelf_entry *entry = shelf->newest; entry != NULL && code == 0;
	     entry = entry->next)
		if (entry->kind == SHELF_OBJECT && strcmp(entry->tenant, tenant) == 0 &&
		    (query->name == NULL || strcmp(entry->name, query->name) == 0))
			code = tell_object(shelf, entry, each, user);
	pthread_rwlock_unlock(&shelf->lock);
	return code;
}

static bool is_asked(const struct shelf_entry *entry, const char *tenant,
                     const struct bothy_table_query *query)
{
	return entry->kind == SHELF_ROW && strcmp(entry->tenant, tenant) == 0 &&
	       strcmp(entry->name, query->digest) == 0 &&
	       (query->row_digest == NULL || strcmp(query->row_digest, entry->digest) == 0);
}

static int tell_row(struct shelf *shelf, const struct shelf_entry *entry, bothy_row_each *each,
                    void *user)
{
	const struct bothy_table_row row = {entry->number, entry->digest, entry->content,
	                                    entry->bytes};
	int code = 0;

	atomic_fetch_add(&shelf->rows_told, 1);
	TELL(shelf, code, each, user, &row);
	return code;
}

static int tell_rows(struct shelf *shelf, const char *tenant, const struct bothy_table_query *query,
                     bothy_row_each *each, void *user)
{
	size_t skipped = 0, told = 0;
	int code = 0;

	if (find(shelf, SHELF_TABLE, tenant, "", query->digest) == NULL)
		return -ENOENT;
	for (struct shelf_entry *entry = shelf->newest; entry != NULL && code == 0;
	     entry = entry->next) {
		if (!is_asked(entry, tenant, query) || skipped++ < query->offset)
			continue;
		if (query->limit != 0 && told++ == query->limit)
			break;
		code = tell_row(shelf, entry, each, user);
	}
	return code;
}

static int table_query(void *self, const char *entity, const char *project,
                       const struct bothy_table_query *query, bothy_row_each *each, void *user)
{
	struct shelf *shelf = self;
	uint64_t offset = query->offset, limit = query->limit; /* a size_t may have 32 bits */
	char tenant[NAME_BYTES];
	int code = begin(shelf, TABLE_QUERY, entity, project, tenant);

	if (code != 0)
		return code;
	if (offset > INT64_MAX || limit > INT64_MAX)
		return -ERANGE; /* what no database counts to is not to be asked for */
	pthread_rwlock_rdlock(&shelf->lock);
	code = tell_rows(shelf, tenant, query, each, user);
	pthread_rwlock_unlock(&shelf->lock);
	return code;
}

static int file_content(void *self, const char *entity, const char *project, const char *digest,
                        bothy_content_each *each, void *user)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];
	int code = begin(shelf, FILE_CONTENT, entity, project, tenant);
	const struct shelf_entry *entry;

	if (code != 0)
		return code;
	pthread_rwlock_rdlock(&shelf->lock);
	entry = find(shelf, SHELF_FILE, tenant, "", digest);
	if (entry != NULL)
		TELL(shelf, code, each, user, entry->content, entry->bytes);
	pthread_rwlock_unlock(&shelf->lock);
	return entry != NULL ? code : -ENOENT;
}

/* A call's output is what was put there. */
static int tell_call(struct shelf *shelf, const struct shelf_entry *entry, bothy_call_each *each,
                     void *user)
{
	const struct bothy_call_record call = {
		.start = {.id = entry->digest, .op = "op", .inputs_json = "{}"},
		.has_ended = true,
		.end = {.id = entry->digest, .output_json = entry->content},
	};
	int code = 0;

	TELL(shelf, code, each, user, &call);
	return code;
}

static int call_read(void *self, const char *entity, const char *project, const char *id,
                     bothy_call_each *each, void *user)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];
	int code = begin(shelf, CALL_READ, entity, project, tenant);
	const struct shelf_entry *entry;

	if (code != 0)
		return code;
	pthread_rwlock_rdlock(&shelf->lock);
	entry = find(shelf, SHELF_CALL, tenant, "", id);
	code = entry != NULL ? tell_call(shelf, entry, each, user) : -ENOENT;
	pthread_rwlock_unlock(&shelf->lock);
	return code;
}

static int calls_query(void *self, const char *entity, const char *project,
                       const struct bothy_calls_query *query, bothy_call_each *each, void *user)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];
	int code = begin(shelf, CALLS_QUERY, entity, project, tenant);

	(void)query;
	pthread_rwlock_rdlock(&shelf->lock);
	for (struct shelf_entry *entry = shelf->newest; entry != NULL && code == 0;
	     entry = entry->next)
		if (entry->kind == SHELF_CALL && strcmp(entry->tenant, tenant) == 0)
			code = tell_call(shelf, entry, each, user);
	pthread_rwlock_unlock(&shelf->lock);
	return code;
}

/* From the last to the first, which is no order that a caller may count on. */
static int refs_read_batch(void *self, const char *entity, const char *project,
                           bothy_ref *const *refs, size_t n, bothy_value_each *each, void *user)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];
	int code = begin(shelf, REFS_READ_BATCH, entity, project, tenant);

	pthread_rwlock_rdlock(&shelf->lock);
	for (size_t i = n; i > 0 && code == 0; i--) {
		const struct shelf_entry *entry = find_version(
			shelf, tenant, bothy_ref_name(refs[i - 1]), bothy_ref_digest(refs[i - 1]));

		if (bothy_ref_extra(refs[i - 1]) != NULL)
			code = -EINVAL; /* no assertion: Check would allocate memory for it */
		else if (entry != NULL)
			TELL(shelf, code, each, user, i - 1, 0, entry->content, entry->bytes);
		else
			TELL(shelf, code, each, user, i - 1, -ENOENT, NULL, (size_t)0);
	}
	pthread_rwlock_unlock(&shelf->lock);
	return code;
}

static int projects_query(void *self, bothy_project_each *each, void *user)
{
	struct shelf *shelf = self;
	char tenant[NAME_BYTES];
	int code = begin(shelf, PROJECTS_QUERY, "", "", tenant);

	if (code == 0)
		TELL(shelf, code, each, user, "ann", "p");
	return code;
}

/* ---- the whole -------------------------------------------------------------------------------------- */

void *shelf_new(void)
{
	struct shelf *shelf = calloc(1, sizeof(*shelf));

	if (shelf == NULL)
		return NULL;
	pthread_rwlock_init(&shelf->lock, NULL);
	gate_init(&shelf->gate);
	return shelf;
}

static void destroy(void *self)
{
	struct shelf *shelf = self;

	while (shelf->newest != NULL) {
		struct shelf_entry *entry = shelf->newest;

		shelf->newest = entry->next;
		free(entry);
	}
	pthread_rwlock_destroy(&shelf->lock);
	gate_fini(&shelf->gate);
	free(shelf);
}

const struct bothy_server_ops shelf_ops = {
	.size = sizeof(shelf_ops),
	.destroy = destroy,
	.obj_create = obj_create,
	.table_create = table_create,
	.file_create = file_create,
	.calls_upsert = calls_upsert,
	.flush = flush,
	.failed = failed,
	.obj_read = obj_read,
	.objs_query = objs_query,
	.table_query = table_query,
	.file_content = file_content,
	.call_read = call_read,
	.calls_query = calls_query,
	.projects_query = projects_query,
};

struct bothy_server_ops shelf_batch_ops(void)
{
	struct bothy_server_ops ops = shelf_ops;

	ops.refs_read_batch = refs_read_batch;
	return ops;
}
