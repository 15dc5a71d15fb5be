/*
 * What is in the file, and which release made it.
 */
#ifndef TRACE_SQLITE_SCHEMA_H
#define TRACE_SQLITE_SCHEMA_H

#include "trace/sqlite/connection.h"

/*
 * Make sure that the file is ours, and as this release wants it: a new one is filled, an older
 * one brought up to date; if the store is read_only, both are told as errors.
 *
 * Errors: -EMEDIUMTYPE, -EPROTONOSUPPORT, -EBADMSG, -EBUSY, -EROFS ... with a text.
 */
int schema_ready(const struct store *store, struct connection *connection);

#endif
