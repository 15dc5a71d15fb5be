/*
 * JSON: read by jansson, written as Python's json.dumps(value, sort_keys=True) does.
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

/*
 * Read the value in JSON[0..BYTES-1].  WHAT names it in the text of an error ("inputs").
 *
 * Ownership: *ret_value is a reference of the caller's (json_decref).
 * Errors:    -EINVAL, -EMSGSIZE (over BOTHY_VALUE_MAX), -ENOMEM: see "values" in <bothy/trace.h>;
 *            the text of trace_error() tells the line and column.
 */
int json_read(const char *what, const char *json, size_t bytes, enum json_shape shape,
              json_t **ret_value);

/* Write VALUE canonically.  0 or -ENOMEM. */
int json_write(const json_t *value, struct json_text *ret_text);

/* Both: the canonical text of JSON[0..BYTES-1]. */
int json_canonical(const char *what, const char *json, size_t bytes, enum json_shape shape,
                   struct json_text *ret_text);

#endif
