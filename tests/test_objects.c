/*
 * The refs of objects, as contexts see them.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "sync/testing.h"
#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"

static bothy_context *enter_of(const char *entity, const char *project,
                               enum bothy_ref_fallback fallback)
{
	struct bothy_context_options options = {.size = sizeof(options), .refs = fallback};
	bothy_context *context = NULL;

	ck_assert_int_eq(bothy_context_enter(NULL, entity, project, &options, &context), 0);
	return context;
}

/* In a context of its own of ENTITY's project p, put a ref that names NAMED's project p on
 * OBJECT. */
static void put_from(struct bothy_object *object, const char *entity, const char *named)
{
	bothy_context *context = enter(entity, "p");

	put_ref(object, named, "p", named);
	leave(context);
}

/* What a context of ENTITY's project p sees of OBJECT with that FALLBACK. */
static const char *seen_by(struct bothy_object *object, const char *entity,
                           enum bothy_ref_fallback fallback)
{
	bothy_context *context = enter_of(entity, "p", fallback);
	const char *name = ref_name_of(object);

	leave(context);
	return name;
}

#define ck_assert_seen(object, entity, fallback, name) \
	ck_assert_pstr_eq(seen_by((object), (entity), (fallback)), (name))

static void expect_all_refs_gone(void)
{
	ck_assert_uint_eq(testing_counts.refs_destroyed, testing_counts.refs_made);
}

/* ---- one's own refs ------------------------------------------------------------------- */

START_TEST(get_hands_out_a_hold_on_the_very_ref_that_was_set)
{
	struct bothy_object object = {0};
	bothy_context *context = enter("ann", "p");
	bothy_ref *ref = ref_of("ann", "p", "x"), *got = NULL;

	ck_assert_int_eq(bothy_object_set_ref(&object, ref), 0);
	ck_assert_int_eq(bothy_object_get_ref(&object, &got), 0);
	ck_assert_ptr_eq(got, ref);
	bothy_ref_release(ref);
	bothy_object_fini(&object);
	leave(context);
	ck_assert_str_eq(bothy_ref_name(got), "x");
	bothy_ref_release(got);
	expect_all_refs_gone();
}
END_TEST

START_TEST(a_contexts_own_ref_goes_before_the_last_one)
{
	struct bothy_object object = {0};
	bothy_context *context = enter_of("ann", "p", BOTHY_REFS_ANY);

	put_ref(&object, "ann", "p", "own");
	put_from(&object, "bob", "bob");
	ck_assert_ref(&object, "own");
	leave(context);
	ck_assert_ref(&object, "bob");
	bothy_object_fini(&object);
	expect_all_refs_gone();
}
END_TEST

START_TEST(setting_null_removes_the_own_ref_and_the_last_one)
{
	struct bothy_object object = {0};
	bothy_context *outer = enter("ann", "p");
	bothy_context *inner;

	put_ref(&object, "ann", "p", "x");
	inner = enter_of("ann", "p", BOTHY_REFS_ANY);
	ck_assert_ref(&object, "x");
	ck_assert_int_eq(bothy_object_set_ref(&object, NULL), 0);
	ck_assert_ref(&object, NULL);
	ck_assert_int_eq(bothy_object_set_ref(&object, NULL), 0);
	leave(inner);
	ck_assert_ref(&object, "x"); /* the outer one's own */
	ck_assert_int_eq(bothy_object_set_ref(&object, NULL), 0);
	ck_assert_ref(&object, NULL);
	leave(outer);
	ck_assert_ref(&object, NULL);
	expect_all_refs_gone();
}
END_TEST

START_TEST(an_object_without_a_ref_has_none)
{
	struct bothy_object object;
	bothy_ref *got = NULL;

	memset(&object, 0xab, sizeof(object));
	bothy_object_init(&object);
	ck_assert_int_eq(bothy_object_get_ref(&object, &got), -ENOENT);
	ck_assert_int_eq(bothy_object_set_ref(&object, NULL), 0);
	ck_assert_ptr_null(got);
	bothy_object_fini(&object);
	ck_assert_int_eq(bothy_object_set_ref(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_object_get_ref(NULL, &got), -EINVAL);
	ck_assert_int_eq(bothy_object_get_ref(&object, NULL), -EINVAL);
	bothy_object_init(NULL);
	bothy_object_fini(NULL);
}
END_TEST

START_TEST(an_object_that_has_ended_has_no_ref_in_any_context)
{
	struct bothy_object object = {0};
	bothy_context *outer = enter_of("ann", "p", BOTHY_REFS_ANY);
	bothy_context *inner;

	put_ref(&object, "ann", "p", "outer");
	inner = enter_of("ann", "p", BOTHY_REFS_ANY);
	put_ref(&object, "ann", "p", "inner");
	bothy_object_fini(&object);
	ck_assert_ref(&object, NULL);
	put_ref(&object, "ann", "p", "of another object");
	leave(inner);
	ck_assert_ref(&object, "of another object"); /* and not "outer" */
	leave(outer);
	bothy_object_fini(&object);
	expect_all_refs_gone();
}
END_TEST

START_TEST(the_end_of_an_object_releases_its_refs_here_at_once)
{
	struct bothy_object object = {0};
	bothy_context *context = enter("ann", "p");

	put_ref(&object, "ann", "p", "x");
	bothy_object_fini(&object);
	expect_all_refs_gone();
	put_ref(&object, "ann", "p", "x");
	ck_assert_int_eq(bothy_object_set_ref(&object, NULL), 0);
	expect_all_refs_gone();
	leave(context);
}
END_TEST

START_TEST(a_copied_object_has_no_ref_and_removing_it_spares_the_originals)
{
	struct bothy_object object = {0}, copy;
	bothy_context *context = enter("ann", "p");

	put_ref(&object, "ann", "p", "x");
	copy = object;
	ck_assert_ref(&copy, NULL);
	ck_assert_int_eq(bothy_object_set_ref(&copy, NULL), 0);
	ck_assert_ref(&object, "x");
	put_ref(&copy, "ann", "p", "y");
	ck_assert_ref(&object, "x");
	ck_assert_ref(&copy, "y");
	bothy_object_fini(&copy);
	ck_assert_ref(&object, "x");
	leave(context);
	ck_assert_ref(&object, "x");
	bothy_object_fini(&object);
	expect_all_refs_gone();
}
END_TEST

/* ---- the last ref --------------------------------------------------------------------- */

START_TEST(the_same_project_sees_what_it_put_there_itself)
{
	struct bothy_object object = {0};

	put_from(&object, "ann", "ann");
	ck_assert_seen(&object, "ann", BOTHY_REFS_SAME_PROJECT, "ann");
	ck_assert_seen(&object, "ann", BOTHY_REFS_ANY, "ann");
	ck_assert_seen(&object, "ann", BOTHY_REFS_NONE, NULL);
	bothy_object_fini(&object);
}
END_TEST

START_TEST(second_tenant_sees_no_refs_of_first)
{
	struct bothy_object object = {0};

	put_from(&object, "ann", "ann");
	ck_assert_seen(&object, "bob", BOTHY_REFS_SAME_PROJECT, NULL);
	ck_assert_seen(&object, "bob", BOTHY_REFS_NONE, NULL);
	ck_assert_seen(&object, "bob", BOTHY_REFS_ANY, "ann");
	bothy_object_fini(&object);
}
END_TEST

START_TEST(another_project_of_the_same_entity_sees_none_either)
{
	struct bothy_object object = {0};
	bothy_context *context;

	put_from(&object, "ann", "ann");
	context = enter("ann", "q");
	ck_assert_ref(&object, NULL);
	leave(context);
	bothy_object_fini(&object);
}
END_TEST

START_TEST(a_ref_that_names_another_project_than_its_writers_is_handed_to_neither)
{
	struct bothy_object object = {0};

	/* Bob's job says that the object is ann's: ann did not say so. */
	put_from(&object, "bob", "ann");
	ck_assert_seen(&object, "ann", BOTHY_REFS_SAME_PROJECT, NULL);
	ck_assert_seen(&object, "bob", BOTHY_REFS_SAME_PROJECT, NULL);
	ck_assert_seen(&object, "ann", BOTHY_REFS_ANY, "ann");
	bothy_object_fini(&object);
}
END_TEST

START_TEST(a_ref_set_outside_any_context_counts_by_what_it_names)
{
	struct bothy_object object = {0};

	put_ref(&object, "ann", "p", "outside");
	ck_assert_ref(&object, "outside");
	ck_assert_seen(&object, "ann", BOTHY_REFS_SAME_PROJECT, "outside");
	ck_assert_seen(&object, "bob", BOTHY_REFS_SAME_PROJECT, NULL);
	ck_assert_seen(&object, "bob", BOTHY_REFS_ANY, "outside");
	ck_assert_seen(&object, "ann", BOTHY_REFS_NONE, NULL);
	bothy_object_fini(&object);
	expect_all_refs_gone();
}
END_TEST

START_TEST(the_last_writer_counts_even_if_an_earlier_one_could_be_seen)
{
	struct bothy_object object = {0};

	put_from(&object, "ann", "ann");
	put_from(&object, "bob", "bob");
	ck_assert_seen(&object, "ann", BOTHY_REFS_SAME_PROJECT, NULL);
	ck_assert_seen(&object, "bob", BOTHY_REFS_SAME_PROJECT, "bob");
	bothy_object_fini(&object);
}
END_TEST

START_TEST(the_last_writer_counts_even_if_the_ref_is_the_same)
{
	struct bothy_object object = {0};
	static const char *const writers[] = {"ann", "bob", "bob", "ann", "ann"};
	bothy_ref *ref = ref_of("ann", "p", "x");

	for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
		bothy_context *context = enter(writers[i], "p");

		ck_assert_int_eq(bothy_object_set_ref(&object, ref), 0);
		leave(context);
		ck_assert_seen(&object, "ann", BOTHY_REFS_SAME_PROJECT,
		               strcmp(writers[i], "ann") == 0 ? "x" : NULL);
	}
	bothy_ref_release(ref);
	bothy_object_fini(&object);
	expect_all_refs_gone();
}
END_TEST

START_TEST(names_that_are_the_same_run_together_are_not_the_same_project)
{
	struct bothy_object object = {0};
	bothy_context *context = enter("an", "np");
	bothy_ref *got;

	put_ref(&object, "an", "np", "x");
	leave(context);
	context = enter_of("ann", "p", BOTHY_REFS_SAME_PROJECT);
	ck_assert_int_eq(bothy_object_get_ref(&object, &got), -ENOENT);
	leave(context);
	bothy_object_fini(&object);
	expect_all_refs_gone();
}
END_TEST

START_TEST(outside_any_context_the_last_ref_is_what_there_is)
{
	struct bothy_object object = {0};

	put_from(&object, "bob", "ann");
	ck_assert_ref(&object, "ann");
	bothy_object_fini(&object);
}
END_TEST

static struct bothy_object shared;

static void check_last(void *arg)
{
	ck_assert_ref(&shared, arg);
	put_ref(&shared, "ann", "p", "of the callback");
	note("called");
}

START_TEST(a_callback_that_belongs_to_no_context_counts_as_outside)
{
	pool_of(1);
	put_from(&shared, "bob", "ann");
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.fn = nothing, .arg = "ann", .arg_free = check_last))), 0);
	ck_assert_noted("called");
	ck_assert_seen(&shared, "ann", BOTHY_REFS_SAME_PROJECT, "of the callback");
	bothy_object_fini(&shared);
	expect_all_refs_gone();
}
END_TEST

/* ---- bare addresses ------------------------------------------------------------------- */

static char thing;

static const char *address_ref(void)
{
	static char name[64];
	bothy_ref *ref;

	if (bothy_address_get_ref(&thing, &ref) < 0)
		return NULL;
	strncpy(name, bothy_ref_name(ref), sizeof(name) - 1);
	bothy_ref_release(ref);
	return name;
}

static void put_address_ref(const char *entity, const char *name)
{
	bothy_ref *ref = ref_of(entity, "p", name);

	ck_assert_int_eq(bothy_address_set_ref(&thing, ref), 0);
	bothy_ref_release(ref);
}

START_TEST(a_bare_address_has_refs_as_an_object_has)
{
	bothy_context *ann = enter("ann", "p");
	bothy_context *bob;

	ck_assert_pstr_eq(address_ref(), NULL);
	put_address_ref("ann", "of ann");
	ck_assert_pstr_eq(address_ref(), "of ann");
	bob = enter("bob", "p");
	ck_assert_pstr_eq(address_ref(), NULL);
	put_address_ref("bob", "of bob");
	ck_assert_pstr_eq(address_ref(), "of bob");
	leave(bob);
	ck_assert_pstr_eq(address_ref(), "of ann");
	leave(ann);
	ck_assert_pstr_eq(address_ref(), "of bob");
	bob = enter_of("bob", "p", BOTHY_REFS_SAME_PROJECT);
	ck_assert_pstr_eq(address_ref(), "of bob");
	ck_assert_int_eq(bothy_address_set_ref(&thing, NULL), 0);
	ck_assert_pstr_eq(address_ref(), NULL);
	leave(bob);
	bothy_address_forget(&thing);
	bothy_address_forget(&thing);
	expect_all_refs_gone();
}
END_TEST

START_TEST(a_forgotten_address_is_another_object)
{
	bothy_context *outer = enter_of("ann", "p", BOTHY_REFS_ANY);
	bothy_context *inner;

	put_address_ref("ann", "old");
	inner = enter_of("ann", "p", BOTHY_REFS_ANY);
	bothy_address_forget(&thing);
	ck_assert_pstr_eq(address_ref(), NULL);
	leave(inner);
	ck_assert_pstr_eq(address_ref(), NULL);
	put_address_ref("ann", "new");
	ck_assert_pstr_eq(address_ref(), "new");
	leave(outer);
	bothy_address_forget(&thing);
	expect_all_refs_gone();
}
END_TEST

START_TEST(many_addresses_have_each_their_own_ref)
{
	enum { ADDRESSES = 20000 };
	static char things[ADDRESSES];
	bothy_context *ann = enter("ann", "p");
	bothy_ref *refs[2] = {ref_of("ann", "p", "even"), ref_of("ann", "p", "odd")};

	for (int i = 0; i < ADDRESSES; i++)
		ck_assert_int_eq(bothy_address_set_ref(&things[i], refs[i % 2]), 0);
	for (int i = 0; i < ADDRESSES; i++) {
		bothy_ref *got = NULL;

		ck_assert_int_eq(bothy_address_get_ref(&things[i], &got), 0);
		ck_assert_ptr_eq(got, refs[i % 2]);
		bothy_ref_release(got);
	}
	leave(ann);
	for (int i = 0; i < ADDRESSES; i++)
		bothy_address_forget(&things[i]);
	bothy_ref_release(refs[0]);
	bothy_ref_release(refs[1]);
	expect_all_refs_gone();
}
END_TEST

START_TEST(no_address_is_no_object)
{
	bothy_ref *ref = ref_of("ann", "p", "x");

	ck_assert_int_eq(bothy_address_set_ref(NULL, ref), -EINVAL);
	ck_assert_int_eq(bothy_address_get_ref(NULL, &ref), -EINVAL);
	ck_assert_int_eq(bothy_address_get_ref(&thing, NULL), -EINVAL);
	bothy_address_forget(NULL);
	ck_assert_int_eq(bothy_address_set_ref(&thing, NULL), 0);
	bothy_ref_release(ref);
}
END_TEST

/* ---- threads -------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 2000, OBJECTS = 8 };

static struct bothy_object objects[OBJECTS];

/* Each thread is another tenant, and all write and read the same objects. */
static void *be_tenant(void *arg)
{
	const char *entity = arg;

	gate_wait(&gate);
	for (int i = 0; i < ROUNDS; i++) {
		bothy_context *context = enter(entity, "p");
		struct bothy_object *object = &objects[i % OBJECTS];
		const char *seen = ref_name_of(object);

		ck_assert(seen == NULL || strcmp(seen, entity) == 0);
		put_ref(object, entity, "p", entity);
		ck_assert_ref(object, entity);
		if (i % 16 == 0) {
			ck_assert_int_eq(bothy_object_set_ref(object, NULL), 0);
			seen = ref_name_of(object);
			ck_assert(seen == NULL);
		}
		leave(context);
	}
	return NULL;
}

START_TEST(tenants_that_share_objects_see_their_own_refs_alone)
{
	static char entities[THREADS][4] = {"ann", "bob", "cyd", "dan"};
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		threads[i] = support_thread(be_tenant, entities[i]);
	gate_await(&gate, THREADS);
	gate_open(&gate);
	for (int i = 0; i < THREADS; i++)
		support_join(threads[i]);
	for (int i = 0; i < OBJECTS; i++)
		bothy_object_fini(&objects[i]);
	expect_all_refs_gone();
}
END_TEST

/* ---- without memory ------------------------------------------------------------------- */

START_TEST(without_memory_the_refs_are_as_they_were)
{
	bothy_context *context = enter("ann", "p");
	bothy_ref *new = ref_of("ann", "p", "new");
	bool failed = true;

	for (unsigned long n = 1; failed; n++) {
		struct bothy_object object = {0};
		bothy_context *inner;
		int error;

		put_ref(&object, "ann", "p", "old");
		inner = enter_of("ann", "p", BOTHY_REFS_ANY);
		support_fail_allocation(n);
		error = bothy_object_set_ref(&object, new);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		ck_assert_ref(&object, failed ? "old" : "new");
		leave(inner);
		ck_assert_ref(&object, "old");
		bothy_object_fini(&object);
	}
	bothy_ref_release(new);
	leave(context);
	expect_all_refs_gone();
}
END_TEST

START_TEST(without_memory_an_addresss_refs_are_as_they_were)
{
	bothy_ref *new = ref_of("ann", "p", "new");
	bool failed = true;

	for (unsigned long n = 1; failed; n++) {
		bothy_context *context = enter_of("ann", "p", BOTHY_REFS_ANY);
		int error;

		support_fail_allocation(n);
		error = bothy_address_set_ref(&thing, new);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		ck_assert_pstr_eq(address_ref(), failed ? NULL : "new");
		leave(context);
		bothy_address_forget(&thing);
	}
	bothy_ref_release(new);
	expect_all_refs_gone();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		get_hands_out_a_hold_on_the_very_ref_that_was_set,
		a_contexts_own_ref_goes_before_the_last_one,
		setting_null_removes_the_own_ref_and_the_last_one,
		an_object_without_a_ref_has_none,
		an_object_that_has_ended_has_no_ref_in_any_context,
		the_end_of_an_object_releases_its_refs_here_at_once,
		a_copied_object_has_no_ref_and_removing_it_spares_the_originals,
		the_same_project_sees_what_it_put_there_itself,
		second_tenant_sees_no_refs_of_first,
		another_project_of_the_same_entity_sees_none_either,
		a_ref_that_names_another_project_than_its_writers_is_handed_to_neither,
		a_ref_set_outside_any_context_counts_by_what_it_names,
		the_last_writer_counts_even_if_an_earlier_one_could_be_seen,
		the_last_writer_counts_even_if_the_ref_is_the_same,
		names_that_are_the_same_run_together_are_not_the_same_project,
		outside_any_context_the_last_ref_is_what_there_is,
		a_callback_that_belongs_to_no_context_counts_as_outside,
		a_bare_address_has_refs_as_an_object_has,
		a_forgotten_address_is_another_object,
		many_addresses_have_each_their_own_ref,
		no_address_is_no_object,
		tenants_that_share_objects_see_their_own_refs_alone,
		without_memory_the_refs_are_as_they_were,
		without_memory_an_addresss_refs_are_as_they_were,
	};

	return run_suite("objects", tests, sizeof(tests) / sizeof(tests[0]));
}
