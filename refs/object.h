/*
 * Objects that can have refs: their identity, and the last ref that anyone put on them.
 *
 * An object is a struct bothy_object (its own memory holds the state) or a bare address
 * (a side table does: address.h).  Both give the same three things: a serial number, the
 * last ref, and whether its writer may hand it on ("own", see struct last).
 */
#ifndef REFS_OBJECT_H
#define REFS_OBJECT_H

#include <stdint.h>

#include "refs/ref.h"

/* The last ref that anyone put on an object. */
struct last {
	bothy_ref *ref; /* held */
	/* Whether the writer was of the very project that the ref names, or in no context:
	 * the same-project fallback is for such refs alone. */
	bool own;
};

/* The object's serial number, which no other object ever has; 0 if it has none yet, or
 * is a copy of one that has.  Any number of threads. */
uint64_t object_serial(const struct bothy_object *object);

/* The same, but take a number if it has none.  Any number of threads. */
uint64_t object_identify(struct bothy_object *object);

/* Make REF the last one (NULL: none); takes a hold. */
void object_last_set(struct bothy_object *object, bothy_ref *ref, bool own);

/* The last ref with a hold for the caller; its ref is NULL without one. */
struct last object_last_get(struct bothy_object *object);

/* End the object: no serial, no last ref.  Returns the serial it had, or 0. */
uint64_t object_end(struct bothy_object *object);

/* A new serial number; blocks of them are taken per thread. */
uint64_t serial_new(void);

#endif
