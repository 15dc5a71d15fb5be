/*
 * Locking: the cache is guarded by write_lock.
 */
#include "trace/sqlite/project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sync/testing.h"
#include "trace/error.h"
#include "trace/sqlite/connection.h"
#include "trace/sqlite/fail.h"
#include "trace/sqlite/group.h"
#include "trace/sqlite/query.h"

struct project_listener {
	bothy_project_each *each;
	void *user;
};

/* FNV-1a. */
static uint32_t hash_text(uint32_t hash, const char *text)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
	return (hash ^ '/') * UINT32_C(16777619);
}

static struct project_slot *slot_of(struct project_cache *cache, const char *entity,
                                    const char *project)
{
	uint32_t hash = hash_text(hash_text(UINT32_C(2166136261), entity), project);

	return &cache->slots[(hash ^ hash >> 16) % PROJECT_SLOTS];
}

static bool is_slot_of(const struct project_slot *slot, const char *entity, const char *project)
{
	if (PLANTED(PROJECTS_MIXED))
		return slot->names != NULL;
	return slot->names != NULL && strcmp(slot->names, entity) == 0 &&
	       strcmp(slot->names + strlen(slot->names) + 1, project) == 0;
}

/* Without memory for it, the number is looked up again. */
static void remember(struct project_slot *slot, const char *entity, const char *project,
                     int64_t number)
{
	size_t bytes = strlen(entity) + 1;
	char *names = malloc(bytes + strlen(project) + 1);

	if (names == NULL)
		return;
	memcpy(names, entity, bytes);
	(void)strcpy(names + bytes, project);
	free(slot->names);
	slot->names = names;
	slot->number = number;
}

void project_forget(struct project_cache *cache)
{
	for (unsigned i = 0; i < PROJECT_SLOTS; i++) {
		free(cache->slots[i].names);
		cache->slots[i].names = NULL;
	}
}

/* One statement with the two names.  SQLITE_ROW with the number, 0, or a negative errno. */
static int ask(struct store *store, struct connection *connection, enum statement which,
               const char *entity, const char *project, int64_t *ret_number)
{
	sqlite3_stmt *statement;
	int result = statement_take(store, connection, which, &statement);

	if (result == 0) {
		struct binding binding = {.statement = statement};

		bind_text(&binding, entity);
		bind_text(&binding, project);
		result = binding.rc == SQLITE_OK
		                 ? statement_step(store, statement, "can't find project", project)
		                 : sqlite_fail(store, NULL, binding.rc, "can't take project",
		                               project);
	}
	if (result == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(statement, 0);
	statement_put(store, connection, which, statement);
	return result;
}

/* *RET_NUMBER is left alone unless there is a row. */
static int find_or_add(struct store *store, const char *entity, const char *project,
                       int64_t *ret_number)
{
	int result = ask(store, store->writer, STATEMENT_PROJECT_FIND, entity, project, ret_number);

	if (result == 0)
		result = ask(store, store->writer, STATEMENT_PROJECT_ADD, entity, project,
		             ret_number);
	else if (result == SQLITE_ROW)
		return 0;
	if (result == 0)
		result = ask(store, store->writer, STATEMENT_PROJECT_FIND, entity, project,
		             ret_number);
	return result == SQLITE_ROW ? 0 : result;
}

int project_number(struct store *store, const char *entity, const char *project,
                   int64_t *ret_number)
{
	struct project_slot *slot;
	int error;

	if (entity == NULL || project == NULL)
		return trace_fail(-EINVAL, "%s: no entity or project is named", store->path);
	slot = slot_of(&store->projects, entity, project);
	if (is_slot_of(slot, entity, project)) {
		*ret_number = slot->number;
		return 0;
	}
	error = find_or_add(store, entity, project, ret_number);
	if (error == 0)
		remember(slot, entity, project, *ret_number);
	return error;
}

/* Whether it is committed: readers don't wait. */
static int is_known(struct store *store, const char *entity, const char *project, bool *ret_known)
{
	struct connection *connection;
	int64_t number;
	int result = connection_take(store, &connection);

	if (result < 0)
		return result;
	result = ask(store, connection, STATEMENT_PROJECT_FIND, entity, project, &number);
	connection_put(store, connection);
	*ret_known = result == SQLITE_ROW;
	return result < 0 ? result : 0;
}

/* What the writer thread has written so far is committed along: its flush has the less to do, or
 * says what became of it. */
static int commit_now(struct store *store)
{
	int lost = store->lost, error;

	store->lost = 0;
	error = group_commit(store);
	store->lost = lost < 0 ? lost : error;
	return error;
}

static int add(struct store *store, const char *entity, const char *project)
{
	int64_t number;
	int error, committed = 0;

	if (store->read_only)
		return trace_fail(-EROFS, "%s: opened to be read only", store->path);
	lock_acquire(&store->write_lock);
	error = group_continue(store);
	if (error == 0)
		error = group_note(store, project_number(store, entity, project, &number));
	if (!store->memory)
		committed = commit_now(store);
	return group_end(store, error < 0 ? error : committed);
}

int project_ensure(void *self, const char *entity, const char *project)
{
	struct store *store = self;
	bool known = false;
	int error;

	if (entity == NULL || project == NULL)
		return trace_fail(-EINVAL, "%s: no entity or project is named", store->path);
	error = is_known(store, entity, project, &known);
	return error < 0 || known ? error : add(store, entity, project);
}

static int tell_project(void *arg, struct columns *columns)
{
	const struct project_listener *listener = arg;
	const char *entity = column_text(columns, NULL);
	const char *project = column_text(columns, NULL);

	return columns->no_memory ? -ENOMEM : listener->each(listener->user, entity, project);
}

int projects_query(void *self, bothy_project_each *each, void *user)
{
	struct project_listener listener = {each, user};
	struct query query;
	int error = query_begin(self, STATEMENT_PROJECTS, NULL, NULL, &query);

	return query_end(&query, error < 0 ? error : query_rows(&query, tell_project, &listener));
}
