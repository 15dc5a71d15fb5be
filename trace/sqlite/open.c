/*
 * Opening and closing a store, and the table of its operations.
 */
#include "trace/sqlite/sqlite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trace/error.h"
#include "trace/sqlite/connection.h"
#include "trace/sqlite/fail.h"
#include "trace/sqlite/group.h"
#include "trace/sqlite/read.h"
#include "trace/sqlite/schema.h"
#include "trace/sqlite/write.h"

static void store_free(struct store *store)
{
	connection_close_idle(store);
	connection_close(store->writer);
	fork_remove(&store->file);
	project_forget(&store->projects);
	lock_fini(&store->lock);
	lock_fini(&store->write_lock);
	free(store->path);
	free(store);
}

static void destroy(void *self)
{
	store_free(self);
}

static void tell_failed(void *self, const struct bothy_failure *failure)
{
	const struct store *store = self;

	store->failed(store->user, failure);
}

/* PATH as SQLite takes it for one, literally: ":memory:" and "file:..." mean other things. */
static char *literal(const char *path)
{
	const char *before = path[0] == '/' ? "" : "./";
	char *copy = malloc(strlen(before) + strlen(path) + 1);

	return copy != NULL ? strcat(strcpy(copy, before), path) : NULL;
}

static struct store *store_new(const char *path, const struct bothy_server_options *options)
{
	struct store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->path = path != NULL ? literal(path) : strdup("memory:");
	if (store->path == NULL) {
		free(store);
		return NULL;
	}
	store->memory = path == NULL;
	store->read_only = options->read_only;
	store->failed = options->failed;
	store->user = options->user;
	lock_init(&store->write_lock);
	lock_init(&store->lock);
	return store;
}

/* What SQLite does not tell apart, or would wait for. */
static int check_path(const struct store *store)
{
	struct stat status;

	if (stat(store->path, &status) < 0)
		return errno == ENOENT && !store->read_only
		               ? 0
		               : trace_fail(-errno, "%s: %s", store->path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		return trace_fail(-EISDIR, "%s: a directory", store->path);
	if (!S_ISREG(status.st_mode))
		return trace_fail(-EBADMSG, "%s: no regular file", store->path);
	if (status.st_size == 1) /* which SQLite takes for an empty one, and would overwrite */
		return trace_fail(-EBADMSG, "%s: file is not a database", store->path);
	if (fork_inherited(&status))
		return trace_fail(-ECHILD, "%s: was open when this process was forked",
		                  store->path);
	return 0;
}

/* The file is open.  From now on the path is absolute: connections opened later are to the same
 * file, wherever the process has gone. */
static int keep_path(struct store *store, const struct connection *connection)
{
	const char *name = sqlite3_db_filename(connection->db, "main");
	char *path = name != NULL && name[0] == '/' ? strdup(name) : NULL;
	struct stat status;

	if (path == NULL)
		return trace_fail(-ENOMEM, "%s: no memory", store->path);
	free(store->path);
	store->path = path;
	if (stat(path, &status) == 0)
		fork_add(&store->file, &status);
	return 0;
}

static int open_to_write(struct store *store)
{
	int error = connection_open(store, store->memory ? CONNECTION_MEMORY : CONNECTION_CREATE,
	                            &store->writer);

	if (error == 0 && sqlite3_db_readonly(store->writer->db, "main") == 1)
		error = trace_fail(-EROFS, "%s: may only be read", store->path);
	if (error == 0)
		error = schema_ready(store, store->writer);
	if (error == 0 && !store->memory)
		error = keep_path(store, store->writer);
	if (error == 0 && !store->memory)
		error = connection_set_up(store, store->writer);
	return error;
}

static int try_to_read(struct store *store)
{
	struct connection *connection;
	int error = connection_open(store, CONNECTION_READ, &connection);

	if (error < 0)
		return error;
	error = schema_ready(store, connection);
	if (error == 0)
		error = keep_path(store, connection);
	if (error < 0)
		connection_close(connection);
	else
		connection_put(store, connection);
	return error;
}

/* Whether commits wait in the -wal, which an immutable file is read without. */
static bool has_wal(const struct store *store)
{
	char *wal = malloc(strlen(store->path) + sizeof("-wal"));
	struct stat status;
	bool has;

	if (wal == NULL)
		return true;
	(void)strcat(strcpy(wal, store->path), "-wal");
	has = stat(wal, &status) == 0 && status.st_size > 0;
	free(wal);
	return has;
}

/* A file in WAL mode wants a -shm beside it.  Where none can be made nobody else can write
 * either: then the file is read as one that does not change. */
static int open_to_read(struct store *store)
{
	int error = try_to_read(store);

	if ((error != -EACCES && error != -EROFS && error != -ENOENT && error != -EIO) ||
	    has_wal(store))
		return error;
	store->immutable = true;
	return try_to_read(store);
}

static void list_ops(const struct store *store, const struct bothy_server_options *options,
                     struct bothy_server_ops *ret_ops)
{
	*ret_ops = (struct bothy_server_ops){
		.size = sizeof(*ret_ops),
		.queue_max = options->queue_max,
		.ensure_project = project_ensure,
		.destroy = destroy,
		.obj_create = write_object,
		.table_create = write_table,
		.file_create = write_file,
		.calls_upsert = write_calls,
		.flush = group_flush,
		.failed = store->failed != NULL ? tell_failed : NULL,
		.obj_read = read_object,
		.objs_query = read_objects,
		.table_query = read_table,
		.file_content = read_file,
		.call_read = read_call,
		.calls_query = read_calls,
		.projects_query = projects_query,
	};
}

static int store_open(struct store *store)
{
	int error = store->memory ? 0 : check_path(store);

	if (error < 0)
		return error;
	return store->read_only && !store->memory ? open_to_read(store) : open_to_write(store);
}

int sqlite_open(const char *path, const struct bothy_server_options *options,
                struct bothy_server_ops *ret_ops, void **ret_self)
{
	struct store *store;
	int error;

	if (path != NULL && path[0] == '\0')
		return trace_fail(-EINVAL, "sqlite: no path");
	if (sqlite3_threadsafe() == 0)
		return trace_fail(-ENOTSUP, "sqlite: this SQLite was built without threads");
	error = fork_prepare();
	if (error < 0)
		return trace_fail(error, "sqlite: can't prepare for forks: %s", strerror(-error));
	store = store_new(path, options);
	if (store == NULL)
		return trace_fail(-ENOMEM, "%s: no memory", path != NULL ? path : "memory:");
	error = store_open(store);
	if (error < 0) {
		store_free(store);
		return error;
	}
	list_ops(store, options, ret_ops);
	*ret_self = store;
	return 0;
}
