/*
 * Embedded objects.
 *
 * Locking
 *   Eight process-wide stripes, chosen by the object's address, guard all writes of its
 *   words, and the last ref.  A ref's hold is taken under the stripe, so it can't end in
 *   between; holds of refs that are replaced are released after the stripe.
 *
 * Unlocked reads
 *   object_serial() reads `self`, then `serial`, without the stripe.  Whoever gives an object
 *   its identity writes serial 0, then the self, then the serial: a reader that sees the self
 *   sees 0 or the new serial, and never that of the object which this one is a copy of.  Both
 *   change only so, or in init and fini, which by contract overlap no other call.
 *
 *   object_last_set() leaves an object alone whose last ref is what it is to be.  The caller
 *   has a hold on that ref, so no other one can have its address: to have seen the word is
 *   to have set it just then.
 */
#include "refs/object.h"

#include <string.h>

#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/testing.h"

/* The words of a struct bothy_object. */
struct words {
	uint64_t self;   /* its own address, once it has a serial */
	uint64_t serial; /* 0: none */
	uint64_t last;   /* a bothy_ref, held, and OWN; or 0 */
	uint64_t unused;
};

_Static_assert(sizeof(struct words) == sizeof(struct bothy_object), "one for one");

static struct lock stripes[FORK_STRIPES];

__attribute__((constructor)) static void stripes_init(void)
{
	for (int i = 0; i < FORK_STRIPES; i++)
		lock_init(&stripes[i]);
	fork_protect(FORK_RANK_OBJECT, stripes, FORK_STRIPES);
}

static struct lock *stripe_of(const void *object)
{
	return &stripes[fork_stripe(object)];
}

/* ---- serial numbers ------------------------------------------------------------------------ */

enum { SERIAL_BLOCK = 1024 };

static _Atomic uint64_t serials = 1;
static _Thread_local uint64_t next_serial, end_serial;

uint64_t serial_new(void)
{
	if (next_serial == end_serial) {
		/* Relaxed: the number itself is all. */
		next_serial = atom_add(&serials, SERIAL_BLOCK, relaxed);
		end_serial = next_serial + SERIAL_BLOCK + PLANTED(SERIAL_BLOCKS_OVERLAP);
	}
	return next_serial++;
}

/* ---- identity ------------------------------------------------------------------------------- */

/* The library's words in the user's struct; of the same size, and compatible: both are
 * accessed as uint64_t. */
static uint64_t *word(const struct bothy_object *object, size_t offset)
{
	return (uint64_t *)&object->bothy_private[offset / sizeof(uint64_t)];
}

#define WORD(object, name) word((object), offsetof(struct words, name))

static uint64_t address_of(const struct bothy_object *object)
{
	return (uint64_t)(uintptr_t)object;
}

uint64_t object_serial(const struct bothy_object *object)
{
	/* Acquire: pairs with the release of the self in identify_locked(). */
	if (atom_plain_load(WORD(object, self), acquire) != address_of(object) &&
	    !PLANTED(COPY_IS_ORIGINAL))
		return 0;
	/* Acquire: pairs with the release of the serial there. */
	return atom_plain_load(WORD(object, serial), acquire);
}

static bool is_itself_locked(const struct bothy_object *object)
{
	return *WORD(object, self) == address_of(object);
}

static uint64_t identify_locked(struct bothy_object *object)
{
	uint64_t serial;

	if (is_itself_locked(object) && *WORD(object, serial) != 0)
		return *WORD(object, serial);
	/* New, or a copy: whatever the other words are, they are another object's.
	 * Relaxed: the release of the self publishes that there is no last ref. */
	atom_plain_store(WORD(object, last), 0, relaxed);
	serial = PLANTED(SERIAL_REUSED) ? address_of(object) : serial_new();
	/* Relaxed: the release of the self publishes it. */
	atom_plain_store(WORD(object, serial), 0, relaxed);
	/* Release, both: they pair with the acquires in object_serial(). */
	atom_plain_store(WORD(object, self), address_of(object), release);
	atom_plain_store(WORD(object, serial), serial, release);
	return serial;
}

uint64_t object_identify(struct bothy_object *object)
{
	uint64_t serial = object_serial(object);

	if (serial != 0)
		return serial;
	if (PLANTED(IDENTIFIED_TWICE))
		return identify_locked(object);
	lock_acquire(stripe_of(object));
	serial = identify_locked(object);
	lock_release(stripe_of(object));
	return serial;
}

/* ---- the last ref ------------------------------------------------------------------------------- */

/* The word's lowest bit, which a ref's address leaves free: see struct last. */
#define OWN UINT64_C(1)

static uint64_t last_word(const bothy_ref *ref, bool own)
{
	return ref != NULL ? (uint64_t)(uintptr_t)ref | (own ? OWN : 0) : 0;
}

static bothy_ref *last_ref(uint64_t word)
{
	return (bothy_ref *)(uintptr_t)(word & ~OWN);
}

/* What was there, with the hold on it. */
static bothy_ref *last_swap(struct bothy_object *object, uint64_t wanted)
{
	struct lock *stripe = stripe_of(object);
	bothy_ref *old;

	lock_acquire(stripe);
	(void)identify_locked(object);
	old = last_ref(*WORD(object, last));
	/* Relaxed: others read it under the stripe, or as object_last_set() does. */
	atom_plain_store(WORD(object, last), wanted, relaxed);
	lock_release(stripe);
	return old;
}

void object_last_set(struct bothy_object *object, bothy_ref *ref, bool own)
{
	uint64_t wanted = last_word(ref, own);
	bothy_ref *old;

	/* Relaxed: the acquire of the self shows at least the word that identify_locked() wrote,
	 * and what the ref points to, the caller has already. */
	if (object_serial(object) != 0 && atom_plain_load(WORD(object, last), relaxed) == wanted)
		return;
	if (ref != NULL)
		(void)ref_hold(ref);
	old = last_swap(object, wanted);
	if (!PLANTED(LAST_REF_LEAKED))
		ref_release(old);
}

struct last object_last_get(struct bothy_object *object)
{
	struct lock *stripe = stripe_of(object);
	struct last last = {NULL, false};

	lock_acquire(stripe);
	if (is_itself_locked(object) && *WORD(object, serial) != 0)
		last = (struct last){last_ref(*WORD(object, last)),
		                     (*WORD(object, last) & OWN) != 0};
	if (last.ref != NULL && !PLANTED(LAST_HOLD_LATE))
		(void)ref_hold(last.ref);
	lock_release(stripe);
	if (last.ref != NULL && PLANTED(LAST_HOLD_LATE))
		(void)ref_hold(last.ref);
	return last;
}

uint64_t object_end(struct bothy_object *object)
{
	struct lock *stripe = stripe_of(object);
	bothy_ref *old = NULL;
	uint64_t serial = 0;

	lock_acquire(stripe);
	if (is_itself_locked(object)) {
		serial = *WORD(object, serial);
		old = last_ref(*WORD(object, last));
	}
	memset(object, 0, sizeof(*object));
	lock_release(stripe);
	ref_release(old);
	return serial;
}
