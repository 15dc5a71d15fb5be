/*
 * Fetched values: a text, and the object that says what it is known as.
 *
 * A value is const but for its count, so any number of threads may use it.
 */
#ifndef TRACE_VALUE_H
#define TRACE_VALUE_H

#include <bothy/trace.h>

#include "trace/json.h"

struct bothy_value {
	_Atomic unsigned holds;
	struct bothy_object object;
	struct json_text text; /* canonical */
};

/* As bothy_fetch().  REF is not NULL. */
int value_fetch(const bothy_ref *ref, bothy_value **ret_value);

bothy_value *value_hold(bothy_value *value);
void value_release(bothy_value *value); /* NULL is fine */

/*
 * The canonical text and the digest of the value in JSON[0..BYTES-1], which WHAT names in the text
 * of an error.
 *
 * Ownership: *ret_text is the caller's, to free.
 * Errors:    see "values" in <bothy/trace.h>; -ENOMEM.
 */
int value_canonical(const char *what, const char *json, size_t bytes, struct json_text *ret_text,
                    char ret_digest[BOTHY_DIGEST_BYTES]);

#endif
