/*
 * Ref values: immutable, counted.  Inside the library a ref is const but for its count.
 */
#ifndef REFS_REF_H
#define REFS_REF_H

#include <bothy/ref.h>

#include "sync/atomic.h"
#include "sync/holds.h"
#include "sync/testing.h"

struct bothy_ref {
	_Atomic unsigned holds;
	enum bothy_ref_kind kind;
	/* Decoded parts, in the same block; NULL where the kind has none. */
	const char *entity, *project, *name, *digest;
	const char *extra;   /* encoded and canonical, or NULL */
	size_t tenant_bytes; /* of entity and project, which lie in a row, NULs included */
};

/* The parts of a ref to be, decoded (but for the extra) and checked by ref_new(). */
struct ref_parts {
	enum bothy_ref_kind kind;
	const char *entity, *project, *name, *digest;
	const char *extra; /* encoded and canonical already, or NULL */
};

/* -EINVAL for a part outside the grammar, -ENOMEM. */
int ref_new(const struct ref_parts *parts, bothy_ref **ret_ref);

static inline bothy_ref *ref_hold(bothy_ref *ref)
{
	/* Relaxed: whoever adds a hold has one, or a lock that keeps one there. */
	(void)atom_add(&ref->holds, 1, relaxed);
	return ref;
}

/* Free a ref that nobody holds any more. */
void ref_end(bothy_ref *ref);

static inline void ref_release(bothy_ref *ref)
{
	if (ref != NULL && holds_drop_or_tear(&ref->holds, PLANTED(REF_NOT_ATOMIC)))
		ref_end(ref);
}

/* Whether NAME can be an entity or project: not NULL nor empty, no '/' and no ':'. */
bool ref_is_tenant_name(const char *name);

#endif
