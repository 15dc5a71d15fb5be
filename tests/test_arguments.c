/*
 * Bad input: each a documented error, with nothing lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pool_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int submit(struct bothy_job job)
{
	return bothy_submit(pool, &job, NULL);
}

/* A job that is fine, to be spoiled. */
#define GOOD .entity = "ann", .project = "p", .fn = nothing

/* ---- names ---------------------------------------------------------------------------- */

static const char *const bad_names[] = {NULL, "", "a/b", "/", "a:b", ":"};

START_TEST(an_entity_or_project_has_no_slash_and_no_colon_and_is_not_empty)
{
	bothy_context *context = NULL;
	bothy_project *project = NULL;
	bothy_client *client = NULL;

	pool_of(1);
	for (size_t i = 0; i < COUNT(bad_names); i++) {
		const char *bad = bad_names[i];

		ck_assert_int_eq(submit(BOTHY_JOB(.entity = bad, .project = "p", .fn = nothing)),
		                 -EINVAL);
		ck_assert_int_eq(submit(BOTHY_JOB(.entity = "e", .project = bad, .fn = nothing)),
		                 -EINVAL);
		ck_assert_int_eq(bothy_project_open(pool, bad, "p", NULL, &project), -EINVAL);
		ck_assert_int_eq(bothy_project_open(pool, "e", bad, NULL, &project), -EINVAL);
		ck_assert_int_eq(bothy_context_enter(NULL, bad, "p", NULL, &context), -EINVAL);
		ck_assert_int_eq(bothy_context_enter(NULL, "e", bad, NULL, &context), -EINVAL);
		ck_assert_int_eq(bothy_client_new(NULL, bad, "p", &client), -EINVAL);
		ck_assert_int_eq(bothy_client_new(NULL, "e", bad, &client), -EINVAL);
		ck_assert_int_eq(
			bothy_run_here(NULL,
		                       &BOTHY_JOB(.entity = bad, .project = "p", .fn = nothing),
		                       NULL),
			-EINVAL);
	}
	ck_assert_ptr_null(context);
	ck_assert_ptr_null(project);
	ck_assert_ptr_null(client);
	ck_assert_uint_eq(stats_now().submitted, 0);
}
END_TEST

START_TEST(names_may_be_long_and_in_any_alphabet)
{
	char longest[5000];

	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.entity = longest, .project = longest,
	                                         .fn = nothing))),
	                 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.entity = "b\xc3\xb6rk", .project = "a b%c",
	                                         .fn = nothing))),
	                 0);
}
END_TEST

START_TEST(a_handle_stands_instead_of_names_and_is_of_the_same_pool)
{
	struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};
	bothy_pool *other;
	bothy_project *own, *foreign;

	pool_of(1);
	ck_assert_int_eq(bothy_pool_new(NULL, &options, &other), 0);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", NULL, &own), 0);
	ck_assert_int_eq(bothy_project_open(other, "ann", "p", NULL, &foreign), 0);
	ck_assert_int_eq(submit(BOTHY_JOB(.handle = foreign, .fn = nothing)), -EINVAL);
	ck_assert_int_eq(submit(BOTHY_JOB(.handle = own, .entity = "ann", .fn = nothing)), -EINVAL);
	ck_assert_int_eq(submit(BOTHY_JOB(.handle = own, .fn = nothing)), 0);
	bothy_project_release(own);
	bothy_project_release(foreign);
	bothy_pool_free(other);
}
END_TEST

/* ---- sizes ------------------------------------------------------------------------------ */

START_TEST(a_size_of_no_release_is_refused)
{
	struct bothy_job job = BOTHY_JOB(GOOD);
	struct bothy_pool_options options = {.size = 0};
	struct bothy_context_options context_options = {.size = 1};
	struct bothy_project_options project_options = {.size = 0};
	struct bothy_pool_stats stats = {.size = 7};
	struct bothy_server_ops ops = {.size = 0};
	bothy_pool *none;
	bothy_context *context;
	bothy_project *project;
	bothy_server *server;

	pool_of(1);
	job.size = 0;
	ck_assert_int_eq(bothy_submit(pool, &job, NULL), -EINVAL);
	job.size = sizeof(job) - 1;
	ck_assert_int_eq(bothy_submit(pool, &job, NULL), -EINVAL);
	job.size = SIZE_MAX;
	ck_assert_int_eq(bothy_submit(pool, &job, NULL), -E2BIG);
	ck_assert_int_eq(bothy_pool_new(NULL, &options, &none), -EINVAL);
	ck_assert_int_eq(bothy_context_enter(NULL, "e", "p", &context_options, &context), -EINVAL);
	ck_assert_int_eq(bothy_project_open(pool, "e", "p", &project_options, &project), -EINVAL);
	ck_assert_int_eq(bothy_pool_stats(pool, &stats), -EINVAL);
	ck_assert_int_eq(bothy_server_new(&ops, NULL, &server), -EINVAL);
}
END_TEST

START_TEST(a_larger_struct_is_taken_if_its_tail_is_zero)
{
	struct {
		struct bothy_job job;
		char later[64];
	} larger;

	pool_of(1);
	memset(&larger, 0, sizeof(larger));
	larger.job = BOTHY_JOB(GOOD);
	larger.job.size = sizeof(larger);
	ck_assert_int_eq(bothy_submit(pool, &larger.job, NULL), 0);
	larger.later[63] = 1;
	ck_assert_int_eq(bothy_submit(pool, &larger.job, NULL), -E2BIG);
}
END_TEST

/* ---- pools -------------------------------------------------------------------------------- */

static int new_pool(struct bothy_pool_options options)
{
	bothy_pool *unexpected = NULL;
	int error;

	options.size = sizeof(options);
	error = bothy_pool_new(NULL, &options, &unexpected);
	ck_assert_ptr_null(unexpected);
	return error;
}

START_TEST(absurd_pools_are_refused)
{
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.workers = 1025}), -EINVAL);
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.workers = UINT32_MAX}), -EINVAL);
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.spare_max = 1025}), -EINVAL);
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.stack_bytes = 100}), -EINVAL);
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.default_timeout_ns = -1}), -EINVAL);
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.stop_grace_ns = -1}), -EINVAL);
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.when_full = 9}), -EINVAL);
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.refs = 9}), -EINVAL);
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.hygiene = 9}), -EINVAL);
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.dirt_mask = UINT32_C(1) << 29}), -EINVAL);
	ck_assert_int_eq(new_pool((struct bothy_pool_options){.workers = 1,
	                                                      .stack_bytes = SIZE_MAX / 8 * 7}),
	                 -EAGAIN);
	ck_assert_int_eq(bothy_pool_new(NULL, NULL, NULL), -EINVAL);
}
END_TEST

START_TEST(features_of_later_releases_are_refused)
{
	pool_of(1);
	ck_assert_int_eq(submit(BOTHY_JOB(GOOD, .priority = 101)), -EINVAL);
	ck_assert_int_eq(submit(BOTHY_JOB(GOOD, .priority = -101)), -EINVAL);
	ck_assert_int_eq(submit(BOTHY_JOB(GOOD, .flags = BOTHY_TRACE)), -ENOTSUP);
	ck_assert_int_eq(submit(BOTHY_JOB(GOOD, .flags = BOTHY_ENSURE_PROJECT)), -ENOTSUP);
}
END_TEST

/* ---- jobs ----------------------------------------------------------------------------------- */

START_TEST(bad_jobs_are_refused_and_their_arguments_stay_the_callers)
{
	pool_of(1);
	ck_assert_int_eq(bothy_submit(NULL, &BOTHY_JOB(GOOD), NULL), -EINVAL);
	ck_assert_int_eq(bothy_submit(pool, NULL, NULL), -EINVAL);
	ck_assert_int_eq(submit(BOTHY_JOB(.entity = "e", .project = "p", .arg = &freed,
	                                  .arg_free = count_free)),
	                 -EINVAL);
	ck_assert_int_eq(submit(BOTHY_JOB(GOOD, .deadline = -1)), -EINVAL);
	ck_assert_int_eq(submit(BOTHY_JOB(GOOD, .flags = 1 << 20)), -EINVAL);
	ck_assert_int_eq(submit(BOTHY_JOB(GOOD, .arg_bytes = 8)), -EINVAL);
	ck_assert_int_eq(submit(BOTHY_JOB(GOOD, .arg = &freed, .arg_bytes = SIZE_MAX)), -ENOMEM);
	ck_assert_int_eq(freed, 0);
	ck_assert_uint_eq(stats_now().submitted, 0);
}
END_TEST

START_TEST(submit_many_checks_what_it_is_given)
{
	struct bothy_job jobs[2] = {BOTHY_JOB(GOOD), BOTHY_JOB(GOOD)};
	size_t accepted = 9;

	pool_of(1);
	ck_assert_int_eq(bothy_submit_many(pool, jobs, 2, NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_submit_many(NULL, jobs, 2, NULL, &accepted), -EINVAL);
	ck_assert_uint_eq(accepted, 0);
	ck_assert_int_eq(bothy_submit_many(pool, NULL, 2, NULL, &accepted), -EINVAL);
	ck_assert_int_eq(bothy_submit_many(pool, NULL, 0, NULL, &accepted), 0);
	jobs[1].fn = NULL;
	ck_assert_int_eq(bothy_submit_many(pool, jobs, 2, NULL, &accepted), -EINVAL);
	ck_assert_uint_eq(accepted, 1);
}
END_TEST

START_TEST(run_here_takes_nothing_that_needs_a_pool)
{
	bothy_project *project;
	bothy_group *group;
	bothy_completions *completions;

	pool_of(1);
	ck_assert_int_eq(bothy_project_open(pool, "e", "p", NULL, &project), 0);
	ck_assert_int_eq(bothy_group_new(&group), 0);
	ck_assert_int_eq(bothy_completions_new(&completions), 0);
	{
		const struct bothy_job bad[] = {
			BOTHY_JOB(GOOD, .group = group),
			BOTHY_JOB(GOOD, .completions = completions),
			BOTHY_JOB(GOOD, .flags = BOTHY_OWN_THREAD),
			BOTHY_JOB(.handle = project, .fn = nothing),
			BOTHY_JOB(.entity = "ann", .project = "p"),
			{.size = 1},
		};

		for (size_t i = 0; i < COUNT(bad); i++)
			ck_assert_int_eq(bothy_run_here(NULL, &bad[i], NULL), -EINVAL);
	}
	ck_assert_int_eq(bothy_run_here(NULL, NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_run_here(NULL, &BOTHY_JOB(GOOD, .flags = BOTHY_ENSURE_PROJECT), NULL),
	                 -ENOTSUP);
	ck_assert_int_eq(bothy_run_here(NULL, &BOTHY_JOB(GOOD), NULL), 0);
	bothy_completions_release(completions);
	bothy_group_release(group);
	bothy_project_release(project);
}
END_TEST

static int spawn_badly(void *arg, void **ret_result)
{
	bothy_project *project = arg;
	const struct bothy_job bad[] = {
		BOTHY_JOB(GOOD),
		BOTHY_JOB(.entity = "ann", .fn = nothing),
		BOTHY_JOB(.project = "p", .fn = nothing),
		BOTHY_JOB(.handle = project, .fn = nothing),
		BOTHY_JOB(.fn = NULL),
		BOTHY_JOB(.fn = nothing, .deadline = -1),
		BOTHY_JOB(.fn = nothing, .priority = 101),
		BOTHY_JOB(.fn = nothing, .priority = -101),
	};

	(void)ret_result;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (bothy_spawn(&bad[i], NULL) != -EINVAL)
			return 1 + (int)i;
	return bothy_spawn(NULL, NULL) == -EINVAL ? 0 : 100;
}

START_TEST(spawn_takes_no_tenant_for_it_has_its_parents)
{
	bothy_project *project;

	pool_of(1);
	ck_assert_int_eq(bothy_project_open(pool, "e", "p", NULL, &project), 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = spawn_badly, .arg = project))), 0);
	bothy_project_release(project);
	ck_assert_uint_eq(stats_now().submitted, 1);
}
END_TEST

/* ---- times ------------------------------------------------------------------------------------ */

START_TEST(a_deadline_of_zero_as_an_argument_is_refused)
{
	bothy_future *future;
	bothy_group *group;
	bothy_completions *completions;
	struct bothy_completion got;

	pool_of(1);
	future = start(BOTHY_JOB(GOOD));
	ck_assert_int_eq(bothy_group_new(&group), 0);
	ck_assert_int_eq(bothy_completions_new(&completions), 0);
	for (bothy_time t = -1; t <= 0; t++) {
		ck_assert_int_eq(bothy_pool_close(pool, t), -EINVAL);
		ck_assert_int_eq(bothy_future_wait(future, t), -EINVAL);
		ck_assert_int_eq(bothy_future_wait_all(&future, 1, t), -EINVAL);
		ck_assert_int_eq(bothy_run(pool, &BOTHY_JOB(GOOD), t, NULL), -EINVAL);
		ck_assert_int_eq(bothy_group_wait(group, t), -EINVAL);
		ck_assert_int_eq(bothy_completions_next(completions, t, &got), -EINVAL);
		ck_assert_int_eq(bothy_sleep_until(t), -EINVAL);
	}
	ck_assert_int_eq(outcome(future), 0);
	bothy_group_release(group);
	bothy_completions_release(completions);
}
END_TEST

START_TEST(after_ms_saturates)
{
	ck_assert_int_eq(bothy_after_ms(INT64_MAX), BOTHY_FOREVER);
	ck_assert_int_eq(bothy_after_ms(INT64_MAX / 1000000), BOTHY_FOREVER);
	ck_assert_int_eq(bothy_after_ms(-1), BOTHY_NOW);
	ck_assert_int_gt(bothy_after_ms(0), BOTHY_NOW);
}
END_TEST

/* ---- null ----------------------------------------------------------------------------------------- */

START_TEST(null_is_refused_wherever_something_is_needed)
{
	bothy_future *none = NULL;
	struct bothy_completion got;
	int key;

	ck_assert_int_eq(bothy_pool_close(NULL, BOTHY_NOW), -EINVAL);
	ck_assert_int_eq(bothy_pool_stats(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_future_wait(NULL, BOTHY_NOW), -EINVAL);
	ck_assert_int_eq(bothy_future_wait_all(NULL, 1, BOTHY_NOW), -EINVAL);
	ck_assert_int_eq(bothy_future_wait_all(&none, 1, BOTHY_NOW), -EINVAL);
	ck_assert_int_eq(bothy_future_result(NULL, NULL), -EINVAL);
	ck_assert_ptr_null(bothy_future_error(NULL));
	ck_assert_int_eq(bothy_future_state(NULL), BOTHY_QUEUED);
	ck_assert(!bothy_future_running(NULL));
	ck_assert_int_eq(bothy_future_cancel(NULL), -EINVAL);
	ck_assert_int_eq(bothy_future_notify(NULL, count_free, NULL), -EINVAL);
	ck_assert_int_eq(bothy_group_new(NULL), -EINVAL);
	ck_assert_int_eq(bothy_group_wait(NULL, BOTHY_NOW), -EINVAL);
	ck_assert_int_eq(bothy_group_cancel(NULL), -EINVAL);
	ck_assert_int_eq(bothy_completions_new(NULL), -EINVAL);
	ck_assert_int_eq(bothy_completions_fd(NULL), -EINVAL);
	ck_assert_int_eq(bothy_completions_next(NULL, BOTHY_NOW, &got), -EINVAL);
	ck_assert_int_eq(bothy_spawn(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_context_enter(NULL, "e", "p", NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_context_exit(NULL), -EINVAL);
	ck_assert_int_eq(bothy_context_capture(NULL), -EINVAL);
	ck_assert_int_eq(bothy_context_adopt(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_client_new(NULL, "e", "p", NULL), -EINVAL);
	ck_assert_int_eq(bothy_client_require(NULL), -EINVAL);
	ck_assert_int_eq(bothy_context_defer(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_local_set(NULL, &key, NULL), -EINVAL);
	ck_assert_int_eq(bothy_object_set_ref(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_object_get_ref(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_address_set_ref(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_address_get_ref(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_ref_parse(NULL, NULL), -EINVAL);
	ck_assert_int_eq(bothy_ref_format(NULL, NULL, 0), -EINVAL);
	ck_assert_int_eq(bothy_server_new(NULL, NULL, NULL), -EINVAL);
}
END_TEST

/* ---- outside any context ------------------------------------------------------------------------------ */

START_TEST(outside_any_context_each_call_says_so)
{
	bothy_client *client = NULL;
	bothy_capture *capture = NULL;
	int key, value;

	ck_assert_ptr_null(bothy_client_current());
	ck_assert_int_eq(bothy_client_require(&client), -ENOENT);
	ck_assert_uint_eq(bothy_context_id(), 0);
	ck_assert_int_eq(bothy_stop_requested(), 0);
	ck_assert_int_eq(bothy_stop_fd(), -ENOENT);
	ck_assert_int_eq(bothy_fail(EIO, "nowhere to keep %s", "this"), EIO);
	ck_assert_ptr_null(bothy_context_alloc(1));
	ck_assert_int_eq(bothy_context_defer(count_free, NULL), -ENOENT);
	ck_assert_int_eq(bothy_local_set(&key, &value, NULL), -ENOENT);
	ck_assert_ptr_null(bothy_local_get(&key));
	ck_assert_ptr_null(bothy_worker_local());
	ck_assert_int_eq(bothy_context_capture(&capture), -ENOENT);
	ck_assert_int_eq(bothy_spawn(&BOTHY_JOB(.fn = nothing), NULL), -ENOENT);
	ck_assert_int_eq(bothy_sleep_until(bothy_after_ms(1)), 0);
	ck_assert_ptr_null(client);
	ck_assert_ptr_null(capture);
	ck_assert_ptr_null(bothy_client_entity(NULL));
	ck_assert_ptr_null(bothy_client_project(NULL));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_entity_or_project_has_no_slash_and_no_colon_and_is_not_empty,
		names_may_be_long_and_in_any_alphabet,
		a_handle_stands_instead_of_names_and_is_of_the_same_pool,
		a_size_of_no_release_is_refused,
		a_larger_struct_is_taken_if_its_tail_is_zero,
		absurd_pools_are_refused,
		features_of_later_releases_are_refused,
		bad_jobs_are_refused_and_their_arguments_stay_the_callers,
		submit_many_checks_what_it_is_given,
		run_here_takes_nothing_that_needs_a_pool,
		spawn_takes_no_tenant_for_it_has_its_parents,
		a_deadline_of_zero_as_an_argument_is_refused,
		after_ms_saturates,
		null_is_refused_wherever_something_is_needed,
		outside_any_context_each_call_says_so,
	};

	return run_suite("arguments", tests, COUNT(tests));
}
