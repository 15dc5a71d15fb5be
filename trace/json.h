/*
 * JSON: RFC 8259 in UTF-8, read into jansson's values, and written as Python's
 * json.dumps(value, sort_keys=True) does.
 *
 * The reader is not jansson's own.  When memory runs out, that one drops bytes and returns
 * success with another value, or calls a failed allocation a syntax error (lex_save() and
 * lex_scan_string() in its load.c, 2.14); it skips a NUL byte after a number; and reals hang on
 * the locale and the rounding mode.  For the rest, what is accepted here is what it accepts.
 *
 * Threads: any.  The locale, errno and the floating-point environment are left as they were,
 *          and make no difference.
 */
#ifndef TRACE_JSON_H
#define TRACE_JSON_H

#include <jansson.h>
#include <stddef.h>

/* A text of its own: malloc'd, with a NUL after its BYTES. */
struct json_text {
	char *text;
	size_t bytes;
};

enum json_shape { JSON_SHAPE_ANY, JSON_SHAPE_OBJECT };

/* How many values may stand in each other; fewer where the thread's stack is small, for
 * json_decref() recurses. */
enum { JSON_DEPTH_MAX = 2048 };

/*
 * Read the value in JSON[0..BYTES-1].  WHAT names it in the text of an error ("inputs").
 *
 * Ownership: *ret_value is a reference of the caller's (json_decref); it may be released on
 *            any thread that has as much stack left as the caller.
 * Errors:    -EINVAL, -EMSGSIZE (over BOTHY_VALUE_MAX), -ENOMEM: see "values" in <bothy/trace.h>;
 *            the text of trace_error() tells the line and column (of characters, from 1).
 */
int json_read(const char *what, const char *json, size_t bytes, enum json_shape shape,
              json_t **ret_value);

/* Write VALUE canonically, however deep or long it is.  0 or -ENOMEM. */
int json_write(const json_t *value, struct json_text *ret_text);

/* Both: the canonical text of JSON[0..BYTES-1]; -EMSGSIZE also if it is itself over
 * BOTHY_VALUE_MAX, for it could not be read again. */
int json_canonical(const char *what, const char *json, size_t bytes, enum json_shape shape,
                   struct json_text *ret_text);

#endif
