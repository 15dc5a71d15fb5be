/*
 * Locking.  A slot belongs to the job that set `taken`; the acquire there pairs with the
 * release when it is given back, as in any allocator: so the next job sees that the
 * former object was ended.
 */
#include "stress/reuse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/ids.h"
#include "stress/ledger.h"
#include "stress/violation.h"

#define SLOTS 256u

static struct slot {
	_Atomic bool taken;
	bool had_ref; /* the former object here had one; guarded by taken */
	union {
		struct bothy_object object;
		char bare[32];
	} memory;
} slots[SLOTS];

static struct slot *take(struct rng *rng)
{
	for (unsigned i = 0; i < 8; i++) {
		struct slot *slot = &slots[rng_below(rng, SLOTS)];

		if (!atomic_exchange_explicit(&slot->taken, true, memory_order_acquire))
			return slot;
	}
	return NULL;
}

static void give_back(struct slot *slot)
{
	atomic_store_explicit(&slot->taken, false, memory_order_release);
}

/* Objects in even slots embed a struct bothy_object; what is in odd ones can't. */
static bool embeds(const struct slot *slot)
{
	return (slot - slots) % 2 == 0;
}

static int slot_get(struct slot *slot, bothy_ref **ret_ref)
{
	return embeds(slot) ? bothy_object_get_ref(&slot->memory.object, ret_ref)
	                    : bothy_address_get_ref(slot->memory.bare, ret_ref);
}

static int slot_set(struct slot *slot, bothy_ref *ref)
{
	return embeds(slot) ? bothy_object_set_ref(&slot->memory.object, ref)
	                    : bothy_address_set_ref(slot->memory.bare, ref);
}

static void slot_end(struct slot *slot)
{
	if (embeds(slot))
		bothy_object_fini(&slot->memory.object);
	else
		bothy_address_forget(slot->memory.bare);
}

static void expect_none(const struct visit *visit, const char *what, int error, bothy_ref *ref)
{
	char seen[160];

	if (error == -ENOENT)
		return;
	violation(VIOLATION_STALE_REF, "%s in job %" PRIu64 " (%s): expected no ref, seen %s (%d)",
	          what, visit->task->number, task_kind_name(visit->task),
	          visit_ref_text(ref, seen, sizeof(seen)), error);
	bothy_ref_release(ref);
}

/* Make a fresh object there.  What fini left is one, all zero is one, and init makes one
 * of anything. */
static void make(struct visit *visit, struct slot *slot)
{
	bothy_ref *ref = NULL;
	int error;

	switch (rng_below(&visit->rng, 3)) {
	case 0:
		memset(&slot->memory, 0, sizeof(slot->memory));
		break;
	case 1:
		memset(&slot->memory, (int)(visit->id & 0xff), sizeof(slot->memory));
		if (embeds(slot))
			bothy_object_init(&slot->memory.object);
		break;
	default:
		break;
	}
	error = slot_get(slot, &ref);
	expect_none(visit, "a fresh object at an address used before", error, ref);
	if (error == -ENOENT && slot->had_ref)
		ledger_count(LEDGER_REUSES);
	slot->had_ref = false;
}

/* Set a ref of TENANT's, and read that very one. */
static void use(struct visit *visit, struct slot *slot, const struct tenant *tenant, char mark)
{
	bothy_ref *ref = visit_make_ref(visit, tenant, "reused", mark), *seen = NULL;

	if (ref == NULL)
		return;
	if (!violation_call("set_ref", slot_set(slot, ref))) {
		slot->had_ref = true;
		if (slot_get(slot, &seen) != 0 || seen != ref)
			violation(VIOLATION_OWN_REF,
			          "job %" PRIu64 ": expected the ref it set on a "
			          "fresh object, seen another or none",
			          visit->task->number);
		bothy_ref_release(seen);
	}
	bothy_ref_release(ref);
}

static void check_copy(const struct visit *visit, const struct slot *slot)
{
	struct bothy_object copy = slot->memory.object;
	bothy_ref *ref = NULL;
	int error = bothy_object_get_ref(&copy, &ref);

	expect_none(visit, "a copy of an object", error, ref);
}

/* Of the object that was made in a context inside this one, this one can at most see the
 * ref that was set there; never that of the object before, which its table still has. */
static void check_replaced(const struct visit *visit, struct slot *slot)
{
	bothy_ref *ref = NULL;
	int error = slot_get(slot, &ref);

	if (error == 0 && bothy_ref_digest(ref)[0] == 'n')
		bothy_ref_release(ref);
	else
		expect_none(visit, "an object that another context made", error, ref);
}

/* End the object in a context inside this one, and put another in its place. */
static void replace_inside(struct visit *visit, struct slot *slot)
{
	const struct tenant *other = tenant_other(&visit->rng, visit->tenant);
	bothy_context *inner;

	if (violation_call("bothy_context_enter",
	                   bothy_context_enter(NULL, other->entity, other->project, NULL, &inner)))
		return;
	ids_note(bothy_context_id());
	slot_end(slot);
	make(visit, slot);
	use(visit, slot, other, 'n');
	violation_call("bothy_context_exit", bothy_context_exit(inner));
	check_replaced(visit, slot);
	use(visit, slot, visit->tenant, 'o');
}

/* What malloc() hands out again, where it does. */
static void reuse_heap(struct visit *visit)
{
	struct bothy_object *object = calloc(1, sizeof(*object));
	bothy_ref *ref = visit_make_ref(visit, visit->tenant, "heap", 'o'), *seen = NULL;
	uintptr_t before = (uintptr_t)object;

	if (object != NULL && ref != NULL)
		violation_call("bothy_object_set_ref", bothy_object_set_ref(object, ref));
	bothy_ref_release(ref);
	if (object != NULL)
		bothy_object_fini(object);
	free(object);
	object = malloc(sizeof(*object));
	if (object == NULL)
		return;
	bothy_object_init(object);
	expect_none(visit, "a fresh object on the heap", bothy_object_get_ref(object, &seen), seen);
	if ((uintptr_t)object == before)
		ledger_count(LEDGER_REUSES);
	bothy_object_fini(object);
	free(object);
}

void reuse_stay(struct visit *visit)
{
	struct slot *slot = take(&visit->rng);

	if (slot != NULL) {
		make(visit, slot);
		use(visit, slot, visit->tenant, 'o');
		if (embeds(slot) && rng_one_in(&visit->rng, 8))
			check_copy(visit, slot);
		if (rng_one_in(&visit->rng, 8))
			replace_inside(visit, slot);
		slot_end(slot);
		give_back(slot);
	}
	if (rng_one_in(&visit->rng, 16))
		reuse_heap(visit);
}
