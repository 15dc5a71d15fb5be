/*
 * UTF-8, and how wide a terminal shows it.  The process's locale is not asked: texts are
 * stored in UTF-8, and shown so.
 */
#ifndef TRACE_CLI_UTF8_H
#define TRACE_CLI_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_BYTES = 4 };

/* The code point that TEXT (not empty, with a NUL at its end) begins with, or -1 for a byte that
 * begins none.  Returns how many bytes it has: at least 1. */
size_t utf8_next(const char *text, int32_t *ret_point);

/* Write POINT to RET_BYTES; returns how many bytes it has. */
size_t utf8_put(int32_t point, char ret_bytes[UTF8_BYTES]);

/* How many columns POINT takes, 0 to 2; or -1: it must not be shown as it is, for it controls the
 * terminal, or turns or hides the text around it. */
int utf8_width(int32_t point);

#endif
