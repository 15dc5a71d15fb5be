/*
 * Ref values: immutable, counted.  Inside the library a ref is const but for its count.
 */
#ifndef REFS_REF_H
#define REFS_REF_H

#include <limits.h>

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

/* Of a part, and of all together.  So the length of a URI, of at most three characters a byte, is an
 * int; and the lengths of parts, where size_t has 32 bits, can be added before they are looked at. */
#define REF_BYTES_MAX ((size_t)INT_MAX / 4)

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

/* Whether TEXT is not NULL, nor empty, nor too long. */
bool ref_is_part(const char *text);

/* Whether NAME can be an entity or project: such a part, without '/' and ':'. */
bool ref_is_tenant_name(const char *name);

#endif
