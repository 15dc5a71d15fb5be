/*
 * Whether a text is JSON.  What is stored should be, but the file may come from anywhere.
 */
#ifndef TRACE_CLI_CHECK_H
#define TRACE_CLI_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* RFC 8259, in UTF-8, without lone surrogates; nested to any depth.  There is a NUL after TEXT. */
bool check_json(const char *text, size_t bytes);

#endif
