/*
 * Threads that end with contexts entered, and ends of contexts that are cut short.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>

#include "sync/testing.h"
#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"

static const char key_a, key_b, key_c;

static void defer(const char *word)
{
	ck_assert_int_eq(bothy_context_defer(note_arg, (void *)(uintptr_t)word), 0);
}

static void set_local(const void *key, const char *value)
{
	ck_assert_int_eq(bothy_local_set(key, (void *)(uintptr_t)value, note_arg), 0);
}

static void exit_thread(void *arg)
{
	note(arg);
	pthread_exit(NULL);
}

/* Run FN on a thread of its own, and look that it leaves nothing behind. */
static void run_on_thread(void *(*fn)(void *), void *arg)
{
	long live;

	leave(enter("ann", "p")); /* the library's own first allocations, if any */
	live = support_live_allocations();
	support_join(support_thread(fn, arg));
	ck_assert_int_eq(support_live_allocations(), live);
	ck_assert_uint_eq(testing_counts.contexts_ended, testing_counts.contexts_begun);
	ck_assert_uint_eq(testing_counts.refs_destroyed, testing_counts.refs_made);
}

static void check_current(void *arg)
{
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), arg);
	note(arg);
}

static void *enter_three(void *arg)
{
	const char *const entities[] = {"ann", "bob", "cyd"};

	for (int i = 0; i < 3; i++) {
		(void)enter_recorded(entities[i], "p");
		ck_assert_int_eq(bothy_context_defer(check_current, (void *)(uintptr_t)entities[i]),
		                 0);
	}
	if (arg != NULL)
		pthread_exit(NULL);
	return NULL;
}

START_TEST(a_thread_that_returns_leaves_its_contexts_innermost_first)
{
	recorder_open();
	run_on_thread(enter_three, NULL);
	ck_assert_noted("begin begin begin cyd finish bob finish ann finish");
	recorder_close();
}
END_TEST

START_TEST(a_thread_that_exits_leaves_its_contexts_innermost_first)
{
	recorder_open();
	run_on_thread(enter_three, "exit");
	ck_assert_noted("begin begin begin cyd finish bob finish ann finish");
	recorder_close();
}
END_TEST

static void *forget_refs(void *arg)
{
	struct bothy_object *object = arg;

	(void)enter("ann", "p");
	put_ref(object, "ann", "p", "x");
	(void)enter("bob", "q");
	put_ref(object, "bob", "q", "y");
	bothy_object_fini(object);
	return NULL;
}

START_TEST(refs_of_forgotten_contexts_are_released)
{
	struct bothy_object object = {0};

	run_on_thread(forget_refs, &object);
	ck_assert_uint_eq(testing_counts.refs_made, 2);
}
END_TEST

/* ---- cut short ------------------------------------------------------------------------ */

static void *exit_in_deferred(void *arg)
{
	bothy_context *outer = enter_recorded("ann", "p");
	bothy_context *inner;

	(void)arg;
	defer("outer");
	inner = enter_recorded("bob", "q");
	set_local(&key_a, "local");
	defer("first");
	ck_assert_int_eq(bothy_context_defer(exit_thread, "exits"), 0);
	defer("last");
	(void)bothy_context_exit(inner);
	note("not reached");
	leave(outer);
	return NULL;
}

START_TEST(a_deferred_function_that_ends_the_thread_skips_nothing_and_repeats_nothing)
{
	recorder_open();
	run_on_thread(exit_in_deferred, NULL);
	ck_assert_noted("begin begin last exits first local finish outer finish");
	recorder_close();
}
END_TEST

static void *exit_in_destructor(void *arg)
{
	bothy_context *context = enter_recorded("ann", "p");

	(void)arg;
	set_local(&key_a, "a");
	ck_assert_int_eq(bothy_local_set(&key_b, "exits", exit_thread), 0);
	set_local(&key_c, "c");
	leave(context);
	return NULL;
}

START_TEST(a_destructor_that_ends_the_thread_skips_nothing_and_repeats_nothing)
{
	recorder_open();
	run_on_thread(exit_in_destructor, NULL);
	ck_assert_noted("begin c exits a finish");
	recorder_close();
}
END_TEST

/* The thread sanitizer forgets a thread at the fourth round of its keys' destructors, and
 * each end is a new one. */
enum { ENDS = UNDER_THREAD_SANITIZER ? 1 : 10 };

static int ends;

static void exit_silently(void *arg)
{
	(void)arg;
	ends++;
	pthread_exit(NULL);
}

static void *exit_again_and_again(void *arg)
{
	(void)enter_recorded("ann", "p");
	defer("first");
	for (int i = 0; i < ENDS; i++)
		ck_assert_int_eq(bothy_context_defer(exit_silently, NULL), 0);
	ck_assert_int_eq(bothy_local_set(&key_a, arg, exit_thread), 0);
	pthread_exit(NULL);
}

START_TEST(callbacks_of_a_thread_that_ends_may_end_it_again)
{
	recorder_open();
	run_on_thread(exit_again_and_again, "exits");
	ck_assert_noted("begin first exits finish");
	ck_assert_int_eq(ends, ENDS);
	recorder_close();
}
END_TEST

static void defer_exit(void)
{
	ck_assert_int_eq(bothy_context_defer(exit_thread, "exits"), 0);
}

static void *enter_and_leave(void *arg)
{
	(void)arg;
	leave(enter_recorded("ann", "p"));
	return NULL;
}

START_TEST(a_context_is_finished_once_if_what_finish_deferred_ends_the_thread)
{
	recorder_open();
	recorder.in_finish = defer_exit;
	run_on_thread(enter_and_leave, NULL);
	ck_assert_noted("begin finish exits");
	recorder_close();
}
END_TEST

static void *exit_while_taken_along(void *arg)
{
	bothy_context *outer = enter_recorded("ann", "p");

	(void)arg;
	defer("outer");
	(void)enter_recorded("bob", "q");
	defer("middle");
	(void)enter_recorded("cyd", "r");
	ck_assert_int_eq(bothy_context_defer(exit_thread, "exits"), 0);
	(void)bothy_context_exit(outer);
	note("not reached");
	return NULL;
}

START_TEST(an_exit_that_takes_others_along_and_is_cut_short_is_completed)
{
	recorder_open();
	run_on_thread(exit_while_taken_along, NULL);
	ck_assert_noted("begin begin begin exits finish middle finish outer finish");
	recorder_close();
}
END_TEST

static void *exit_in_replaced(void *arg)
{
	(void)arg;
	(void)enter("ann", "p");
	ck_assert_int_eq(bothy_local_set(&key_a, "old exits", exit_thread), 0);
	set_local(&key_a, "new");
	note("not reached");
	return NULL;
}

START_TEST(a_replaced_value_whose_destructor_ends_the_thread_leaves_the_new_one_set)
{
	run_on_thread(exit_in_replaced, NULL);
	ck_assert_noted("old exits new");
}
END_TEST

/* ---- keys ----------------------------------------------------------------------------- */

static pthread_key_t thread_key;

static void enter_in_destructor(void *arg)
{
	note(arg);
	(void)enter("ann", "p");
	defer("deferred");
}

static void *set_thread_key(void *arg)
{
	ck_assert_int_eq(pthread_setspecific(thread_key, arg), 0);
	return NULL;
}

START_TEST(a_context_entered_by_a_keys_destructor_is_left)
{
	leave(enter("ann", "p"));
	ck_assert_int_eq(pthread_key_create(&thread_key, enter_in_destructor), 0);
	run_on_thread(set_thread_key, "key");
	ck_assert_noted("key deferred");
	pthread_key_delete(thread_key);
}
END_TEST

static void check_outside(void *arg)
{
	ck_assert_uint_eq(bothy_context_id(), 0);
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "global");
	note(arg);
}

static void *forget_and_set_key(void *arg)
{
	ck_assert_int_eq(pthread_setspecific(thread_key, arg), 0);
	(void)enter("ann", "p");
	defer("deferred");
	return NULL;
}

START_TEST(afterwards_the_thread_is_in_no_context)
{
	bothy_client *client = NULL;

	ck_assert_int_eq(bothy_client_new(NULL, "global", "p", &client), 0);
	ck_assert_int_eq(bothy_client_set_global(client), 0);
	bothy_client_release(client);
	leave(enter("ann", "p")); /* makes the library's key, the first to be destroyed */
	ck_assert_int_eq(pthread_key_create(&thread_key, check_outside), 0);
	run_on_thread(forget_and_set_key, "key");
	ck_assert_noted("deferred key");
	pthread_key_delete(thread_key);
	ck_assert_int_eq(bothy_client_set_global(NULL), 0);
}
END_TEST

/* ---- jobs ----------------------------------------------------------------------------- */

static int exit_nested(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	defer("job");
	(void)enter("bob", "q");
	defer("inner");
	ck_assert_int_eq(bothy_context_defer(exit_thread, "inner exits"), 0);
	(void)enter("cyd", "r");
	ck_assert_int_eq(bothy_context_defer(exit_thread, "innermost exits"), 0);
	pthread_exit(NULL);
}

START_TEST(a_job_that_ends_its_thread_in_nested_contexts_is_cleaned_up)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = exit_nested))), -EOWNERDEAD);
	ck_assert_noted("innermost exits inner exits inner job");
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_uint_eq(testing_counts.contexts_ended, testing_counts.contexts_begun);
}
END_TEST

static void *run_exiting_job_here(void *arg)
{
	bothy_context *context = enter("ann", "p");

	(void)arg;
	defer("outside");
	ck_abort_msg("reached, with %d",
	             bothy_run_here(NULL,
	                            &BOTHY_JOB(.entity = "ann", .project = "p", .fn = exit_nested),
	                            NULL));
	leave(context);
	return NULL;
}

START_TEST(a_job_run_here_that_ends_the_thread_takes_the_contexts_outside_along)
{
	run_on_thread(run_exiting_job_here, NULL);
	ck_assert_noted("innermost exits inner exits inner job outside");
}
END_TEST

static void *run_exiting_job_in_exiting_context(void *arg)
{
	(void)enter("ann", "p");
	ck_assert_int_eq(bothy_context_defer(exit_thread, "outside exits"), 0);
	return run_exiting_job_here(arg);
}

START_TEST(a_context_outside_a_job_run_here_that_ended_the_thread_may_end_it_again)
{
	run_on_thread(run_exiting_job_in_exiting_context, NULL);
	ck_assert_noted("innermost exits inner exits inner job outside outside exits");
}
END_TEST

static int wait_with_exits_deferred(void *arg, void **ret_result)
{
	bothy_future **future = arg;

	(void)ret_result;
	defer("oldest");
	ck_assert_int_eq(bothy_context_defer(exit_thread, "older exits"), 0);
	ck_assert_int_eq(bothy_context_defer(exit_thread, "newest exits"), 0);
	ck_assert_int_eq(bothy_submit(pool,
	                              &BOTHY_JOB(.entity = "ann", .project = "p",
	                                         .fn = exit_nested),
	                              future),
	                 0);
	return bothy_future_wait(*future, BOTHY_FOREVER);
}

START_TEST(a_job_that_ended_with_the_one_it_waited_for_in_place_may_end_the_thread_again)
{
	bothy_future *future = NULL;

	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = wait_with_exits_deferred, .arg = &future))),
	                 -EOWNERDEAD);
	ck_assert_int_eq(outcome(future), -EOWNERDEAD);
	ck_assert_noted("innermost exits inner exits inner job newest exits older exits oldest");
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
}
END_TEST

static void exit_in_fini(void *user, void *worker_local)
{
	(void)user;
	(void)worker_local;
	exit_thread("fini");
}

START_TEST(the_end_of_a_worker_may_end_its_thread_in_turn)
{
	pool_with((struct bothy_pool_options){.workers = 1, .worker_fini = exit_in_fini});
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = exit_nested))), -EOWNERDEAD);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_noted("innermost exits inner exits inner job fini fini");
}
END_TEST

static int wait_in_nested_context(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	(void)enter("bob", "q");
	defer("of the waiting job");
	/* Its argument's end is this thread's, if it runs in place. */
	return bothy_run(pool,
	                 &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing, .arg = "exits",
	                            .arg_free = exit_thread),
	                 BOTHY_FOREVER, NULL);
}

START_TEST(a_callback_that_ends_the_thread_leaves_no_waiting_context_behind)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = wait_in_nested_context))), -EOWNERDEAD);
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_noted("exits of the waiting job");
	ck_assert_uint_eq(testing_counts.contexts_ended, testing_counts.contexts_begun);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_thread_that_returns_leaves_its_contexts_innermost_first,
		a_thread_that_exits_leaves_its_contexts_innermost_first,
		refs_of_forgotten_contexts_are_released,
		a_deferred_function_that_ends_the_thread_skips_nothing_and_repeats_nothing,
		a_destructor_that_ends_the_thread_skips_nothing_and_repeats_nothing,
		callbacks_of_a_thread_that_ends_may_end_it_again,
		a_context_is_finished_once_if_what_finish_deferred_ends_the_thread,
		an_exit_that_takes_others_along_and_is_cut_short_is_completed,
		a_replaced_value_whose_destructor_ends_the_thread_leaves_the_new_one_set,
		a_context_entered_by_a_keys_destructor_is_left,
		afterwards_the_thread_is_in_no_context,
		a_job_that_ends_its_thread_in_nested_contexts_is_cleaned_up,
		a_job_run_here_that_ends_the_thread_takes_the_contexts_outside_along,
		a_context_outside_a_job_run_here_that_ended_the_thread_may_end_it_again,
		a_job_that_ended_with_the_one_it_waited_for_in_place_may_end_the_thread_again,
		the_end_of_a_worker_may_end_its_thread_in_turn,
		a_callback_that_ends_the_thread_leaves_no_waiting_context_behind,
	};

	return run_suite("thread_end", tests, sizeof(tests) / sizeof(tests[0]));
}
