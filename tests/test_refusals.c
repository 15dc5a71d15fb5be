/*
 * What the system may refuse a pool: each allocation, each thread and each descriptor fails
 * once, in a run through all that a pool does.  Whatever is refused is an error for the caller;
 * every job that was accepted settles, its argument is freed once, and nothing is left.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>

#include "tests/expect.h"
#include "tests/pool_fixture.h"
#include "tests/support.h"

static bool is_done_or_refused(int code)
{
	return code == 0 || code == -ENOMEM || code == -EAGAIN || code == -EMFILE;
}

#define EXPECT_DONE_OR_REFUSED(call) EXPECT(is_done_or_refused(call))

/* ---- jobs -------------------------------------------------------------------------------- */

enum { JOBS_MAX = 16 };

static bothy_future *futures[JOBS_MAX];
static int accepted, to_deliver;
static _Atomic int told;

static void submit(struct bothy_job job)
{
	static int argument;
	int error;

	job.arg = &argument;
	job.arg_free = count_free;
	if (job.handle == NULL && job.entity == NULL) {
		job.entity = "ann";
		job.project = "p";
	}
	error = bothy_submit(pool, &job, &futures[accepted]);
	EXPECT_DONE_OR_REFUSED(error);
	if (error < 0)
		return;
	accepted++;
	to_deliver += job.completions != NULL;
}

static void tell(void *arg)
{
	(void)arg;
	atomic_fetch_add(&told, 1);
}

static void ignore(void *arg)
{
	(void)arg;
}

static int set_refs(struct bothy_object *object, char *address)
{
	bothy_ref *ref;
	int error = bothy_ref_parse("weave:///ann/p/object/o:d", &ref);

	if (error < 0)
		return error;
	error = bothy_object_set_ref(object, ref);
	EXPECT_DONE_OR_REFUSED(error);
	error = bothy_address_set_ref(address, ref);
	bothy_ref_release(ref);
	return error;
}

static void wait_for_a_child(void)
{
	bothy_future *child;
	int error = bothy_spawn(&BOTHY_JOB(.fn = nothing, .arg = &freed), &child);

	if (error == -ENOENT) /* in bothy_run_here() */
		return;
	EXPECT_DONE_OR_REFUSED(error);
	if (error < 0)
		return;
	EXPECT_DONE_OR_REFUSED(bothy_future_wait(child, BOTHY_FOREVER));
	bothy_future_release(child);
}

/* All that may be refused inside a job. */
static int use_context(void *arg, void **ret_result)
{
	static const char key;
	struct bothy_object object = {{0}};
	char bare;
	int fd;

	(void)arg;
	(void)ret_result;
	EXPECT_DONE_OR_REFUSED(set_refs(&object, &bare));
	EXPECT_DONE_OR_REFUSED(bothy_context_defer(ignore, NULL));
	EXPECT_DONE_OR_REFUSED(bothy_local_set(&key, &object, NULL));
	(void)bothy_context_alloc(10000);
	fd = bothy_stop_fd();
	EXPECT(fd >= 0 || is_done_or_refused(fd));
	wait_for_a_child();
	bothy_object_fini(&object);
	bothy_address_forget(&bare);
	return bothy_fail(0, "all of it, in %d lines", __LINE__);
}

/* ---- the run ------------------------------------------------------------------------------- */

static void expect_outcomes(void)
{
	for (int i = 0; i < accepted; i++) {
		int code;

		EXPECT(bothy_future_wait(futures[i], BOTHY_FOREVER) == 0);
		code = bothy_future_result(futures[i], NULL);
		EXPECT(code == -EOWNERDEAD || is_done_or_refused(code));
	}
}

static void expect_deliveries(bothy_completions *completions)
{
	struct bothy_completion got;

	for (; to_deliver > 0; to_deliver--)
		EXPECT(bothy_completions_next(completions, BOTHY_FOREVER, &got) == 0);
	EXPECT(completions == NULL ||
	       bothy_completions_next(completions, BOTHY_NOW, &got) == -ETIMEDOUT);
}

static void run_jobs(bothy_project *project, bothy_group *group, bothy_completions *completions)
{
	const struct bothy_job here = BOTHY_JOB(.entity = "bob", .project = "p", .fn = use_context);
	int notified = 0, error;

	submit(BOTHY_JOB(.entity = "eve", .project = "p", .fn = nothing, .group = group,
	                 .completions = completions));
	submit(BOTHY_JOB(.fn = nothing, .arg_bytes = sizeof(int), .completions = completions));
	submit(BOTHY_JOB(.fn = use_context, .handle = project));
	submit(BOTHY_JOB(.fn = use_context, .flags = BOTHY_OWN_THREAD, .group = group));
	submit(BOTHY_JOB(.fn = end_thread));
	submit(BOTHY_JOB(.fn = use_context, .deadline = bothy_after_ms(1000000)));
	submit(BOTHY_JOB(.fn = end_thread, .group = group));
	if (accepted > 0) {
		notified = bothy_future_notify(futures[accepted - 1], tell, NULL);
		EXPECT_DONE_OR_REFUSED(notified);
		notified = notified == 0;
	}
	EXPECT_DONE_OR_REFUSED(bothy_run(pool, &here, BOTHY_FOREVER, NULL));
	error = bothy_run_here(NULL, &here, NULL);
	EXPECT_DONE_OR_REFUSED(error);
	expect_outcomes();
	EXPECT(group == NULL || bothy_group_wait(group, BOTHY_FOREVER) == 0);
	expect_deliveries(completions);
	EXPECT(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	EXPECT(told == notified);
	EXPECT(freed == accepted);
}

static void run_through(void)
{
	const struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};
	bothy_project *project = NULL;
	bothy_group *group = NULL;
	bothy_completions *completions = NULL;
	int error = bothy_pool_new(NULL, &options, &pool);

	accepted = to_deliver = 0;
	atomic_store(&told, 0);
	atomic_store(&freed, 0);
	EXPECT_DONE_OR_REFUSED(error);
	if (error < 0)
		return;
	EXPECT_DONE_OR_REFUSED(bothy_project_open(pool, "ann", "p", NULL, &project));
	EXPECT_DONE_OR_REFUSED(bothy_group_new(&group));
	EXPECT_DONE_OR_REFUSED(bothy_completions_new(&completions));
	run_jobs(project, group, completions);
	for (int i = 0; i < accepted; i++)
		bothy_future_release(futures[i]);
	bothy_completions_release(completions);
	bothy_group_release(group);
	bothy_project_release(project);
	bothy_pool_free(pool);
	pool = NULL;
}

/* Run it with the N-th call failing, for all N; the first time with none. */
static void fail_each(void (*refuse)(unsigned long n), bool (*refused)(void))
{
	bool more = true;

	run_through();
	for (unsigned long n = 1; more; n++) {
		long live = support_live_allocations();

		refuse(n);
		run_through();
		more = refused();
		refuse(0);
		ck_assert_msg(wrong == 0, "call %lu: line %d", n, wrong);
		ck_assert_msg(support_live_allocations() == live, "call %lu: %ld blocks are left",
		              n, support_live_allocations() - live);
	}
}

START_TEST(each_allocation_may_fail)
{
	fail_each(support_fail_allocation, support_allocation_failed);
}
END_TEST

START_TEST(each_start_of_a_thread_may_fail)
{
	fail_each(support_fail_thread_start, support_thread_start_failed);
}
END_TEST

START_TEST(each_descriptor_may_fail)
{
	fail_each(support_fail_eventfd, support_eventfd_failed);
}
END_TEST

/* A pool whose one worker has ended, with a job in its queue, when no thread was to be had. */
static bothy_future *start_without_threads(void)
{
	bothy_future *left;

	pool_of(1);
	support_fail_thread_starts(true);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = end_thread))), -EOWNERDEAD);
	while (stats_now().narrowed == 0)
		sched_yield();
	left = start(BOTHY_JOB(.fn = nothing));
	ck_assert_uint_eq(stats_now().narrowed, 1);
	support_fail_thread_starts(false);
	return left;
}

START_TEST(a_thread_that_ends_stays_until_another_has_started)
{
	bothy_future *left = start_without_threads();

	ck_assert_int_eq(outcome(left), 0);
	ck_assert_uint_eq(stats_now().narrowed, 0);
}
END_TEST

START_TEST(the_next_submit_starts_the_threads_that_are_missing)
{
	bothy_future *left = start_without_threads();

	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	ck_assert_int_eq(outcome(left), 0);
	ck_assert_uint_eq(stats_now().narrowed, 0);
}
END_TEST

START_TEST(closing_starts_the_threads_that_are_missing)
{
	bothy_future *left = start_without_threads();

	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(outcome(left), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		each_allocation_may_fail,
		each_start_of_a_thread_may_fail,
		each_descriptor_may_fail,
		a_thread_that_ends_stays_until_another_has_started,
		the_next_submit_starts_the_threads_that_are_missing,
		closing_starts_the_threads_that_are_missing,
	};

	return run_suite("refusals", tests, sizeof(tests) / sizeof(tests[0]));
}
