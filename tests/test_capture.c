/*
 * Captures: what descendants of a context start with.
 */
#include <errno.h>
#include <pthread.h>

#include "sync/testing.h"
#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"

static bothy_capture *capture_here(void)
{
	bothy_capture *capture = NULL;

	ck_assert_int_eq(bothy_context_capture(&capture), 0);
	return capture;
}

static bothy_context *adopt(bothy_capture *capture)
{
	bothy_context *context = NULL;

	ck_assert_int_eq(bothy_context_adopt(capture, &context), 0);
	return context;
}

START_TEST(outside_any_context_there_is_nothing_to_capture)
{
	bothy_capture *capture = NULL;

	ck_assert_int_eq(bothy_context_capture(&capture), -ENOENT);
	ck_assert_ptr_null(capture);
	bothy_capture_release(NULL);
}
END_TEST

START_TEST(an_adopted_context_is_the_same_clients_and_has_its_own_id)
{
	bothy_context *context = enter("ann", "p");
	bothy_client *client = bothy_client_current();
	uint64_t id = bothy_context_id();
	bothy_capture *capture = capture_here();
	bothy_context *adopted = adopt(capture);

	ck_assert_ptr_eq(bothy_client_current(), client);
	ck_assert_uint_ne(bothy_context_id(), id);
	leave(adopted);
	leave(context);
	bothy_capture_release(capture);
}
END_TEST

/* ---- refs ----------------------------------------------------------------------------- */

START_TEST(captured_refs_are_those_at_the_capture_not_at_the_adoption)
{
	struct bothy_object kept = {0}, replaced = {0}, removed = {0}, later = {0};
	bothy_context *context =
		enter_with(NULL, (struct bothy_context_options){.refs = BOTHY_REFS_NONE});
	bothy_context *adopted;
	bothy_capture *capture;

	put_ref(&kept, "ann", "p", "kept");
	put_ref(&replaced, "ann", "p", "before");
	put_ref(&removed, "ann", "p", "removed");
	capture = capture_here();
	put_ref(&replaced, "ann", "p", "after");
	ck_assert_int_eq(bothy_object_set_ref(&removed, NULL), 0);
	put_ref(&later, "ann", "p", "later");

	adopted = adopt(capture);
	ck_assert_ref(&kept, "kept");
	ck_assert_ref(&replaced, "before");
	ck_assert_ref(&removed, "removed");
	ck_assert_ref(&later, NULL);
	put_ref(&kept, "ann", "p", "of the adopted one");
	leave(adopted);

	ck_assert_ref(&kept, "kept");
	ck_assert_ref(&replaced, "after");
	adopted = adopt(capture); /* again, and it has not changed */
	ck_assert_ref(&kept, "kept");
	leave(adopted);
	leave(context);
	bothy_capture_release(capture);
	bothy_object_fini(&kept);
	bothy_object_fini(&replaced);
	bothy_object_fini(&removed);
	bothy_object_fini(&later);
	ck_assert_uint_eq(testing_counts.refs_destroyed, testing_counts.refs_made);
}
END_TEST

START_TEST(a_capture_keeps_the_fallback)
{
	struct bothy_object object = {0};
	bothy_context *context =
		enter_with(NULL, (struct bothy_context_options){.refs = BOTHY_REFS_NONE});
	bothy_capture *capture = capture_here();

	leave(context);
	put_ref(&object, "ann", "p", "outside");
	context = adopt(capture);
	ck_assert_ref(&object, NULL);
	leave(context);
	bothy_capture_release(capture);
	bothy_object_fini(&object);
}
END_TEST

START_TEST(a_capture_of_a_capture_has_its_refs)
{
	struct bothy_object object = {0};
	bothy_context *context =
		enter_with(NULL, (struct bothy_context_options){.refs = BOTHY_REFS_NONE});
	bothy_capture *first, *second;

	put_ref(&object, "ann", "p", "x");
	first = capture_here();
	leave(context);
	context = adopt(first);
	second = capture_here();
	leave(context);
	bothy_capture_release(first);
	context = adopt(second);
	ck_assert_ref(&object, "x");
	leave(context);
	bothy_capture_release(second);
	bothy_object_fini(&object);
}
END_TEST

/* ---- lives ---------------------------------------------------------------------------- */

START_TEST(a_capture_outlives_its_context_client_and_server_hold)
{
	struct bothy_object object = {0};
	bothy_context *context;
	bothy_capture *capture;

	recorder_open();
	context = enter_recorded("ann", "p");
	put_ref(&object, "ann", "p", "x");
	capture = capture_here();
	leave(context);
	bothy_server_release(recorder.server);
	ck_assert_noted("begin inherit finish");

	context = adopt(capture);
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
	ck_assert_ref(&object, "x");
	ck_assert_ptr_eq(recorder.token, &recorder.tokens);
	bothy_capture_release(capture);
	ck_assert_noted("begin inherit_free");
	ck_assert_ref(&object, "x");
	leave(context);
	ck_assert_noted("finish destroy");
	bothy_object_fini(&object);
	ck_assert_uint_eq(testing_counts.refs_destroyed, 1);
}
END_TEST

START_TEST(a_capture_does_not_keep_the_deadline)
{
	bothy_context *context =
		enter_with(NULL, (struct bothy_context_options){.deadline = BOTHY_NOW});
	bothy_capture *capture = capture_here();

	ck_assert_int_eq(bothy_stop_requested(), -ETIMEDOUT);
	leave(context);
	context = adopt(capture);
	ck_assert_int_eq(bothy_stop_requested(), 0);
	leave(context);
	bothy_capture_release(capture);
}
END_TEST

START_TEST(a_token_that_cannot_be_made_fails_the_capture)
{
	struct bothy_object object = {0};
	bothy_capture *capture = NULL;
	bothy_context *context;
	long live;

	recorder_open();
	context = enter_recorded("ann", "p");
	put_ref(&object, "ann", "p", "x");
	live = support_live_allocations();
	recorder.inherit_code = -ENOBUFS;
	ck_assert_int_eq(bothy_context_capture(&capture), -ENOBUFS);
	ck_assert_ptr_null(capture);
	ck_assert_int_eq(support_live_allocations(), live);
	leave(context);
	ck_assert_noted("begin inherit finish");
	bothy_object_fini(&object);
	recorder_close();
}
END_TEST

static bothy_capture *late;

static void capture_late(void *arg)
{
	(void)arg;
	late = capture_here();
}

static void defer_capture(void)
{
	ck_assert_int_eq(bothy_context_defer(capture_late, NULL), 0);
}

START_TEST(a_slot_that_is_finished_has_no_tokens)
{
	recorder_open();
	recorder.in_finish = defer_capture;
	leave(enter_recorded("ann", "p"));
	ck_assert_noted("begin finish"); /* and no inherit */
	bothy_capture_release(late);
	recorder_close();
}
END_TEST

static void capture_now(void)
{
	capture_late(NULL);
}

START_TEST(nor_has_one_that_is_being_finished)
{
	recorder_open();
	recorder.in_finish = capture_now;
	leave(enter_recorded("ann", "p"));
	ck_assert_noted("begin finish");
	bothy_capture_release(late);
	recorder_close();
}
END_TEST

START_TEST(a_deferred_function_may_capture)
{
	bothy_context *context;

	recorder_open();
	context = enter_recorded("ann", "p");
	defer_capture();
	leave(context);
	ck_assert_noted("begin inherit finish");
	context = adopt(late);
	bothy_capture_release(late);
	leave(context);
	recorder_close();
}
END_TEST

/* ---- threads -------------------------------------------------------------------------- */

enum { THREADS = 8, ROUNDS = 500, OBJECTS = 30 };

static struct bothy_object objects[OBJECTS];

static void *adopt_often(void *arg)
{
	bothy_capture *capture = arg;

	gate_wait(&gate);
	for (int i = 0; i < ROUNDS; i++) {
		bothy_context *context = adopt(capture);

		ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
		ck_assert_ref(&objects[i % OBJECTS], "shared");
		put_ref(&objects[i % OBJECTS], "ann", "p", "own");
		ck_assert_ref(&objects[i % OBJECTS], "own");
		leave(context);
	}
	return NULL;
}

START_TEST(a_capture_is_adopted_by_many_threads_at_once)
{
	bothy_context *context = enter("ann", "p");
	pthread_t threads[THREADS];
	bothy_capture *capture;

	for (int i = 0; i < OBJECTS; i++)
		put_ref(&objects[i], "ann", "p", "shared");
	capture = capture_here();
	leave(context);
	for (int i = 0; i < THREADS; i++)
		threads[i] = support_thread(adopt_often, capture);
	gate_await(&gate, THREADS);
	gate_open(&gate);
	for (int i = 0; i < THREADS; i++)
		support_join(threads[i]);
	bothy_capture_release(capture);
	for (int i = 0; i < OBJECTS; i++)
		bothy_object_fini(&objects[i]);
	ck_assert_uint_eq(testing_counts.refs_destroyed, testing_counts.refs_made);
	ck_assert_uint_eq(testing_counts.contexts_ended, testing_counts.contexts_begun);
}
END_TEST

static void *adopt_once(void *arg)
{
	leave(adopt(arg));
	return NULL;
}

START_TEST(its_token_is_freed_once_after_all_adoptions)
{
	pthread_t threads[THREADS];
	bothy_context *context;
	bothy_capture *capture;

	recorder_open();
	context = enter_recorded("ann", "p");
	capture = capture_here();
	leave(context);
	for (int i = 0; i < THREADS; i++)
		threads[i] = support_thread(adopt_once, capture);
	for (int i = 0; i < THREADS; i++)
		support_join(threads[i]);
	ck_assert_int_eq(recorder.tokens, 1);
	(void)noted();
	bothy_capture_release(capture);
	ck_assert_noted("inherit_free");
	recorder_close();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		outside_any_context_there_is_nothing_to_capture,
		an_adopted_context_is_the_same_clients_and_has_its_own_id,
		captured_refs_are_those_at_the_capture_not_at_the_adoption,
		a_capture_keeps_the_fallback,
		a_capture_of_a_capture_has_its_refs,
		a_capture_outlives_its_context_client_and_server_hold,
		a_capture_does_not_keep_the_deadline,
		a_token_that_cannot_be_made_fails_the_capture,
		a_slot_that_is_finished_has_no_tokens,
		nor_has_one_that_is_being_finished,
		a_deferred_function_may_capture,
		a_capture_is_adopted_by_many_threads_at_once,
		its_token_is_freed_once_after_all_adoptions,
	};

	return run_suite("capture", tests, sizeof(tests) / sizeof(tests[0]));
}
