/*
 * Jobs that do a thousand times what others do once.
 */
#include "stress/saboteurs/families.h"
#include "stress/ledger.h"
#include "stress/violation.h"

#define CROWD 1000u

static void check_hooks(const struct saboteur *saboteur)
{
	saboteur_expect(saboteur, "hooks called", CROWD, saboteur->planned);
	saboteur_expect(saboteur, "hooks called of those set", saboteur->planned, saboteur->seen);
}

/* ---- locals ----------------------------------------------------------------------------------- */

static const char keys[CROWD];

static void destroy(void *value)
{
	struct saboteur *saboteur = value;

	saboteur->seen++;
	ledger_count(LEDGER_LOCALS_DESTROYED);
}

static int set_locals(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	for (unsigned i = 0; i < CROWD; i++) {
		if (violation_call("bothy_local_set", bothy_local_set(&keys[i], saboteur, destroy)))
			return 0;
		saboteur->planned++;
		ledger_count(LEDGER_LOCALS_SET);
	}
	for (unsigned i = 0; i < CROWD; i += 97)
		saboteur_expect(saboteur, "a local is there", 1,
		                bothy_local_get(&keys[i]) == saboteur);
	return 0;
}

/* ---- deferred functions ----------------------------------------------------------------------- */

struct place {
	struct saboteur *saboteur;
	unsigned i;
};

/* The newest first. */
static void called(void *arg)
{
	const struct place *place = arg;
	struct saboteur *saboteur = place->saboteur;

	saboteur_expect(saboteur, "deferred function", CROWD - 1 - saboteur->seen, place->i);
	saboteur->seen++;
	ledger_count(LEDGER_DEFERRED_RUN);
}

static int defer(struct saboteur *saboteur, void **ret_result)
{
	struct place *places = bothy_context_alloc(CROWD * sizeof(*places));

	(void)ret_result;
	for (unsigned i = 0; i < CROWD && places != NULL; i++) {
		places[i] = (struct place){saboteur, i};
		if (violation_call("bothy_context_defer", bothy_context_defer(called, &places[i])))
			return 0;
		saboteur->planned++;
		ledger_count(LEDGER_DEFERRED);
	}
	return 0;
}

/* ---- objects with refs ------------------------------------------------------------------------ */

/* Each object is gone before its ref is: so the last ref of each goes with it. */
static int set_refs(struct saboteur *saboteur, void **ret_result)
{
	struct bothy_object *objects = bothy_context_alloc(CROWD * sizeof(*objects));
	bothy_ref *ref, *found;

	(void)ret_result;
	if (objects == NULL ||
	    violation_call("bothy_ref_new_object",
	                   bothy_ref_new_object("saboteurs", "crowd", "object", "digest", &ref)))
		return 0;
	ledger_count(LEDGER_REFS_MADE);
	for (unsigned i = 0; i < CROWD; i++) {
		bothy_object_init(&objects[i]);
		violation_call("bothy_object_set_ref", bothy_object_set_ref(&objects[i], ref));
	}
	for (unsigned i = 0; i < CROWD; i++) {
		found = NULL;
		violation_call("bothy_object_get_ref", bothy_object_get_ref(&objects[i], &found));
		saboteur_expect(saboteur, "its ref is there", 1, found == ref);
		bothy_ref_release(found);
		bothy_object_fini(&objects[i]);
	}
	bothy_ref_release(ref);
	return 0;
}

const struct sabotage sabotage_crowds[] = {
	{"locals-1000", "sets a thousand locals", set_locals, IS(DONE), .check = check_hooks},
	{"deferred-1000", "defers a thousand functions", defer, IS(DONE), .check = check_hooks},
	{"refs-1000", "sets refs on a thousand objects", set_refs, IS(DONE), .check = NULL},
	{.name = NULL},
};
