/*
 * UTF-8.
 */
#ifndef TRACE_UTF8_H
#define TRACE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the character at AT, of two bytes or more; 0 if it is none (RFC 3629,
 * section 4). */
size_t utf8_length(const unsigned char *at, const unsigned char *end);

bool utf8_is(const char *text);

/* Put a question mark in place of each byte that makes TEXT none. */
void utf8_mend(char *text);

#endif
