/*
 * Texts for people: what was stored, made fit for a terminal.
 */
#ifndef TRACE_CLI_TEXT_H
#define TRACE_CLI_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#include <bothy/base.h>

/*
 * TEXT with all that controls a terminal escaped, and what is no UTF-8: \n, \r, \t, \xHH for a
 * byte, \uHHHH for a character.  A backslash is left alone.  NULL counts as empty.
 *
 * Ownership: the caller's, to free().
 */
char *text_shown(const char *text);

/* The same of its first line alone, in MOST columns at most: "…" stands for what is left out. */
char *text_first_line(const char *text, size_t most);

/* How many columns SHOWN takes. */
size_t text_width(const char *shown);

/* How many bytes of SHOWN fit into COLUMNS; *ret_width is what they take. */
size_t text_fit(const char *shown, size_t columns, size_t *ret_width);

/* malloc'd; without memory the program ends. */
char *text_copy(const char *text);
char *text_format(const char *format, ...) BOTHY_PRINTF(1, 2);
char *text_format_list(const char *format, va_list arguments) BOTHY_PRINTF(1, 0);

#endif
