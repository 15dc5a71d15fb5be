#include "trace/sqlite/fail.h"

#include <errno.h>
#include <string.h>

#include "trace/error.h"
#include "trace/sqlite/store.h"

/* What the system said to a call that SQLite failed for.  Of a failed COMMIT SQLite does not
 * keep it: then errno still has it, or is 0, which it was set to before. */
static int system_errno(sqlite3 *db)
{
	int error = db != NULL ? sqlite3_system_errno(db) : 0;

	return error != 0 ? error : errno;
}

/* Limits to what may be written are a lack of room, whoever set them. */
static int io_errno(sqlite3 *db, int rc)
{
	int error = system_errno(db);

	if (rc == SQLITE_IOERR_NOMEM)
		return -ENOMEM;
	return error == ENOSPC || error == EDQUOT || error == EFBIG ? -ENOSPC : -EIO;
}

static int open_errno(sqlite3 *db)
{
	int error = system_errno(db);

	return error > 0 ? -error : -EIO;
}

static int errno_of(sqlite3 *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CANTOPEN:
		return open_errno(db);
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_TOOBIG:
		return -EMSGSIZE;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		return -EINVAL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_FORMAT:
	case SQLITE_SCHEMA:
	case SQLITE_ERROR: /* of our SQL: the file has not got what it speaks of */
		return -EBADMSG;
	default:
		return io_errno(db, rc);
	}
}

/* Of a path that can't be opened the system knows why: SQLite's words are the same for all. */
static const char *words_of(sqlite3 *db, int rc)
{
	int error = (rc & 0xff) == SQLITE_CANTOPEN ? system_errno(db) : 0;

	if (error > 0)
		return strerror(error);
	return db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
}

int sqlite_fail(const struct store *store, sqlite3 *db, int rc, const char *what, const char *value)
{
	return trace_fail(errno_of(db, rc), "%s: %s%s%s: %s", store->path, what,
	                  value != NULL ? " " : "", value != NULL ? value : "", words_of(db, rc));
}
