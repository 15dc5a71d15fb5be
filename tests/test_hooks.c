/*
 * Deferred functions and locals.
 */
#include <errno.h>
#include <pthread.h>

#include "sync/testing.h"
#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"

static const char key_a, key_b, key_c;

/* ---- deferred functions --------------------------------------------------------------- */

static void defer(const char *word)
{
	ck_assert_int_eq(bothy_context_defer(note_arg, (void *)(uintptr_t)word), 0);
}

START_TEST(deferred_functions_run_newest_first)
{
	bothy_context *context = enter("ann", "p");

	defer("oldest");
	defer("middle");
	defer("newest");
	ck_assert_noted("");
	leave(context);
	ck_assert_noted("newest middle oldest");
}
END_TEST

static void check_ann(void *arg)
{
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
	ck_assert_uint_eq(bothy_context_id(), *(uint64_t *)arg);
	note("checked");
}

START_TEST(deferred_functions_and_destructors_see_the_context_and_its_client)
{
	bothy_context *context = enter("ann", "p");
	uint64_t id = bothy_context_id();

	ck_assert_int_eq(bothy_context_defer(check_ann, &id), 0);
	ck_assert_int_eq(bothy_local_set(&key_a, &id, check_ann), 0);
	leave(context);
	ck_assert_noted("checked checked");
}
END_TEST

/* Another project's, which no fallback would find. */
static void check_ref(void *object)
{
	ck_assert_ref((struct bothy_object *)object, "of another");
	note("seen");
}

START_TEST(deferred_functions_and_destructors_see_the_contexts_refs)
{
	struct bothy_object object = {0};
	bothy_context *context = enter("ann", "p");

	put_ref(&object, "bob", "q", "of another");
	ck_assert_int_eq(bothy_context_defer(check_ref, &object), 0);
	ck_assert_int_eq(bothy_local_set(&key_a, &object, check_ref), 0);
	leave(context);
	ck_assert_noted("seen seen");
	bothy_object_fini(&object);
}
END_TEST

static void defer_again(void *arg)
{
	int *left = arg;

	note("deferred");
	if (--*left > 0)
		ck_assert_int_eq(bothy_context_defer(defer_again, arg), 0);
}

START_TEST(a_deferred_function_may_defer_again)
{
	bothy_context *context = enter("ann", "p");
	int left = 3;

	defer("last");
	ck_assert_int_eq(bothy_context_defer(defer_again, &left), 0);
	leave(context);
	ck_assert_noted("deferred deferred deferred last");
}
END_TEST

static void put_ref_on(void *arg)
{
	put_ref(arg, "ann", "p", "late");
	ck_assert_ref((struct bothy_object *)arg, "late");
}

START_TEST(refs_set_by_a_deferred_function_end_with_the_context)
{
	struct bothy_object object = {0};
	bothy_context *context = enter("ann", "p");

	ck_assert_int_eq(bothy_context_defer(put_ref_on, &object), 0);
	leave(context);
	bothy_object_fini(&object);
	ck_assert_uint_eq(testing_counts.refs_made, 1);
	ck_assert_uint_eq(testing_counts.refs_destroyed, 1);
}
END_TEST

static void enter_and_leave(void *arg)
{
	bothy_context *context = enter("bob", "q");

	(void)arg;
	defer("of bob");
	leave(context);
}

static void enter_and_forget(void *arg)
{
	(void)arg;
	(void)enter("bob", "q");
	defer("forgotten");
	(void)enter("cyd", "r");
	defer("forgotten inside");
}

START_TEST(contexts_that_a_deferred_function_enters_are_left_before_the_next_runs)
{
	bothy_context *outer = enter("ann", "p");
	uint64_t outer_id = bothy_context_id();
	bothy_context *context = enter("ann", "p");
	uint64_t id = bothy_context_id();

	ck_assert_int_eq(bothy_context_defer(check_ann, &id), 0);
	ck_assert_int_eq(bothy_context_defer(enter_and_forget, NULL), 0);
	ck_assert_int_eq(bothy_context_defer(enter_and_leave, NULL), 0);
	leave(context);
	ck_assert_noted("of bob forgotten inside forgotten checked");
	ck_assert_uint_eq(bothy_context_id(), outer_id);
	leave(outer);
}
END_TEST

START_TEST(a_context_that_a_destructor_forgets_is_left)
{
	bothy_context *context = enter("ann", "p");

	ck_assert_int_eq(bothy_local_set(&key_a, &context, enter_and_forget), 0);
	leave(context);
	ck_assert_noted("forgotten inside forgotten");
	ck_assert_uint_eq(bothy_context_id(), 0);
}
END_TEST

START_TEST(deferring_outside_any_context_is_an_error)
{
	ck_assert_int_eq(bothy_context_defer(note_arg, "never"), -ENOENT);
	ck_assert_int_eq(bothy_context_defer(NULL, NULL), -EINVAL);
	ck_assert_noted("");
}
END_TEST

/* ---- locals --------------------------------------------------------------------------- */

static void set_local(const void *key, const char *value)
{
	ck_assert_int_eq(bothy_local_set(key, (void *)(uintptr_t)value, note_arg), 0);
}

START_TEST(locals_are_known_by_the_address_of_their_key)
{
	bothy_context *context = enter("ann", "p");

	set_local(&key_a, "a");
	set_local(&key_b, "b");
	ck_assert_str_eq(bothy_local_get(&key_a), "a");
	ck_assert_str_eq(bothy_local_get(&key_b), "b");
	ck_assert_ptr_null(bothy_local_get(&key_c));
	ck_assert_ptr_null(bothy_local_get(NULL));
	leave(context);
	ck_assert_ptr_null(bothy_local_get(&key_a));
	ck_assert_int_eq(bothy_local_set(&key_a, "a", NULL), -ENOENT);
}
END_TEST

START_TEST(destructors_run_after_the_deferred_functions)
{
	bothy_context *context = enter("ann", "p");

	defer("deferred first");
	set_local(&key_a, "local");
	defer("deferred last");
	leave(context);
	ck_assert_noted("deferred last deferred first local");
}
END_TEST

START_TEST(setting_a_local_again_destroys_the_old_value_unless_it_is_the_same)
{
	static char value[] = "same";
	bothy_context *context = enter("ann", "p");

	set_local(&key_a, "old");
	set_local(&key_a, value);
	ck_assert_noted("old");
	set_local(&key_a, value);
	ck_assert_noted("");
	ck_assert_int_eq(bothy_local_set(&key_a, NULL, note_arg), 0);
	ck_assert_noted("same");
	ck_assert_ptr_null(bothy_local_get(&key_a));
	leave(context);
	ck_assert_noted(""); /* never for NULL */
}
END_TEST

START_TEST(the_destructor_of_a_value_is_the_one_it_was_set_with_last)
{
	static char value[] = "value";
	bothy_context *context = enter("ann", "p");

	set_local(&key_a, value);
	ck_assert_int_eq(bothy_local_set(&key_a, value, NULL), 0);
	ck_assert_int_eq(bothy_local_set(&key_b, value, NULL), 0);
	set_local(&key_b, value);
	leave(context);
	ck_assert_noted("value");
}
END_TEST

static void check_replaced(void *arg)
{
	note(arg);
	ck_assert_str_eq(bothy_local_get(&key_a), "new");
}

START_TEST(the_new_value_is_set_when_the_old_one_is_destroyed)
{
	bothy_context *context = enter("ann", "p");

	ck_assert_int_eq(bothy_local_set(&key_a, "old", check_replaced), 0);
	set_local(&key_a, "new");
	ck_assert_noted("old");
	leave(context);
	ck_assert_noted("new");
}
END_TEST

static void replace_again(void *arg)
{
	note(arg);
	set_local(&key_a, "third");
}

START_TEST(a_destructor_may_set_the_same_local)
{
	bothy_context *context = enter("ann", "p");

	ck_assert_int_eq(bothy_local_set(&key_a, "first", replace_again), 0);
	set_local(&key_a, "second");
	ck_assert_noted("first second");
	ck_assert_str_eq(bothy_local_get(&key_a), "third");
	ck_assert_int_eq(bothy_local_set(&key_b, "b", replace_again), 0);
	leave(context);
	/* b is newest; it sets a to what it is already, and a's turn comes. */
	ck_assert_noted("b third");
}
END_TEST

static void check_gone(void *arg)
{
	note(arg);
	ck_assert_ptr_null(bothy_local_get(&key_a));
}

START_TEST(a_local_is_gone_when_it_is_destroyed)
{
	bothy_context *context = enter("ann", "p");

	ck_assert_int_eq(bothy_local_set(&key_a, "a", check_gone), 0);
	leave(context);
	ck_assert_noted("a");
}
END_TEST

static void set_at_the_end(void *arg)
{
	note(arg);
	set_local(&key_a, "set at the end");
}

static void defer_at_the_end(void *arg)
{
	note(arg);
	defer("deferred at the end");
}

START_TEST(what_a_destructor_leaves_is_seen_to_and_deferred_functions_go_first)
{
	bothy_context *context = enter("ann", "p");

	ck_assert_int_eq(bothy_local_set(&key_a, "a", set_at_the_end), 0);
	ck_assert_int_eq(bothy_local_set(&key_b, "b", note_arg), 0);
	ck_assert_int_eq(bothy_local_set(&key_c, "c", defer_at_the_end), 0);
	leave(context);
	ck_assert_noted("c deferred at the end b a set at the end");
}
END_TEST

START_TEST(locals_are_not_inherited)
{
	bothy_context *outer = enter("ann", "p");
	bothy_capture *capture = NULL;
	bothy_context *inner, *adopted;

	set_local(&key_a, "a");
	inner = enter("ann", "p");
	ck_assert_ptr_null(bothy_local_get(&key_a));
	leave(inner);
	ck_assert_int_eq(bothy_context_capture(&capture), 0);
	ck_assert_int_eq(bothy_context_adopt(capture, &adopted), 0);
	ck_assert_ptr_null(bothy_local_get(&key_a));
	leave(adopted);
	bothy_capture_release(capture);
	ck_assert_noted("");
	leave(outer);
	ck_assert_noted("a");
}
END_TEST

static bothy_context *to_leave;

static void leave_it(void *arg)
{
	note(arg);
	leave(to_leave);
}

START_TEST(the_destructor_of_a_replaced_value_may_leave_the_context)
{
	to_leave = enter("ann", "p");
	ck_assert_int_eq(bothy_local_set(&key_a, "old", leave_it), 0);
	ck_assert_int_eq(bothy_local_set(&key_a, "new", note_arg), 0);
	ck_assert_noted("old new");
	ck_assert_uint_eq(bothy_context_id(), 0);
}
END_TEST

START_TEST(without_memory_the_old_value_stays_and_the_new_one_is_the_callers)
{
	bothy_context *context = enter("ann", "p");
	int error;

	support_fail_allocation(1);
	error = bothy_local_set(&key_a, "a", note_arg);
	support_fail_allocation(0);
	ck_assert_int_eq(error, -ENOMEM);
	ck_assert_ptr_null(bothy_local_get(&key_a));

	support_fail_allocation(1);
	error = bothy_context_defer(note_arg, "never");
	support_fail_allocation(0);
	ck_assert_int_eq(error, -ENOMEM);
	leave(context);
	ck_assert_noted("");
}
END_TEST

/* ---- in a pool ------------------------------------------------------------------------ */

static int use_locals(void *arg, void **ret_result)
{
	(void)ret_result;
	ck_assert_ptr_null(bothy_local_get(&key_a));
	ck_assert_ref((struct bothy_object *)arg, NULL);
	set_local(&key_a, "a");
	defer("deferred");
	put_ref(arg, "ann", "p", "x");
	return 0;
}

START_TEST(the_next_job_on_a_worker_has_neither_locals_nor_refs_of_the_last)
{
	struct bothy_object object = {0};

	pool_with((struct bothy_pool_options){.workers = 1, .refs = BOTHY_REFS_NONE});
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = use_locals, .arg = &object))), 0);
		ck_assert_noted("deferred a");
	}
	bothy_object_fini(&object);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		deferred_functions_run_newest_first,
		deferred_functions_and_destructors_see_the_context_and_its_client,
		deferred_functions_and_destructors_see_the_contexts_refs,
		a_deferred_function_may_defer_again,
		refs_set_by_a_deferred_function_end_with_the_context,
		contexts_that_a_deferred_function_enters_are_left_before_the_next_runs,
		a_context_that_a_destructor_forgets_is_left,
		deferring_outside_any_context_is_an_error,
		locals_are_known_by_the_address_of_their_key,
		destructors_run_after_the_deferred_functions,
		setting_a_local_again_destroys_the_old_value_unless_it_is_the_same,
		the_destructor_of_a_value_is_the_one_it_was_set_with_last,
		the_new_value_is_set_when_the_old_one_is_destroyed,
		a_destructor_may_set_the_same_local,
		a_local_is_gone_when_it_is_destroyed,
		what_a_destructor_leaves_is_seen_to_and_deferred_functions_go_first,
		locals_are_not_inherited,
		the_destructor_of_a_replaced_value_may_leave_the_context,
		without_memory_the_old_value_stays_and_the_new_one_is_the_callers,
		the_next_job_on_a_worker_has_neither_locals_nor_refs_of_the_last,
	};

	return run_suite("hooks", tests, sizeof(tests) / sizeof(tests[0]));
}
