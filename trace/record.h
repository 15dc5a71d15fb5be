/*
 * A call as a value: what a ref to it names.
 */
#ifndef TRACE_RECORD_H
#define TRACE_RECORD_H

#include "trace/json.h"

#include <bothy/server.h>

/*
 * CALL as an object, of which bothy_fetch() in <bothy/trace.h> lists the keys.
 *
 * Ownership: *ret_value is a reference of the caller's.
 * Errors:    -EINVAL, -EMSGSIZE: one of its parts is no JSON, or too long; -ENOMEM.
 */
int record_value(const struct bothy_call_record *call, json_t **ret_value);

#endif
