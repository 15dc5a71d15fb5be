/*
 * Files: bytes, known by their digest.
 */
#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include <bothy/trace.h>

/* As bothy_file_store(), _fetch() and _digest(); the pointers are there. */
int file_store(const void *content, size_t bytes, char ret_digest[BOTHY_DIGEST_BYTES]);
int file_fetch(const char *digest, void **ret_content, size_t *ret_bytes);
int file_digest(const void *content, size_t bytes, char ret_digest[BOTHY_DIGEST_BYTES]);

#endif
