/*
 * Contexts on any thread: entering and leaving, nesting, and what lives in one.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sync/testing.h"
#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"

/* ---- whose ---------------------------------------------------------------------------- */

START_TEST(a_context_knows_whose_it_is)
{
	bothy_context *context = enter("ann", "p");
	bothy_client *client = bothy_client_current();
	bothy_client *required = NULL;

	ck_assert_str_eq(bothy_client_entity(client), "ann");
	ck_assert_str_eq(bothy_client_project(client), "p");
	ck_assert_int_eq(bothy_client_require(&required), 0);
	ck_assert_ptr_eq(required, client);
	ck_assert_uint_ne(bothy_context_id(), 0);
	leave(context);
	ck_assert_ptr_null(bothy_client_current());
	ck_assert_uint_eq(bothy_context_id(), 0);
	ck_assert_int_eq(bothy_client_require(&required), -ENOENT);
}
END_TEST

START_TEST(the_names_are_copied)
{
	char entity[] = "ann", project[] = "p";
	bothy_context *context = enter(entity, project);

	entity[0] = project[0] = '?';
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
	ck_assert_str_eq(bothy_client_project(bothy_client_current()), "p");
	leave(context);
}
END_TEST

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

enum { IDS_PER_THREAD = 3000, ID_THREADS = 4 };

static void *collect_ids(void *arg)
{
	uint64_t *ids = arg;

	for (int i = 0; i < IDS_PER_THREAD; i++) {
		bothy_context *context = enter("ann", "p");

		ids[i] = bothy_context_id();
		leave(context);
	}
	return NULL;
}

START_TEST(ids_never_repeat)
{
	static uint64_t ids[ID_THREADS][IDS_PER_THREAD];
	pthread_t threads[ID_THREADS];
	uint64_t *all = &ids[0][0];

	for (int i = 0; i < ID_THREADS; i++)
		threads[i] = support_thread(collect_ids, ids[i]);
	for (int i = 0; i < ID_THREADS; i++)
		support_join(threads[i]);
	qsort(all, ID_THREADS * IDS_PER_THREAD, sizeof(*all), compare_ids);
	ck_assert_uint_ne(all[0], 0);
	for (int i = 1; i < ID_THREADS * IDS_PER_THREAD; i++)
		ck_assert_uint_lt(all[i - 1], all[i]);
}
END_TEST

static int keep_id(void *arg, void **ret_result)
{
	uint64_t **next = arg;

	(void)ret_result;
	*(*next)++ = bothy_context_id();
	return 0;
}

START_TEST(a_workers_jobs_have_ids_of_their_own)
{
	static uint64_t ids[3000];
	uint64_t *next = ids;

	pool_of(1);
	for (int i = 0; i < 3000; i++)
		ck_assert_int_eq(bothy_run(pool,
		                           &BOTHY_JOB(.entity = "ann", .project = "p",
		                                      .fn = keep_id, .arg = &next),
		                           BOTHY_FOREVER, NULL),
		                 0);
	qsort(ids, 3000, sizeof(*ids), compare_ids);
	for (int i = 1; i < 3000; i++)
		ck_assert_uint_lt(ids[i - 1], ids[i]);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
	bothy_context *context = NULL;
	struct bothy_context_options options = {.size = sizeof(options)};

	ck_assert_int_eq(bothy_context_enter(NULL, NULL, "p", NULL, &context), -EINVAL);
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "", NULL, &context), -EINVAL);
	ck_assert_int_eq(bothy_context_enter(NULL, "a/b", "p", NULL, &context), -EINVAL);
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p:q", NULL, &context), -EINVAL);
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", NULL, NULL), -EINVAL);
	options.flags = 1 << 9;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", &options, &context), -EINVAL);
	options.flags = BOTHY_TRACE;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", &options, &context), -ENOTSUP);
	options.flags = BOTHY_OWN_THREAD;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", &options, &context), -ENOTSUP);
	options.flags = BOTHY_ENSURE_PROJECT;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", &options, &context), -ENOTSUP);
	options.flags = 0;
	options.deadline = -1;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", &options, &context), -EINVAL);
	options.deadline = 0;
	options.refs = (enum bothy_ref_fallback)3;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", &options, &context), -EINVAL);
	options.refs = BOTHY_REFS_ANY;
	options.size--;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", &options, &context), -EINVAL);
	ck_assert_ptr_null(context);
	ck_assert_int_eq(bothy_context_adopt(NULL, &context), -EINVAL);
	ck_assert_int_eq(bothy_context_capture(NULL), -EINVAL);
	ck_assert_int_eq(bothy_context_exit(NULL), -EINVAL);
	ck_assert_int_eq(bothy_sleep_until(0), -EINVAL);
	ck_assert_int_eq(bothy_sleep_until(-5), -EINVAL);
	ck_assert_int_eq(bothy_client_require(NULL), -EINVAL);
}
END_TEST

START_TEST(larger_options_are_taken_if_their_tail_is_zero)
{
	union {
		struct bothy_context_options options;
		char bytes[8192];
	} large;
	bothy_context *context = NULL;

	memset(&large, 0, sizeof(large));
	large.options.size = 4096;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", &large.options, &context), 0);
	leave(context);
	large.bytes[4095] = 1;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", &large.options, &context), -E2BIG);
	large.bytes[4095] = 0;
	large.options.size = 4097;
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", &large.options, &context), -E2BIG);
}
END_TEST

START_TEST(a_key_that_cannot_be_made_is_an_error_and_may_be_tried_again)
{
	bothy_context *context = NULL;

	support_fail_key(1);
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", NULL, &context), -EAGAIN);
	ck_assert_ptr_null(context);
	ck_assert_uint_eq(bothy_context_id(), 0);
	leave(enter("ann", "p"));
}
END_TEST

START_TEST(a_context_that_cannot_be_installed_is_none)
{
	bothy_context *context = NULL;
	long live;

	recorder_open();
	leave(enter("ann", "p"));
	live = support_live_allocations();
	support_fail_value(1);
	ck_assert_int_eq(bothy_context_enter(recorder.server, "ann", "p", NULL, &context), -ENOMEM);
	ck_assert(support_value_failed());
	ck_assert_ptr_null(context);
	ck_assert_uint_eq(bothy_context_id(), 0);
	ck_assert_int_eq(support_live_allocations(), live);
	ck_assert_noted("");
	recorder_close();
}
END_TEST

/* ---- nesting -------------------------------------------------------------------------- */

static const char key;

START_TEST(leaving_puts_back_the_outer_context_untouched)
{
	struct bothy_object object = {0};
	bothy_context *outer = enter("ann", "p");
	bothy_client *client = bothy_client_current();
	uint64_t id = bothy_context_id();
	bothy_context *inner;

	put_ref(&object, "ann", "p", "outer");
	ck_assert_int_eq(bothy_local_set(&key, "outer", NULL), 0);
	ck_assert_int_eq(bothy_context_defer(note_arg, "outer"), 0);

	inner = enter("bob", "q");
	ck_assert_uint_ne(bothy_context_id(), id);
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "bob");
	ck_assert_ref(&object, NULL);
	ck_assert_ptr_null(bothy_local_get(&key));
	put_ref(&object, "bob", "q", "inner");
	ck_assert_int_eq(bothy_local_set(&key, "inner", NULL), 0);
	leave(inner);

	ck_assert_uint_eq(bothy_context_id(), id);
	ck_assert_ptr_eq(bothy_client_current(), client);
	ck_assert_ref(&object, "outer");
	ck_assert_str_eq(bothy_local_get(&key), "outer");
	ck_assert_noted("");
	leave(outer);
	ck_assert_noted("outer");
	bothy_object_fini(&object);
}
END_TEST

START_TEST(contexts_nest_a_hundred_deep)
{
	bothy_context *contexts[100];
	uint64_t ids[100];

	for (int i = 0; i < 100; i++) {
		contexts[i] = enter("ann", "p");
		ids[i] = bothy_context_id();
	}
	for (int i = 99; i >= 0; i--) {
		ck_assert_uint_eq(bothy_context_id(), ids[i]);
		leave(contexts[i]);
	}
	ck_assert_uint_eq(bothy_context_id(), 0);
}
END_TEST

START_TEST(exit_takes_the_inner_ones_along_innermost_first_and_says_busy)
{
	bothy_context *bottom = enter("ann", "p");
	bothy_context *outer = enter("ann", "p");

	ck_assert_int_eq(bothy_context_defer(note_arg, "outer"), 0);
	(void)enter("ann", "p");
	ck_assert_int_eq(bothy_context_defer(note_arg, "middle"), 0);
	(void)enter("ann", "p");
	ck_assert_int_eq(bothy_context_defer(note_arg, "inner"), 0);
	ck_assert_int_eq(bothy_context_exit(outer), -EBUSY);
	ck_assert_noted("inner middle outer");
	leave(bottom);
}
END_TEST

START_TEST(a_context_that_has_exited_cannot_be_left)
{
	bothy_context *outer = enter("ann", "p");
	bothy_context *inner = enter("ann", "p");

	leave(inner);
	ck_assert_int_eq(bothy_context_exit(inner), -EINVAL);
	leave(outer);
	ck_assert_int_eq(bothy_context_exit(outer), -EINVAL);
}
END_TEST

static void *exit_foreign(void *arg)
{
	bothy_context *own = enter("bob", "q");

	ck_assert_int_eq(bothy_context_exit(arg), -EINVAL);
	leave(own);
	return NULL;
}

START_TEST(a_context_of_another_thread_cannot_be_left)
{
	bothy_context *context = enter("ann", "p");
	uint64_t id = bothy_context_id();

	support_join(support_thread(exit_foreign, context));
	ck_assert_uint_eq(bothy_context_id(), id);
	leave(context);
}
END_TEST

static int exit_from_job(void *arg, void **ret_result)
{
	bothy_context *inner = enter("bob", "q");
	uint64_t id = bothy_context_id();

	(void)ret_result;
	ck_assert_int_eq(bothy_context_exit(arg), -EPERM);
	ck_assert_uint_eq(bothy_context_id(), id);
	leave(inner);
	ck_assert_int_eq(bothy_context_exit(arg), -EPERM);
	return 0;
}

START_TEST(a_job_cannot_leave_what_lies_outside_it)
{
	bothy_context *context = enter("ann", "p");

	ck_assert_int_eq(bothy_run_here(NULL,
	                                &BOTHY_JOB(.entity = "ann", .project = "p",
	                                           .fn = exit_from_job, .arg = context),
	                                NULL),
	                 0);
	leave(context);
}
END_TEST

static bothy_context *outer_one;

static void exit_arg(void *arg)
{
	uint64_t id = bothy_context_id();

	ck_assert_int_eq(bothy_context_exit(arg), -EINVAL);
	ck_assert_int_eq(bothy_context_exit(outer_one), -EINVAL);
	ck_assert_uint_eq(bothy_context_id(), id);
	note("refused");
}

START_TEST(neither_what_is_being_left_nor_what_is_outside_it_can_be_left_again)
{
	bothy_context *context;

	outer_one = enter("ann", "p");
	context = enter("ann", "p");
	ck_assert_int_eq(bothy_context_defer(exit_arg, context), 0);
	ck_assert_int_eq(bothy_local_set(&key, context, exit_arg), 0);
	leave(context);
	ck_assert_noted("refused refused");
	leave(outer_one);
}
END_TEST

static int forget_contexts(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	(void)enter("bob", "q");
	ck_assert_int_eq(bothy_context_defer(note_arg, "inner"), 0);
	(void)enter("cyd", "r");
	ck_assert_int_eq(bothy_context_defer(note_arg, "innermost"), 0);
	return 0;
}

START_TEST(a_job_that_forgets_contexts_leaves_them_when_it_ends)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = forget_contexts))), 0);
	ck_assert_noted("innermost inner");
}
END_TEST

static int forget_in_init(void *user, void **ret_worker_local)
{
	(void)ret_worker_local;
	return forget_contexts(user, NULL);
}

static void note_context(void *user, void *worker_local)
{
	(void)user;
	(void)worker_local;
	note(bothy_context_id() == 0 ? "none" : "some");
}

START_TEST(between_its_jobs_a_worker_is_in_no_context_that_its_init_forgot)
{
	pool_with((struct bothy_pool_options){
		.workers = 1, .worker_init = forget_in_init, .worker_fini = note_context});
	ck_assert_noted("innermost inner");
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_noted("none");
}
END_TEST

/* ---- memory --------------------------------------------------------------------------- */

static void use_everything(void)
{
	static struct bothy_object objects[20];
	bothy_context *context = enter_recorded("ann", "p");
	bothy_capture *capture = NULL;

	for (int i = 0; i < 20; i++)
		put_ref(&objects[i], "ann", "p", "x");
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(bothy_local_set(&objects[i], &objects[i], note_arg), 0);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(bothy_local_set(&objects[i], NULL, NULL), 0);
	ck_assert_ptr_nonnull(bothy_context_alloc(100000));
	ck_assert_int_eq(bothy_fail(-5, "text"), -5);
	ck_assert_int_eq(bothy_context_capture(&capture), 0);
	bothy_capture_release(capture);
	leave(context);
	(void)noted();
	for (int i = 0; i < 20; i++)
		bothy_object_fini(&objects[i]);
}

static void note_nothing(void *arg)
{
	(void)arg;
}

START_TEST(a_thousand_contexts_leave_nothing_behind)
{
	long live;

	recorder_open();
	/* The library's own first allocations, if any. */
	leave(enter("ann", "p"));
	live = support_live_allocations();
	for (int i = 0; i < 1000; i++) {
		bothy_context *context = enter_recorded("ann", "p");
		struct bothy_object object = {0};
		bothy_capture *capture = NULL;

		put_ref(&object, "ann", "p", "x");
		ck_assert_int_eq(bothy_local_set(&key, &object, note_nothing), 0);
		ck_assert_int_eq(bothy_context_defer(note_nothing, NULL), 0);
		ck_assert_ptr_nonnull(bothy_context_alloc(100000));
		ck_assert_int_eq(bothy_fail(-5, "text %d", i), -5);
		ck_assert_int_eq(bothy_context_capture(&capture), 0);
		bothy_capture_release(capture);
		bothy_object_fini(&object);
		leave(context);
		(void)noted();
	}
	ck_assert_int_eq(support_live_allocations(), live);
	ck_assert_uint_eq(testing_counts.contexts_begun, 1001);
	ck_assert_uint_eq(testing_counts.contexts_ended, 1001);
	ck_assert_uint_eq(testing_counts.refs_made, 1000);
	ck_assert_uint_eq(testing_counts.refs_destroyed, 1000);
	recorder_close();
}
END_TEST

START_TEST(memory_of_a_context_is_aligned_and_the_callers_own)
{
	bothy_context *context = enter("ann", "p");
	char *blocks[200];

	ck_assert_ptr_nonnull(bothy_context_alloc(0));
	for (size_t i = 0; i < 200; i++) {
		blocks[i] = bothy_context_alloc(i);
		ck_assert_ptr_nonnull(blocks[i]);
		ck_assert_uint_eq((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
		memset(blocks[i], (int)i, i);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_int_eq((unsigned char)blocks[i][j], (int)i);
	ck_assert_ptr_null(bothy_context_alloc(SIZE_MAX));
	ck_assert_ptr_null(bothy_context_alloc(SIZE_MAX / 2));
	leave(context);
	ck_assert_ptr_null(bothy_context_alloc(1));
}
END_TEST

START_TEST(everything_at_once_leaves_nothing_behind)
{
	long live;

	recorder_open();
	leave(enter("ann", "p"));
	live = support_live_allocations();
	use_everything();
	ck_assert_int_eq(support_live_allocations(), live);
	recorder_close();
}
END_TEST

/* ---- BOTHY_ISOLATED ------------------------------------------------------------------- */

START_TEST(an_isolated_block_is_a_context)
{
	int error = 1;
	int n = 0;

	BOTHY_ISOLATED(&error, NULL, "ann", "p") {
		ck_assert_int_eq(error, 0);
		ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
		ck_assert_int_eq(bothy_context_defer(note_arg, "left"), 0);
		n++;
	}
	ck_assert_noted("left");
	ck_assert_int_eq(n, 1);
	ck_assert_uint_eq(bothy_context_id(), 0);
}
END_TEST

static int return_from_block(void)
{
	int error;

	BOTHY_ISOLATED(&error, NULL, "ann", "p") {
		ck_assert_int_eq(bothy_context_defer(note_arg, "return"), 0);
		return 7;
	}
	return error;
}

START_TEST(an_isolated_block_is_left_by_return_break_continue_and_goto)
{
	int error;

	ck_assert_int_eq(return_from_block(), 7);
	ck_assert_noted("return");
	ck_assert_uint_eq(bothy_context_id(), 0);

	BOTHY_ISOLATED(&error, NULL, "ann", "p") {
		ck_assert_int_eq(bothy_context_defer(note_arg, "break"), 0);
		break;
	}
	ck_assert_noted("break");
	ck_assert_uint_eq(bothy_context_id(), 0);

	BOTHY_ISOLATED(&error, NULL, "ann", "p") {
		ck_assert_int_eq(bothy_context_defer(note_arg, "continue"), 0);
		continue;
	}
	ck_assert_noted("continue");
	ck_assert_uint_eq(bothy_context_id(), 0);

	BOTHY_ISOLATED(&error, NULL, "ann", "p") {
		BOTHY_ISOLATED(&error, NULL, "bob", "q") {
			ck_assert_int_eq(bothy_context_defer(note_arg, "goto"), 0);
			goto out;
		}
	}
out:
	ck_assert_noted("goto");
	ck_assert_uint_eq(bothy_context_id(), 0);
}
END_TEST

START_TEST(an_isolated_block_that_cannot_be_entered_is_skipped)
{
	int error = 0;
	bool ran = false;

	BOTHY_ISOLATED(&error, NULL, "a/b", "p")
		ran = true;
	ck_assert(!ran);
	ck_assert_int_eq(error, -EINVAL);
}
END_TEST

/* ---- what went wrong ------------------------------------------------------------------ */

START_TEST(fail_returns_its_error_and_the_last_text_counts)
{
	bothy_context *context, *inner;

	recorder_open();
	context = enter_recorded("ann", "p");
	ck_assert_int_eq(bothy_fail(EIO, "first"), EIO);
	inner = enter("ann", "p");
	ck_assert_int_eq(bothy_fail(EIO, "of the inner one"), EIO);
	leave(inner);
	ck_assert_int_eq(bothy_fail(-EPERM, "no %s in %d", "such file", 7), -EPERM);
	leave(context);
	ck_assert_str_eq(recorder.text, "no such file in 7");
	ck_assert_int_eq(bothy_fail(3, "outside"), 3);
	leave(enter_recorded("ann", "p"));
	ck_assert_str_eq(recorder.text, "(none)");
	recorder_close();
}
END_TEST

START_TEST(fail_keeps_errno_and_formats_it)
{
	bothy_context *context;

	recorder_open();
	context = enter_recorded("ann", "p");
	errno = ENOSPC;
	ck_assert_int_eq(bothy_fail(1, "%m"), 1);
	ck_assert_int_eq(errno, ENOSPC);
	leave(context);
	ck_assert_str_eq(recorder.text, strerror(ENOSPC));
	recorder_close();
}
END_TEST

START_TEST(a_text_without_memory_is_lost_and_the_error_stands)
{
	bothy_context *context;
	int said;

	recorder_open();
	context = enter_recorded("ann", "p");
	ck_assert_int_eq(bothy_fail(1, "of another failure"), 1);
	support_fail_allocation(1);
	said = bothy_fail(2, "lost");
	support_fail_allocation(0);
	ck_assert_int_eq(said, 2);
	leave(context);
	ck_assert_str_eq(recorder.text, "(none)");
	recorder_close();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_context_knows_whose_it_is,
		the_names_are_copied,
		ids_never_repeat,
		a_workers_jobs_have_ids_of_their_own,
		bad_arguments_are_refused,
		larger_options_are_taken_if_their_tail_is_zero,
		a_key_that_cannot_be_made_is_an_error_and_may_be_tried_again,
		a_context_that_cannot_be_installed_is_none,
		leaving_puts_back_the_outer_context_untouched,
		contexts_nest_a_hundred_deep,
		exit_takes_the_inner_ones_along_innermost_first_and_says_busy,
		a_context_that_has_exited_cannot_be_left,
		a_context_of_another_thread_cannot_be_left,
		a_job_cannot_leave_what_lies_outside_it,
		neither_what_is_being_left_nor_what_is_outside_it_can_be_left_again,
		a_job_that_forgets_contexts_leaves_them_when_it_ends,
		between_its_jobs_a_worker_is_in_no_context_that_its_init_forgot,
		a_thousand_contexts_leave_nothing_behind,
		memory_of_a_context_is_aligned_and_the_callers_own,
		everything_at_once_leaves_nothing_behind,
		an_isolated_block_is_a_context,
		an_isolated_block_is_left_by_return_break_continue_and_goto,
		an_isolated_block_that_cannot_be_entered_is_skipped,
		fail_returns_its_error_and_the_last_text_counts,
		fail_keeps_errno_and_formats_it,
		a_text_without_memory_is_lost_and_the_error_stands,
	};

	return run_suite("context", tests, sizeof(tests) / sizeof(tests[0]));
}
