/*
 * Refs: what an object is known as, in this context.
 *
 * A ref value is immutable and counted.  It is one of
 *
 *     weave:///ENTITY/PROJECT/object/NAME:DIGEST[/EXTRA]
 *     weave:///ENTITY/PROJECT/op/NAME:DIGEST[/EXTRA]
 *     weave:///ENTITY/PROJECT/table/DIGEST
 *     weave:///ENTITY/PROJECT/call/ID[/EXTRA]
 *
 * where EXTRA repeats (key|index|attr|id)/VALUE.  Each part is percent-encoded
 * outside A-Za-z0-9_.-~ (RFC 3986), none is empty, none holds a NUL; entity and
 * project hold no '/' and no ':'; a digest is [A-Za-z0-9_-]+, and stands as it is.
 */
#ifndef BOTHY_REF_H
#define BOTHY_REF_H

#include <bothy/base.h>

BOTHY_BEGIN_DECLS

/* ---- ref values ------------------------------------------------------------ */

enum bothy_ref_kind {
	BOTHY_REF_OBJECT = 0,
	BOTHY_REF_OP = 1,
	BOTHY_REF_TABLE = 2,
	BOTHY_REF_CALL = 3
};

/* What one step of EXTRA follows. */
enum bothy_ref_edge {
	BOTHY_REF_KEY = 0,   /* a dictionary's key */
	BOTHY_REF_INDEX = 1, /* a list's index, in decimal without leading zeros */
	BOTHY_REF_ATTR = 2,  /* an attribute */
	BOTHY_REF_ID = 3     /* a table row's digest or id */
};

/*
 * Make a ref.  The strings are plain (not percent-encoded) and are copied.
 *
 * Ownership: the caller's one hold on *ret_ref; end it with bothy_ref_release().
 * Threads:   any.
 * Errors:    -EINVAL for a part that is NULL, empty, outside the grammar or of 512 MiB or
 *            more; -ENOMEM, also if they have so much together.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_ref_new_object(const char *entity, const char *project,
                                                    const char *name, const char *digest,
                                                    bothy_ref **ret_ref);
BOTHY_API BOTHY_MUST_CHECK int bothy_ref_new_op(const char *entity, const char *project,
                                                const char *name, const char *digest,
                                                bothy_ref **ret_ref);
BOTHY_API BOTHY_MUST_CHECK int bothy_ref_new_table(const char *entity, const char *project,
                                                   const char *digest, bothy_ref **ret_ref);
BOTHY_API BOTHY_MUST_CHECK int bothy_ref_new_call(const char *entity, const char *project,
                                                  const char *id, bothy_ref **ret_ref);

/*
 * Make the ref one step below REF: its EXTRA with EDGE/VALUE at the end.
 *
 * Ownership: REF stays the caller's; *ret_ref is a new hold.
 * Errors:    -EINVAL for a table's ref, an unknown edge, an empty value, one of 512 MiB or
 *            more, or an index that is no number; -ENOMEM.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_ref_extend(const bothy_ref *ref, enum bothy_ref_edge edge,
                                                const char *value, bothy_ref **ret_ref);

/*
 * Read a URI.  Any percent-encoding of a legal part is understood (a digest has none); what
 * is formatted again is canonical: upper-case hex digits, and nothing encoded that need not
 * be.
 *
 * Ownership: *ret_ref is a new hold.
 * Errors:    -EINVAL for every URI outside the grammar; -ENOMEM.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_ref_parse(const char *uri, bothy_ref **ret_ref);

/*
 * Write the canonical URI to BUFFER, as snprintf() does: at most BYTES with the NUL at
 * its end, nothing for BYTES 0.
 *
 * Returns the length of the whole URI without the NUL (the one count that this library
 * returns), or -EINVAL for a NULL ref, or a NULL buffer with BYTES not 0.
 */
BOTHY_API int bothy_ref_format(const bothy_ref *ref, char *buffer, size_t bytes);

/*
 * The parts, decoded.  They live as long as the ref.  A call's id is its digest; a part
 * that its kind does not have is NULL, as is every part of a NULL ref.  The extra is
 * in its encoded, canonical form ("key/rows/index/3"), NULL without one.
 */
BOTHY_API enum bothy_ref_kind bothy_ref_kind(const bothy_ref *ref);
BOTHY_API const char *bothy_ref_entity(const bothy_ref *ref);
BOTHY_API const char *bothy_ref_project(const bothy_ref *ref);
BOTHY_API const char *bothy_ref_name(const bothy_ref *ref);
BOTHY_API const char *bothy_ref_digest(const bothy_ref *ref);
BOTHY_API const char *bothy_ref_extra(const bothy_ref *ref);

/* Whether both name the same thing.  Two NULLs are equal. */
BOTHY_API bool bothy_ref_equal(const bothy_ref *a, const bothy_ref *b);

/* One hold more; returns REF.  Any thread. */
BOTHY_API bothy_ref *bothy_ref_hold(bothy_ref *ref);

/* One hold less; the last one frees it.  Any thread; NULL is fine. */
BOTHY_API void bothy_ref_release(bothy_ref *ref);

/* ---- refs of objects --------------------------------------------------------- */

/*
 * Embed one in each object that can have a ref.  All zero is a valid, ref-less object.
 *
 * The identity is the embedded struct's address and a serial number that is never used
 * twice, so a copied or moved object has no ref, and an object in memory that is used
 * again does not inherit the former one's, even if bothy_object_fini() was forgotten or
 * the object was moved without it (then the former object's last ref leaks).
 *
 * Never copy a struct back over the object it was copied from, nor there once that has
 * ended: it would be the object again, with a last ref that may be freed by now.
 */
struct bothy_object {
	uint64_t bothy_private[4];
};

/* Make OBJECT a ref-less object, whatever its memory held.  Any thread. */
BOTHY_API void bothy_object_init(struct bothy_object *object);

/*
 * End OBJECT: its refs are gone, in every context.  Call it before the memory is freed
 * or used for something else.  OBJECT is ref-less then and may be used again.
 *
 * Threads: any, but no other call may be using OBJECT.
 */
BOTHY_API void bothy_object_fini(struct bothy_object *object);

/*
 * Make REF the object's ref in the current context, and its last ref (see below).
 * NULL removes both.
 *
 * Ownership: takes a hold of its own, released when the context exits, the ref is
 *            replaced or the object is ended.
 * Threads:   any number at once, each in a context of its own or in none.
 * Errors:    -ENOMEM, and the object's refs are as they were.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_object_set_ref(struct bothy_object *object, bothy_ref *ref);

/*
 * The object's ref: this context's, or else the last one that anyone put on it, as far
 * as the context's fallback (enum bothy_ref_fallback) allows.  Outside any context the
 * last ref is what there is.
 *
 * Ownership: *ret_ref is a hold on the very ref that was set; release it.
 * Threads:   any number at once.
 * Errors:    -ENOENT without a ref.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_object_get_ref(struct bothy_object *object,
                                                    bothy_ref **ret_ref);

/*
 * The same three for objects of a type that you can't change, known by address alone.
 *
 * Bothy can't see such an object end: call bothy_address_forget() before its memory is
 * freed, or the next object there inherits the ref.
 *
 * Errors: as above; -EINVAL for a NULL address.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_address_set_ref(void *address, bothy_ref *ref);
BOTHY_API BOTHY_MUST_CHECK int bothy_address_get_ref(void *address, bothy_ref **ret_ref);
BOTHY_API void bothy_address_forget(void *address);

BOTHY_END_DECLS

#endif
