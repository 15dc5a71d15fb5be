/*
 * Every row is keyed by its project's number first, so that an id or digest alone reaches
 * nothing.  Short rows are WITHOUT ROWID, stored in their keys' order; rows that may be long are
 * not: there SQLite puts what exceeds a quarter of a page on a page of its own, and calls of
 * 1,500 bytes took twice the room.
 *
 * A step of the schema, once released, never changes; what changes is added as another.
 */
#include "trace/sqlite/schema.h"

#include <errno.h>
#include <string.h>

#include "trace/error.h"
#include "trace/sqlite/fail.h"

#define APPLICATION_ID 0x426f7468 /* "Both" */

/* Step i makes version i + 1 of version i. */
static const char *const steps[] = {
	"CREATE TABLE project (id INTEGER PRIMARY KEY, entity TEXT NOT NULL,"
	"	project TEXT NOT NULL, UNIQUE (entity, project));"

	"CREATE TABLE object (project INTEGER NOT NULL, name TEXT NOT NULL,"
	"	version INTEGER NOT NULL, digest TEXT NOT NULL, created INTEGER NOT NULL,"
	"	json TEXT NOT NULL, PRIMARY KEY (project, name, version));"
	"CREATE UNIQUE INDEX object_digest ON object (project, name, digest);"

	/* A table has a head, which is stored last, and its rows; values are shared. */
	"CREATE TABLE table_head (project INTEGER NOT NULL, digest TEXT NOT NULL,"
	"	n INTEGER NOT NULL, PRIMARY KEY (project, digest)) WITHOUT ROWID;"
	"CREATE TABLE table_row (project INTEGER NOT NULL, digest TEXT NOT NULL,"
	"	i INTEGER NOT NULL, row TEXT NOT NULL,"
	"	PRIMARY KEY (project, digest, i)) WITHOUT ROWID;"
	"CREATE TABLE row_value (project INTEGER NOT NULL, digest TEXT NOT NULL,"
	"	json TEXT NOT NULL, PRIMARY KEY (project, digest));"

	"CREATE TABLE file (project INTEGER NOT NULL, digest TEXT NOT NULL,"
	"	content BLOB NOT NULL, PRIMARY KEY (project, digest));"

	/* Ids are UUIDs in 16 bytes; started and ended are NULL for what is not known yet. */
	"CREATE TABLE call (project INTEGER NOT NULL, id BLOB NOT NULL, trace BLOB, parent BLOB,"
	"	op TEXT, display_name TEXT, started INTEGER, attributes TEXT, inputs TEXT,"
	"	ended INTEGER, output TEXT, exception TEXT, summary TEXT);"
	"CREATE UNIQUE INDEX call_id ON call (project, id);"
	"CREATE INDEX call_op ON call (project, op, id);"
	"CREATE INDEX call_parent ON call (project, parent, id);"
	"CREATE INDEX call_trace ON call (project, trace, id);"

	"PRAGMA application_id = 0x426f7468;"
	"PRAGMA user_version = 1;",
};

#define VERSION ((int64_t)(sizeof(steps) / sizeof(steps[0])))

/* Which version the file is of: 0 for a new one. */
static int version_of(const struct store *store, struct connection *connection,
                      int64_t *ret_version)
{
	int64_t application, tables;
	int error =
		connection_ask(store, connection, "SELECT count(*) FROM sqlite_schema", &tables);

	if (error == 0)
		error = connection_ask(store, connection, "PRAGMA application_id", &application);
	if (error == 0)
		error = connection_ask(store, connection, "PRAGMA user_version", ret_version);
	if (error < 0)
		return error;
	if (application == 0 && tables == 0 && *ret_version == 0)
		return 0;
	if (application != APPLICATION_ID || *ret_version < 1)
		return trace_fail(-EMEDIUMTYPE,
		                  "%s: another program's SQLite file (application_id %#llx, not "
		                  "%#x)",
		                  store->path, (unsigned long long)application, APPLICATION_ID);
	if (*ret_version > VERSION)
		return trace_fail(-EPROTONOSUPPORT,
		                  "%s: written by a later release (version %lld; this one knows "
		                  "%lld)",
		                  store->path, (long long)*ret_version, (long long)VERSION);
	return 0;
}

/* In a transaction: somebody else may be making the file, and half of what they did is no
 * version. */
static int version_as_one(const struct store *store, struct connection *connection,
                          int64_t *ret_version)
{
	int error = connection_execute(store, connection, "BEGIN", "can't be read");

	if (error < 0)
		return error;
	error = version_of(store, connection, ret_version);
	(void)sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
	return error;
}

/* In a transaction: somebody else may have been faster. */
static int migrate(const struct store *store, struct connection *connection)
{
	int64_t version;
	int error = version_of(store, connection, &version);

	while (error == 0 && version < VERSION)
		error = connection_execute(store, connection, steps[version++],
		                           "can't be brought up to date");
	return error;
}

static int bring_up_to_date(const struct store *store, struct connection *connection)
{
	int error;

	/* Before the first page is written; without effect later. */
	error = connection_execute(store, connection, "PRAGMA page_size = 4096", "can't be set up");
	if (error == 0)
		error = connection_execute(store, connection, "BEGIN IMMEDIATE",
		                           "can't be written");
	if (error < 0)
		return error;
	error = migrate(store, connection);
	if (error == 0)
		error = connection_execute(store, connection, "COMMIT", "can't be written");
	if (error < 0 && !sqlite3_get_autocommit(connection->db))
		(void)sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
	return error;
}

int schema_ready(const struct store *store, struct connection *connection)
{
	int64_t version;
	int error = version_as_one(store, connection, &version);

	if (error < 0 || version == VERSION)
		return error;
	if (store->read_only)
		return version == 0 ? trace_fail(-EMEDIUMTYPE, "%s: empty: nothing is recorded",
		                                 store->path)
		                    : trace_fail(-EROFS,
		                                 "%s: version %lld has to be brought up to "
		                                 "date, and may only be read",
		                                 store->path, (long long)version);
	return bring_up_to_date(store, connection);
}
