/*
 * UTF-8 as RFC 3629 has it: no more bytes than needed, no surrogates, up to U+10FFFF.
 */
#ifndef TRACE_UTF8_H
#define TRACE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the character at AT, of two bytes or more; 0 if it is none. */
size_t utf8_length(const unsigned char *at, const unsigned char *end);

bool utf8_is_right(const char *text);

/*
 * Write TEXT to RET[0..ROOM-1], with U+FFFD for each byte that is no part of a character; what
 * there is no room for is left out, as whole characters.  It ends with a NUL if ROOM is not 0.
 *
 * Returns how many bytes all of it has, without its NUL.
 */
size_t utf8_mend(const char *text, char *ret, size_t room);

#endif
