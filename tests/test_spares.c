/*
 * Blocks of jobs that are kept and used again: how many, and what is left in them; and many
 * small jobs at once, whose blocks come and go between threads that submit, wait and cancel.
 */
#include <errno.h>
#include <pthread.h>

#include "pool/job.h"
#include "sync/testing.h"
#include "tests/pool_fixture.h"
#include "tests/support.h"

/* Under the address sanitizer none is kept. */
#if defined(__SANITIZE_ADDRESS__)
#define KEPT 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEPT 0
#endif
#endif
#ifndef KEPT
#define KEPT 1
#endif

/* ---- how many ---------------------------------------------------------------------------- */

static bothy_future *block(struct job_spares *own, struct job_depot *depot, bool with_extra)
{
	bothy_future *job;

	ck_assert_int_eq(job_new(&BOTHY_JOB(.fn = nothing), with_extra, own, depot, &job), 0);
	return job;
}

/* Release N blocks, which SPARES may keep. */
static void release_to(struct job_spares *spares, size_t n, bool with_extra)
{
	static bothy_future *blocks[SPARES_MAX + 10];

	for (size_t i = 0; i < n; i++)
		blocks[i] = block(NULL, NULL, with_extra);
	for (size_t i = 0; i < n; i++)
		job_release_to(blocks[i], spares);
}

START_TEST(a_thread_keeps_so_many_blocks_of_either_kind)
{
	struct job_spares spares = {0};
	long live = support_live_allocations();

	for (int extra = 0; extra < 2; extra++) {
		release_to(&spares, SPARES_MAX + 10, extra);
		ck_assert_uint_eq(spares.of[extra].n, KEPT * SPARES_MAX);
	}
	ck_assert_int_eq(support_live_allocations(), live + 2L * KEPT * SPARES_MAX);
	job_spares_fini(&spares);
	ck_assert_int_eq(support_live_allocations(), live);
}
END_TEST

START_TEST(a_pool_keeps_no_more_than_one_thread)
{
	struct job_spares spares = {0};
	struct job_depot depot;
	long live = support_live_allocations();

	job_depot_init(&depot);
	for (unsigned i = 0; i < 3; i++) {
		release_to(&spares, SPARES_MAX - 1, false);
		release_to(&spares, 1, true);
		job_depot_give(&depot, &spares);
		ck_assert_uint_eq(spares.of[0].n, 0);
		ck_assert_uint_eq(spares.of[1].n, 0);
		ck_assert_uint_eq(depot.spares.of[0].n, KEPT * (SPARES_MAX - 1));
		ck_assert_uint_eq(depot.spares.of[1].n, (unsigned)KEPT * (i + 1));
	}
	ck_assert_int_eq(support_live_allocations(), live + KEPT * (SPARES_MAX - 1 + 3));
	job_depot_fini(&depot);
	ck_assert_int_eq(support_live_allocations(), live);
}
END_TEST

START_TEST(what_a_backlog_needed_is_not_kept)
{
	enum { BACKLOG = 4 * SPARES_MAX };
	bothy_group *group;
	long live;

	ck_assert_int_eq(bothy_group_new(&group), 0);
	pool_of(2);
	for (int i = 0; i < 2; i++)
		start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 2);
	live = support_live_allocations();
	for (int i = 0; i < BACKLOG; i++)
		start_and_forget(BOTHY_JOB(.fn = nothing, .group = i % 2 == 0 ? group : NULL));
	ck_assert_int_ge(support_live_allocations(), live + BACKLOG);
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_le(support_live_allocations(), live + 2 * SPARES_MAX);
	ck_assert_uint_eq(testing_counts.blocks_freed, testing_counts.blocks_made);
	bothy_group_release(group);
}
END_TEST

/* ---- what is left in them ------------------------------------------------------------------ */

START_TEST(a_block_that_is_used_again_is_as_a_new_one)
{
	struct job_spares spares = {0};
	bothy_completions *completions;
	bothy_group *group;
	bothy_future *job, *again;

	ck_assert_int_eq(bothy_completions_new(&completions), 0);
	ck_assert_int_eq(bothy_group_new(&group), 0);
	ck_assert_int_eq(job_new(&BOTHY_JOB(.fn = nothing, .arg = &gate, .result_free = count_free,
	                                    .priority = 7, .name = "first", .tag = &gate,
	                                    .group = group, .completions = completions),
	                         false, NULL, NULL, &job),
	                 0);
	job_has_no_result(job);
	job_release_to(job, &spares);
	again = block(&spares, NULL, true);
	ck_assert(!KEPT || again == job);
	ck_assert_uint_eq(job_state(again), JOB_NEW);
	ck_assert_ptr_null(again->arg);
	ck_assert_ptr_null(again->result_free);
	ck_assert_ptr_null(again->name);
	ck_assert_int_eq(again->priority, 0);
	ck_assert_ptr_null(again->kept);
	ck_assert_ptr_null(job_extra(again)->tag);
	ck_assert_ptr_null(job_extra(again)->group);
	ck_assert_ptr_null(job_extra(again)->completions);
	job_release(again);
	job_spares_fini(&spares);
	bothy_group_release(group);
	bothy_completions_release(completions);
}
END_TEST

START_TEST(a_block_with_its_argument_in_it_is_not_kept)
{
	struct job_spares spares = {0};
	long live = support_live_allocations();
	char text[64] = "";
	bothy_future *job;

	ck_assert_int_eq(job_new(&BOTHY_JOB(.fn = nothing, .arg = text, .arg_bytes = sizeof(text)),
	                         false, NULL, NULL, &job),
	                 0);
	job_release_to(job, &spares);
	ck_assert_uint_eq(spares.of[0].n + spares.of[1].n, 0);
	ck_assert_int_eq(support_live_allocations(), live);
}
END_TEST

/* ---- many, among threads --------------------------------------------------------------------- */

enum { JOBS = 8000, EACH_CANCEL = 200, QUEUE_MAX = 400 };

static atomic_bool over;
static atomic_int ran;

static int count_run(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	atomic_fetch_add(&ran, 1);
	return 0;
}

static void *keep_waiting(void *group)
{
	while (!atomic_load(&over))
		ck_assert_int_eq(bothy_group_wait(group, BOTHY_FOREVER), 0);
	return NULL;
}

/* Each time that so many jobs have come. */
static void *keep_canceling(void *group)
{
	for (int i = 0; i < JOBS / EACH_CANCEL; i++) {
		gate_await(&gate, 1);
		ck_assert_int_eq(bothy_group_cancel(group), 0);
	}
	return NULL;
}

static void *keep_reading(void *arg)
{
	(void)arg;
	while (!atomic_load(&over)) {
		struct bothy_pool_stats all = stats_now();

		ck_assert_uint_eq(all.submitted,
		                  all.done + all.canceled + all.queued + all.running);
	}
	return NULL;
}

/* Some have a future that is waited for, and some are in no group. */
static void submit_many(bothy_group *group)
{
	for (int i = 0; i < JOBS; i++) {
		bothy_future *future = start(BOTHY_JOB(.fn = count_run, .arg_free = count_free,
		                                       .group = i % 8 != 0 ? group : NULL));

		if (i % EACH_CANCEL == EACH_CANCEL - 1)
			gate_arrive(&gate);
		if (i % 100 != 0) {
			bothy_future_release(future);
		} else {
			int code = outcome(future);

			ck_assert(code == 0 || code == -ECANCELED);
		}
	}
}

START_TEST(many_small_jobs_add_up_while_others_wait_cancel_and_read)
{
	void *(*const fns[])(void *) = {keep_waiting, keep_waiting, keep_canceling, keep_reading};
	pthread_t threads[4];
	bothy_group *group;
	long live;

	ck_assert_int_eq(bothy_group_new(&group), 0);
	pool_with((struct bothy_pool_options){
		.workers = 3, .queue_max = QUEUE_MAX, .when_full = BOTHY_BLOCK});
	live = support_live_allocations();
	for (int i = 0; i < 4; i++)
		threads[i] = support_thread(fns[i], group);
	submit_many(group);
	ck_assert_int_eq(bothy_group_wait(group, BOTHY_FOREVER), 0);
	atomic_store(&over, true);
	for (int i = 0; i < 4; i++)
		support_join(threads[i]);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().submitted, JOBS);
	ck_assert_uint_eq(stats_now().done + stats_now().canceled, JOBS);
	ck_assert_uint_eq(stats_now().done, (uint64_t)ran);
	ck_assert_int_eq(freed, JOBS);
	ck_assert_uint_eq(testing_counts.blocks_freed, testing_counts.blocks_made);
	ck_assert_int_le(support_live_allocations(), live + 2 * SPARES_MAX);
	bothy_group_release(group);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_thread_keeps_so_many_blocks_of_either_kind,
		a_pool_keeps_no_more_than_one_thread,
		what_a_backlog_needed_is_not_kept,
		a_block_that_is_used_again_is_as_a_new_one,
		a_block_with_its_argument_in_it_is_not_kept,
		many_small_jobs_add_up_while_others_wait_cancel_and_read,
	};

	return run_suite("spares", tests, sizeof(tests) / sizeof(tests[0]));
}
