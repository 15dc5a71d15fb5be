/*
 * Objects and bare addresses, whose refs several threads set, read and end, each in a context of
 * its own or in none.  No more refs may be left than there were.
 *
 * A thread takes serial numbers in blocks.  So that a schedule is the same whatever was run before
 * it, the scenario's own thread takes one in each run, or none.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <bothy/bothy.h>

#include "sync/park.h"
#include "sync/testing.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

static struct bothy_object object;
static char thing; /* known by its address */
static bothy_ref *first, *second;
static struct parker set, ended;
static unsigned long destroyed; /* refs, when `first` was left to the object alone */

static bothy_ref *ref_of(const char *digest)
{
	bothy_ref *ref;

	SIM_CHECK(bothy_ref_new_object("ann", "p", "o", digest, &ref) == 0);
	return ref;
}

static void begin(void)
{
	bothy_object_init(&object);
	first = ref_of("first");
	second = ref_of("second");
	parker_init(&set);
	parker_init(&ended);
}

static void end(void)
{
	bothy_object_fini(&object);
	bothy_address_forget(&thing);
	bothy_ref_release(first);
	bothy_ref_release(second);
	SIM_CHECK(testing_counts.refs_made == testing_counts.refs_destroyed);
}

/* A context that sees whatever was put on an object last. */
static bothy_context *enter(void)
{
	const struct bothy_context_options options = {.size = sizeof(options),
	                                              .refs = BOTHY_REFS_ANY};
	bothy_context *context;

	SIM_CHECK(bothy_context_enter(NULL, "ann", "p", &options, &context) == 0);
	return context;
}

/* ---- the last ref ------------------------------------------------------------------------ */

/* Let GOT go, which was read and is there, though nobody else may hold it any more. */
static void put(bothy_ref *got)
{
	if (got != second)
		SIM_CHECK(testing_counts.refs_destroyed == destroyed);
	SIM_CHECK(strcmp(bothy_ref_name(got), "o") == 0);
	bothy_ref_release(got);
}

static void give_up_first(void)
{
	bothy_ref_release(first);
	first = NULL;
	destroyed = testing_counts.refs_destroyed;
}

static void get_last(void *ignored)
{
	bothy_context *context = enter();
	bothy_ref *got;

	(void)ignored;
	SIM_CHECK(bothy_object_get_ref(&object, &got) == 0);
	put(got);
	SIM_CHECK(bothy_context_exit(context) == 0);
}

static void the_last_ref_is_replaced_while_it_is_read(void)
{
	struct thread reader;

	begin();
	SIM_CHECK(bothy_object_set_ref(&object, first) == 0);
	give_up_first();
	reader = client(get_last, NULL);
	SIM_CHECK(bothy_object_set_ref(&object, second) == 0);
	thread_join(&reader);
	end();
}

/* ---- the end of an object ---------------------------------------------------------------- */

/* The object that this context has a ref of is ended elsewhere, and its memory is another's. */
static void get_after_its_end(void *ignored)
{
	bothy_context *context = enter();
	bothy_ref *got;

	(void)ignored;
	SIM_CHECK(bothy_object_set_ref(&object, first) == 0);
	parker_wake(&set);
	(void)parker_park(&ended, BOTHY_FOREVER);
	if (bothy_object_get_ref(&object, &got) == 0) {
		SIM_CHECK(got == second);
		bothy_ref_release(got);
	}
	SIM_CHECK(bothy_context_exit(context) == 0);
}

static void an_object_ends_that_another_context_has_a_ref_of(void)
{
	struct thread owner;

	begin();
	owner = client(get_after_its_end, NULL);
	(void)parker_park(&set, BOTHY_FOREVER);
	bothy_object_fini(&object);
	parker_wake(&ended);
	SIM_CHECK(bothy_object_set_ref(&object, second) == 0);
	thread_join(&owner);
	end();
}

/* ---- the beginning ----------------------------------------------------------------------- */

/* Put REF on the object, which may have had none: in this context it is REF. */
static void set_first(void *ref)
{
	bothy_context *context = enter();
	bothy_ref *got;

	SIM_CHECK(bothy_object_set_ref(&object, ref) == 0);
	SIM_CHECK(bothy_object_get_ref(&object, &got) == 0);
	SIM_CHECK(got == ref);
	bothy_ref_release(got);
	SIM_CHECK(bothy_context_exit(context) == 0);
}

static void two_contexts_have_an_objects_first_refs(void)
{
	struct thread one, other;

	begin();
	one = client(set_first, first);
	other = client(set_first, second);
	thread_join(&one);
	thread_join(&other);
	end();
}

static void set_address(void *ref)
{
	SIM_CHECK(bothy_address_set_ref(&thing, ref) == 0);
}

static void an_addresss_first_refs_come_at_once(void)
{
	struct thread one, other;
	bothy_ref *got;

	begin();
	one = client(set_address, first);
	other = client(set_address, second);
	thread_join(&one);
	thread_join(&other);
	bothy_address_forget(&thing);
	SIM_CHECK(bothy_address_get_ref(&thing, &got) == -ENOENT);
	end();
}

/* ---- the end of an address --------------------------------------------------------------- */

static void an_address_is_forgotten_while_its_ref_is_set(void)
{
	struct thread setter;

	begin();
	setter = client(set_address, first);
	bothy_address_forget(&thing);
	thread_join(&setter);
	end();
}

static void get_address(void *ignored)
{
	bothy_context *context = enter();
	bothy_ref *got;
	int error;

	(void)ignored;
	error = bothy_address_get_ref(&thing, &got);
	SIM_CHECK(error == 0 || error == -ENOENT);
	if (error == 0)
		put(got);
	SIM_CHECK(bothy_context_exit(context) == 0);
}

static void an_address_is_forgotten_while_its_ref_is_read(void)
{
	struct thread reader;

	begin();
	set_address(first);
	give_up_first();
	reader = client(get_address, NULL);
	bothy_address_forget(&thing);
	thread_join(&reader);
	end();
}

static const struct scenario scenarios[] = {
	{"the_last_ref_is_replaced_while_it_is_read", the_last_ref_is_replaced_while_it_is_read,
         "LAST_HOLD_LATE"},
	{"an_object_ends_that_another_context_has_a_ref_of",
         an_object_ends_that_another_context_has_a_ref_of, "SERIAL_REUSED"},
	{"two_contexts_have_an_objects_first_refs", two_contexts_have_an_objects_first_refs,
         "IDENTIFIED_TWICE"},
	{"an_addresss_first_refs_come_at_once", an_addresss_first_refs_come_at_once,
         "ADDRESS_ADDED_TWICE"},
	{"an_address_is_forgotten_while_its_ref_is_set",
         an_address_is_forgotten_while_its_ref_is_set, "ROW_USED_UNLOCKED"},
	{"an_address_is_forgotten_while_its_ref_is_read",
         an_address_is_forgotten_while_its_ref_is_read, "LAST_HOLD_LATE"},
};

SCENARIOS(scenarios)
