/*
 * The built-in servers: SQLite, in a file or in memory.
 */
#ifndef TRACE_SQLITE_SQLITE_H
#define TRACE_SQLITE_SQLITE_H

#include <bothy/server.h>

/*
 * Open the file at PATH, or memory for NULL: its operations, and the SELF that they want.
 * OPTIONS is not NULL.  ret_ops->destroy closes it.
 *
 * Errors: as bothy_server_open(), with a text for trace_error().
 */
int sqlite_open(const char *path, const struct bothy_server_options *options,
                struct bothy_server_ops *ret_ops, void **ret_self);

#endif
