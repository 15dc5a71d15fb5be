/*
 * JSON for programs and people.  What is written for programs is ASCII, on one line; for people
 * it is indented, and characters that a terminal may show stand for themselves.
 */
#ifndef TRACE_CLI_NOTATION_H
#define TRACE_CLI_NOTATION_H

#include <stddef.h>
#include <stdio.h>

/* Write TEXT, which check_json() found to be valid.  Numbers stay as they are written, to the last
 * digit. */
void notation_line(FILE *stream, const char *text, size_t bytes);
void notation_indented(FILE *stream, const char *text, size_t bytes);

/* Write a plain text as a string; what is no UTF-8 becomes U+FFFD.  NULL: null. */
void notation_string(FILE *stream, const char *text);

#endif
