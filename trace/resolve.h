/*
 * What a ref names, and what its extra leads to.
 *
 * A walk goes from the object, table or call that the ref names down one step of the extra at a
 * time.  A step that stands at a string that is a ref of the same project goes on in what that
 * names.  A table is not read until it must be: a step into it reads one row.
 */
#ifndef TRACE_RESOLVE_H
#define TRACE_RESOLVE_H

#include "trace/json.h"
#include "trace/scope.h"

/*
 * The value of REF.
 *
 * Ownership: *ret_value is a reference of the caller's.
 * Errors:    as bothy_fetch(), with a text that names the ref.
 */
int resolve_ref(struct scope *scope, const bothy_ref *ref, json_t **ret_value);

/* As bothy_refs_read(). */
int resolve_refs(struct scope *scope, bothy_ref *const *refs, size_t n, bothy_value_each *each,
                 void *user);

#endif
