/*
 * The order in which a project's jobs start: priorities, deadlines, and who came first.
 */
#include <errno.h>
#include <stdlib.h>

#include "pool/order.h"
#include "tests/pool_fixture.h"

/* ---- the queue alone ------------------------------------------------------------------- */

enum { N = 5000 };

static bothy_future *jobs;
static struct order order;

static bothy_future *push(int i, int priority, bothy_time deadline)
{
	jobs[i].priority = (int8_t)priority;
	jobs[i].deadline = deadline;
	order_push(&order, &jobs[i]);
	return &jobs[i];
}

static bothy_future *take(void)
{
	bothy_future *job = order_first(&order);

	if (job != NULL)
		order_remove(&order, job);
	return job;
}

static void setup(void)
{
	fixture_setup();
	jobs = calloc(N, sizeof(*jobs));
	order = (struct order){0};
}

static void teardown(void)
{
	free(jobs);
	fixture_teardown();
}

START_TEST(equals_start_in_the_order_of_coming)
{
	for (int i = 0; i < N; i++)
		(void)push(i, 0, BOTHY_FOREVER);
	for (int i = 0; i < N; i++)
		ck_assert_ptr_eq(take(), &jobs[i]);
	ck_assert_ptr_null(take());
}
END_TEST

START_TEST(the_higher_priority_is_first)
{
	for (int i = 0; i < 10; i++)
		(void)push(i, i - 5, BOTHY_FOREVER);
	for (int i = 9; i >= 0; i--)
		ck_assert_ptr_eq(take(), &jobs[i]);
}
END_TEST

START_TEST(among_equals_the_earliest_deadline_is_first)
{
	for (int i = 0; i < ORDER_BAND; i++)
		(void)push(i, i % 2, i % 10 == 0 ? BOTHY_FOREVER : 1 + i * 7919 % 1000);
	for (int above = 1; above >= 0; above--) {
		bothy_time last = 0;

		for (int i = 0; i < ORDER_BAND / 2; i++) {
			bothy_future *job = take();

			ck_assert_int_eq(job->priority, above);
			ck_assert_int_ge(job->deadline, last);
			last = job->deadline;
		}
	}
}
END_TEST

START_TEST(no_job_is_overtaken_by_more_than_the_bound)
{
	enum { ABOVE = 3 };
	bothy_future *low = push(0, -1, BOTHY_FOREVER);
	int overtaken = 0, next = 1;

	/* The flood of urgent jobs never ends. */
	while (next < N) {
		(void)push(next++, ABOVE - 1, 1);
		if (next % 2 == 0)
			continue;
		if (take() == low)
			break;
		overtaken++;
	}
	while (next == N && take() != low)
		overtaken++;
	ck_assert_int_gt(overtaken, 0);
	ck_assert_int_le(overtaken, ORDER_BAND * (ABOVE + 1));
}
END_TEST

START_TEST(a_later_low_priority_does_not_put_the_rest_out_of_order)
{
	(void)push(0, -5, BOTHY_FOREVER);
	for (int i = 1; i < N; i++)
		ck_assert_int_eq(push(i, 0, BOTHY_FOREVER)->place, JOB_LISTED);
}
END_TEST

static uint32_t random_state;

static int random_below(int n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (int)(((uint64_t)random_state * (uint64_t)n) >> 32);
}

/* Whether A has to start before B, by the book. */
static bool ahead(const bothy_future *a, const bothy_future *b)
{
	int64_t first = (int64_t)(a->queue.number / ORDER_BAND) - a->priority;
	int64_t second = (int64_t)(b->queue.number / ORDER_BAND) - b->priority;

	if (first != second)
		return first < second;
	return a->deadline != b->deadline ? a->deadline < b->deadline : a->queue.number < b->queue.number;
}

START_TEST(whatever_comes_and_goes_the_order_holds)
{
	static bool queued[N];
	bothy_future *last = NULL, *job;
	uint64_t n = 0;

	random_state = 3;
	for (int i = 0; i < N; i++) {
		int gone = random_below(i + 1);

		(void)push(i, random_below(3) - 1, random_below(2) ? 1 + random_below(99) : BOTHY_FOREVER);
		queued[i] = true;
		if (i % 3 == 0 && queued[gone]) {
			order_remove(&order, &jobs[gone]);
			queued[gone] = false;
		}
	}
	for (job = order_begin(&order); job != NULL; job = order_next(&order, job)) {
		ck_assert(queued[job - jobs]);
		n++;
	}
	ck_assert_uint_eq(n, order.count);
	for (; (job = take()) != NULL; last = job) {
		ck_assert(queued[job - jobs]);
		ck_assert(last == NULL || ahead(last, job));
		n--;
	}
	ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(numbers_may_wrap)
{
	order.pushed = (UINT64_C(1) << 32) - 3;
	for (int i = 0; i < 6; i++)
		(void)push(i, 1, BOTHY_FOREVER);
	for (int i = 0; i < 6; i++)
		ck_assert_ptr_eq(take(), &jobs[i]);
}
END_TEST

/* ---- in a pool ---------------------------------------------------------------------------- */

static atomic_int sequence;

static int take_number(void *arg, void **ret_result)
{
	(void)ret_result;
	*(int *)arg = atomic_fetch_add(&sequence, 1);
	return 0;
}

START_TEST(the_pool_heeds_priorities_and_deadlines)
{
	static const int priorities[] = {0, -1, 1, 0, 100, -100};
	static const int due[] = {4, 5, 1, 3, 0, 6};
	int numbers[7];

	pool_of(1);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	start_and_forget(BOTHY_JOB(.fn = take_number, .arg = &numbers[6],
	                           .deadline = bothy_after_ms(60000)));
	for (int i = 0; i < 6; i++)
		start_and_forget(BOTHY_JOB(.fn = take_number, .arg = &numbers[i],
		                           .priority = priorities[i],
		                           .deadline = i == 3 ? bothy_after_ms(90000) : 0));
	sequence = 0;
	gate_open(&gate);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(numbers[6], 2);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(numbers[i], due[i]);
}
END_TEST

START_TEST(jobs_out_of_order_expire_and_are_canceled_too)
{
	enum { JOBS = 3000 };
	bothy_project *project;

	pool_of(1);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", NULL, &project), 0);
	start_and_forget(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	for (int i = 0; i < JOBS; i++)
		start_and_forget(BOTHY_JOB(.fn = nothing, .arg = &freed, .arg_free = count_free,
		                           .priority = i % 7 - 3,
		                           .deadline = i % 2 ? bothy_after_ms(20) : 0));
	while (stats_now().expired < JOBS / 2)
		continue;
	ck_assert_uint_eq(stats_now().queued, JOBS / 2);
	ck_assert_int_eq(bothy_project_cancel(project), 0);
	ck_assert_int_eq(freed, JOBS);
	gate_open(&gate);
	bothy_project_release(project);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		equals_start_in_the_order_of_coming,
		the_higher_priority_is_first,
		among_equals_the_earliest_deadline_is_first,
		no_job_is_overtaken_by_more_than_the_bound,
		a_later_low_priority_does_not_put_the_rest_out_of_order,
		whatever_comes_and_goes_the_order_holds,
		numbers_may_wrap,
		the_pool_heeds_priorities_and_deadlines,
		jobs_out_of_order_expire_and_are_canceled_too,
	};

	return run_suite_with("order", setup, teardown, tests, sizeof(tests) / sizeof(tests[0]));
}
