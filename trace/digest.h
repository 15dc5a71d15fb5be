/*
 * Digests, equal to Weave's: SHA-256 by OpenSSL.
 *
 * Threads: any.  errno and OpenSSL's queue of errors are left alone.
 * Errors:  -ENOMEM, also if OpenSSL has no SHA-256; trace_error() tells.
 */
#ifndef TRACE_DIGEST_H
#define TRACE_DIGEST_H

#include <stddef.h>

#include <bothy/trace.h>

/* Of a value's canonical text, or a file's content: base64url, X for - and Y for _, without
 * padding. */
int digest_bytes(const void *bytes, size_t n, char ret_digest[BOTHY_DIGEST_BYTES]);

/* Of a table: the hex SHA-256 of its rows' digests put together. */
int digest_table(const struct bothy_table_row *rows, size_t n, char ret_digest[BOTHY_DIGEST_BYTES]);

#endif
