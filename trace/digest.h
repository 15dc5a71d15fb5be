/*
 * Digests, equal to Weave's: SHA-256 by OpenSSL.
 *
 * Threads: any.  They cannot fail, allocate nothing and take no lock: errno and OpenSSL's queue of
 * errors are left alone, and a forked child may go on at once.
 */
#ifndef TRACE_DIGEST_H
#define TRACE_DIGEST_H

#include <stddef.h>

#include <bothy/trace.h>

/* Of a value's canonical text, or a file's content: base64url, X for - and Y for _, without
 * padding. */
void digest_bytes(const void *bytes, size_t n, char ret_digest[BOTHY_DIGEST_BYTES]);

/* Of a table: the hex SHA-256 of its rows' digests put together. */
void digest_table(const struct bothy_table_row *rows, size_t n,
                  char ret_digest[BOTHY_DIGEST_BYTES]);

#endif
