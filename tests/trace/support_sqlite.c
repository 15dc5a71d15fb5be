/*
 * What the library calls instead of SQLite's own (see CMakeLists.txt): calls that fail on request
 * (tests/support.h).  What fails has done nothing; the codes go round, so that each call meets
 * several of them.  And pauses that take no time on request.
 */
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/support.h"

int support_sqlite3_initialize(void);
int support_sqlite3_open_v2(const char *name, sqlite3 **ret_db, int flags, const char *vfs);
int support_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int bytes,
                               sqlite3_stmt **ret_statement, const char **ret_tail);
int support_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int bytes, unsigned flags,
                               sqlite3_stmt **ret_statement, const char **ret_tail);
int support_sqlite3_step(sqlite3_stmt *statement);
int support_sqlite3_exec(sqlite3 *db, const char *sql, sqlite3_callback each, void *user,
                         char **ret_text);
int support_sqlite3_bind_blob(sqlite3_stmt *statement, int at, const void *blob, int bytes,
                              void (*destroy)(void *));
int support_sqlite3_bind_blob64(sqlite3_stmt *statement, int at, const void *blob,
                                sqlite3_uint64 bytes, void (*destroy)(void *));
int support_sqlite3_bind_int64(sqlite3_stmt *statement, int at, sqlite3_int64 number);
int support_sqlite3_bind_text64(sqlite3_stmt *statement, int at, const char *text,
                                sqlite3_uint64 bytes, void (*destroy)(void *),
                                unsigned char encoding);

int support_sqlite3_sleep(int ms);

static int some_code(void)
{
	static const int codes[] = {SQLITE_NOMEM, SQLITE_IOERR, SQLITE_FULL, SQLITE_BUSY,
	                            SQLITE_CORRUPT};
	static atomic_uint turn;

	return codes[atomic_fetch_add(&turn, 1) % (sizeof(codes) / sizeof(codes[0]))];
}

static atomic_bool skips;
static atomic_ulong paused_ms;

void support_skip_pauses(bool skip)
{
	atomic_store(&skips, skip);
	atomic_store(&paused_ms, 0);
}

unsigned long support_paused_ms(void)
{
	return atomic_load(&paused_ms);
}

int support_sqlite3_sleep(int ms)
{
	atomic_fetch_add(&paused_ms, (unsigned long)ms);
	return atomic_load(&skips) ? ms : sqlite3_sleep(ms);
}

int support_sqlite3_initialize(void)
{
	return support_fails(CALL_SQLITE_START) ? SQLITE_NOMEM : sqlite3_initialize();
}

int support_sqlite3_open_v2(const char *name, sqlite3 **ret_db, int flags, const char *vfs)
{
	if (!support_fails(CALL_SQLITE_OPEN))
		return sqlite3_open_v2(name, ret_db, flags, vfs);
	*ret_db = NULL;
	return some_code();
}

int support_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int bytes,
                               sqlite3_stmt **ret_statement, const char **ret_tail)
{
	if (!support_fails(CALL_SQLITE_PREPARE))
		return sqlite3_prepare_v2(db, sql, bytes, ret_statement, ret_tail);
	*ret_statement = NULL;
	return some_code();
}

int support_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int bytes, unsigned flags,
                               sqlite3_stmt **ret_statement, const char **ret_tail)
{
	if (!support_fails(CALL_SQLITE_PREPARE))
		return sqlite3_prepare_v3(db, sql, bytes, flags, ret_statement, ret_tail);
	*ret_statement = NULL;
	return some_code();
}

int support_sqlite3_step(sqlite3_stmt *statement)
{
	return support_fails(CALL_SQLITE_STEP) ? some_code() : sqlite3_step(statement);
}

int support_sqlite3_exec(sqlite3 *db, const char *sql, sqlite3_callback each, void *user,
                         char **ret_text)
{
	return support_fails(CALL_SQLITE_EXEC) ? some_code()
	                                       : sqlite3_exec(db, sql, each, user, ret_text);
}

int support_sqlite3_bind_blob(sqlite3_stmt *statement, int at, const void *blob, int bytes,
                              void (*destroy)(void *))
{
	return support_fails(CALL_SQLITE_BIND)
	               ? SQLITE_NOMEM
	               : sqlite3_bind_blob(statement, at, blob, bytes, destroy);
}

int support_sqlite3_bind_blob64(sqlite3_stmt *statement, int at, const void *blob,
                                sqlite3_uint64 bytes, void (*destroy)(void *))
{
	return support_fails(CALL_SQLITE_BIND)
	               ? SQLITE_NOMEM
	               : sqlite3_bind_blob64(statement, at, blob, bytes, destroy);
}

int support_sqlite3_bind_int64(sqlite3_stmt *statement, int at, sqlite3_int64 number)
{
	return support_fails(CALL_SQLITE_BIND) ? SQLITE_NOMEM
	                                       : sqlite3_bind_int64(statement, at, number);
}

int support_sqlite3_bind_text64(sqlite3_stmt *statement, int at, const char *text,
                                sqlite3_uint64 bytes, void (*destroy)(void *),
                                unsigned char encoding)
{
	return support_fails(CALL_SQLITE_BIND)
	               ? SQLITE_NOMEM
	               : sqlite3_bind_text64(statement, at, text, bytes, destroy, encoding);
}
