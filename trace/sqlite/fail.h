/*
 * Failures of SQLite as errnos, with a text.
 */
#ifndef TRACE_SQLITE_FAIL_H
#define TRACE_SQLITE_FAIL_H

#include <sqlite3.h>

struct store;

/* RC is what a call on DB (NULL: none) just returned; no other may have come in between.  The
 * text is of trace_fail(): the file, WHAT could not be done, with which VALUE (or NULL), and
 * SQLite's own words. */
int sqlite_fail(const struct store *store, sqlite3 *db, int rc, const char *what,
                const char *value);

#endif
