/*
 * Fair queueing alone, with given durations: a few flows, a few workers, and virtual time, so
 * that shares are the same in every run.  And the heap that it stands on.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "pool/fair.h"
#include "tests/pool_fixture.h"

/* ---- the heap ------------------------------------------------------------------------- */

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)random_state * n) >> 32);
}

START_TEST(the_heap_gives_the_least_key_first_and_the_oldest_among_equals)
{
	enum { N = 1000 };
	struct heap heap = {0};
	struct heap_item items[N] = {{0}};
	int64_t last = -1;

	random_state = 1;
	ck_assert_int_eq(heap_reserve(&heap, N), 0);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < N; i++)
			heap_put(&heap, &items[i], random_below(50));
	for (int i = 0; i < N; i += 3)
		heap_remove(&heap, &items[i]);
	heap_remove(&heap, &items[0]);
	ck_assert_uint_eq(heap.count, N - N / 3 - 1);
	while (heap_first(&heap) != NULL) {
		struct heap_item *first = heap_first(&heap);

		ck_assert_int_ge(heap_first_key(&heap), last);
		last = heap_first_key(&heap);
		heap_remove(&heap, first);
	}
	for (int i = 0; i < 10; i++)
		heap_put(&heap, &items[i], 7);
	for (int i = 0; i < 10; i++) {
		ck_assert_ptr_eq(heap_first(&heap), &items[i]);
		heap_remove(&heap, &items[i]);
	}
	heap_fini(&heap);
}
END_TEST

START_TEST(a_heap_gives_its_room_back)
{
	struct heap heap = {0};

	ck_assert_int_eq(heap_reserve(&heap, 100000), 0);
	for (int i = 0; i < 64; i++)
		ck_assert_int_eq(heap_reserve(&heap, 1), 0);
	ck_assert_uint_le(heap.room, 16);
	heap_fini(&heap);
}
END_TEST

/* ---- flows and workers --------------------------------------------------------------------- */

enum { FLOWS_MAX = 16, WORKERS_MAX = 8 };

struct flow {
	struct fair_flow fair; /* the first member: one address for both */
	int64_t shortest, longest; /* of its jobs */
	int64_t queued;            /* how many are left */
	int64_t took;
};

struct place {
	struct flow *flow; /* NULL: free */
	int64_t began, ends, charged;
};

static struct fair fair;
static struct flow flows[FLOWS_MAX];
static struct place places[WORKERS_MAX];
static int64_t now;

static void begin(unsigned seed)
{
	memset(&fair, 0, sizeof(fair));
	memset(flows, 0, sizeof(flows));
	memset(places, 0, sizeof(places));
	now = 0;
	random_state = seed;
	ck_assert_int_eq(heap_reserve(&fair.heap, FLOWS_MAX), 0);
}

static struct flow *backlogged(int i, unsigned weight, int64_t shortest, int64_t longest)
{
	struct flow *flow = &flows[i];

	flow->fair.weight = weight;
	flow->shortest = shortest;
	flow->longest = longest;
	flow->queued = INT64_MAX;
	fair_enter(&fair, &flow->fair, true);
	return flow;
}

static bool runs(const struct flow *flow)
{
	for (int i = 0; i < WORKERS_MAX; i++)
		if (places[i].flow == flow)
			return true;
	return false;
}

static void submit(struct flow *flow, int64_t n)
{
	if (flow->queued == 0)
		fair_enter(&fair, &flow->fair, !runs(flow));
	flow->queued += n;
}

static void start_at(struct place *place)
{
	struct flow *flow = (struct flow *)fair_first(&fair);

	if (flow == NULL)
		return;
	place->flow = flow;
	place->began = now;
	place->ends = now + flow->shortest;
	if (flow->longest > flow->shortest)
		place->ends += random_below((uint32_t)(flow->longest - flow->shortest));
	place->charged = fair_start(&fair, &flow->fair, 1);
	if (--flow->queued == 0)
		fair_leave(&fair, &flow->fair);
}

static struct place *first_to_end(int workers)
{
	struct place *first = NULL;

	for (int i = 0; i < workers; i++)
		if (places[i].flow != NULL && (first == NULL || places[i].ends < first->ends))
			first = &places[i];
	return first;
}

/* Let WORKERS work until END, or until nothing is left. */
static void work(int workers, int64_t end)
{
	struct place *place;

	for (;;) {
		for (int i = 0; i < workers; i++)
			if (places[i].flow == NULL)
				start_at(&places[i]);
		place = first_to_end(workers);
		if (place == NULL || place->ends > end)
			break;
		now = place->ends;
		place->flow->took += now - place->began;
		fair_end(&fair, &place->flow->fair, 1, place->charged, place->flow->fair.weight,
		         now - place->began);
		place->flow = NULL;
	}
	now = end;
}

/* What FLOW took until now, with what its running jobs have taken. */
static int64_t took(const struct flow *flow)
{
	int64_t sum = flow->took;

	for (int i = 0; i < WORKERS_MAX; i++)
		if (places[i].flow == flow)
			sum += now - places[i].began;
	return sum;
}

static void end(void)
{
	heap_fini(&fair.heap);
}

#define US INT64_C(1000)
#define MS (1000 * US)

/* ---- shares ---------------------------------------------------------------------------------- */

static void check_shares(int n, int workers, int64_t ns, int percent)
{
	int64_t weights = 0;

	for (int i = 0; i < n; i++)
		weights += flows[i].fair.weight;
	for (int i = 0; i < n; i++) {
		int64_t due = ns * workers * flows[i].fair.weight / weights;

		ck_assert_int_ge(took(&flows[i]) * 100, due * (100 - percent));
		ck_assert_int_le(took(&flows[i]) * 100, due * (100 + percent));
	}
}

START_TEST(ten_equal_flows_with_jobs_from_50_us_to_5_ms_get_equal_shares_of_a_second)
{
	static const int64_t longest[] = {5000, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000};

	for (unsigned seed = 1; seed <= 20; seed++) {
		begin(seed);
		for (int i = 0; i < 10; i++)
			(void)backlogged(i, 1, 50 * US, longest[i] * US);
		work(2, 1000 * MS);
		check_shares(10, 2, 1000 * MS, 5);
		end();
	}
}
END_TEST

START_TEST(shares_are_by_weight_whatever_the_durations)
{
	for (unsigned seed = 1; seed <= 20; seed++) {
		begin(seed);
		for (int i = 0; i < 4; i++)
			(void)backlogged(i, (unsigned)i + 1, 50 * US, (i % 2 == 0 ? 5 : 1) * MS);
		work(2, 1000 * MS);
		check_shares(4, 2, 1000 * MS, 5);
		end();
	}
}
END_TEST

START_TEST(no_weight_is_lost_in_rounding)
{
	begin(1);
	(void)backlogged(0, 10, 7, 7);
	(void)backlogged(1, 1, 7, 7);
	work(1, 1 * MS);
	check_shares(2, 1, 1 * MS, 1);
	end();
}
END_TEST

START_TEST(equal_flows_with_equal_jobs_alternate)
{
	begin(1);
	(void)backlogged(0, 1, 1 * MS, 0);
	(void)backlogged(1, 1, 1 * MS, 0);
	work(1, 10 * MS);
	for (int i = 0; i < 100; i++) {
		struct flow *first = places[0].flow;

		work(1, now + 1 * MS);
		ck_assert_ptr_ne(places[0].flow, first);
	}
	end();
}
END_TEST

START_TEST(a_wrong_guess_is_made_good)
{
	struct flow *liar, *other;

	begin(1);
	liar = backlogged(0, 1, 50 * US, 0);
	other = backlogged(1, 1, 1 * MS, 0);
	work(1, 1000 * MS); /* it is known for short jobs by now */
	liar->shortest = 5 * MS;
	liar->took = other->took = 0;
	work(1, now + 1000 * MS);
	ck_assert_int_le(llabs(took(liar) - took(other)), 2 * 5 * MS);
	end();
}
END_TEST

START_TEST(having_been_idle_is_no_credit)
{
	struct flow *busy, *late;

	begin(1);
	busy = backlogged(0, 1, 1 * MS, 0);
	late = backlogged(1, 1, 1 * MS, 0);
	late->queued = 1;
	work(1, 1000 * MS);
	busy->took = late->took = 0;
	submit(late, INT64_MAX - 1);
	work(1, now + 100 * MS);
	ck_assert_int_ge(took(busy), 48 * MS);
	ck_assert_int_ge(took(late), 48 * MS);
	end();
}
END_TEST

START_TEST(having_been_alone_is_no_debt)
{
	struct flow *first, *second;

	begin(1);
	first = backlogged(0, 1, 10 * MS, 0);
	first->queued = 100;
	work(4, 2000 * MS); /* nothing is left */
	ck_assert_int_eq(took(first), 1000 * MS);
	second = backlogged(1, 1, 1 * MS, 0);
	first->shortest = 1 * MS;
	first->took = 0;
	submit(first, INT64_MAX);
	work(1, now + 100 * MS);
	ck_assert_int_le(llabs(took(first) - took(second)), 2 * MS);
	end();
}
END_TEST

START_TEST(a_flow_that_comes_starts_at_once_beside_a_flood)
{
	struct flow *calm = &flows[1];

	begin(1);
	(void)backlogged(0, 1, 100 * US, 0);
	work(1, 100 * MS);
	calm->fair.weight = 1;
	calm->shortest = 100 * US;
	submit(calm, 1);
	work(1, now + 200 * US);
	ck_assert_int_gt(took(calm), 0);
	end();
}
END_TEST

/* One after the other, flows that were never seen before have one job each. */
START_TEST(a_flow_with_a_debt_is_served_beside_endless_newcomers)
{
	struct flow *steady;

	begin(1);
	steady = backlogged(0, 1, 1 * MS, 0);
	work(1, 10 * MS);
	steady->took = 0;
	for (int i = 0; i < 1000; i++)
		for (int j = 1; j < 5; j++) {
			if (runs(&flows[j]) || flows[j].queued > 0)
				continue;
			flows[j].fair = (struct fair_flow){.weight = 1};
			flows[j].shortest = 1 * MS;
			submit(&flows[j], 1);
			work(1, now + 1 * MS);
		}
	ck_assert_int_ge(took(steady), now / 10);
	end();
}
END_TEST

/* By a weight that leaves a rest, which counts too. */
START_TEST(a_start_that_is_undone_is_not_charged)
{
	struct fair alone = {.now = 0};
	struct fair_flow flow = {.weight = 7, .tag = 1000, .rest = 3};
	int64_t before = flow.tag * 7 + flow.rest;
	int64_t charged = fair_start(&alone, &flow, 1);

	ck_assert_int_gt(flow.tag * 7 + flow.rest, before);
	fair_undo(&alone, &flow, charged, flow.weight);
	ck_assert_int_eq(flow.tag * 7 + flow.rest, before);
	ck_assert_uint_eq(alone.running, 0);
}
END_TEST

START_TEST(what_was_charged_by_one_weight_is_given_back_by_it)
{
	enum { N = 8, TEN_S = 10 * 1000 };
	struct fair alone = {.now = 0};
	struct fair_flow flow = {.tag = 1000, .weight = 10000, .average = TEN_S * MS};
	int64_t charged = fair_start(&alone, &flow, N);
	int64_t first = fair_start(&alone, &flow, 1);

	fair_weigh(&alone, &flow, 1);
	fair_end(&alone, &flow, N, N * charged, 10000, N * 10000);
	ck_assert_int_eq(flow.tag, 1000 + N + first / 10000);
	fair_undo(&alone, &flow, first, 10000);
	ck_assert_int_eq(flow.tag, 1000 + N);
}
END_TEST

/* What it takes beyond the guess, and all that comes. */
START_TEST(what_is_charged_after_a_new_weight_is_so_by_that)
{
	struct fair alone = {.now = 0};
	struct fair_flow flow = {.tag = 1000, .weight = 1, .average = 50};
	int64_t charged = fair_start(&alone, &flow, 1);

	fair_weigh(&alone, &flow, 10);
	ck_assert_int_eq(flow.tag, 1000 + 50);
	fair_correct(&alone, &flow, charged, 1, 80);
	ck_assert_int_eq(flow.tag, 1000 + 50 + 3);
	fair_end(&alone, &flow, 1, 80, 10, 100);
	ck_assert_int_eq(flow.tag, 1000 + 50 + 5);
}
END_TEST

START_TEST(time_that_has_gone_far_is_moved_back_and_nobody_notices)
{
	struct flow *a, *b, *idle = &flows[2];
	int64_t by;

	begin(1);
	idle->fair.weight = 1;
	a = backlogged(0, 1, 1 * MS, 0);
	b = backlogged(1, 1, 2 * MS, 0);
	fair.now = fair.last = a->fair.tag = b->fair.tag = INT64_MAX / 4 - 5 * MS;
	heap_put(&fair.heap, &a->fair.item, a->fair.tag);
	heap_put(&fair.heap, &b->fair.item, b->fair.tag);
	ck_assert_int_eq(fair_must_move_back(&fair), 0);
	work(1, 100 * MS);
	by = fair_must_move_back(&fair);
	ck_assert_int_gt(by, 0);
	for (int i = 0; i < 3; i++)
		fair_move_back(&fair, &flows[i].fair, by);
	fair_moved_back(&fair, by);
	ck_assert_int_eq(fair_must_move_back(&fair), 0);
	ck_assert_int_eq(idle->fair.tag, 0);
	work(1, 1000 * MS);
	ck_assert_int_le(llabs(took(a) - took(b)), 2 * 2 * MS);
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_heap_gives_the_least_key_first_and_the_oldest_among_equals,
		a_heap_gives_its_room_back,
		ten_equal_flows_with_jobs_from_50_us_to_5_ms_get_equal_shares_of_a_second,
		shares_are_by_weight_whatever_the_durations,
		no_weight_is_lost_in_rounding,
		equal_flows_with_equal_jobs_alternate,
		a_wrong_guess_is_made_good,
		having_been_idle_is_no_credit,
		having_been_alone_is_no_debt,
		a_flow_that_comes_starts_at_once_beside_a_flood,
		a_flow_with_a_debt_is_served_beside_endless_newcomers,
		a_start_that_is_undone_is_not_charged,
		what_was_charged_by_one_weight_is_given_back_by_it,
		what_is_charged_after_a_new_weight_is_so_by_that,
		time_that_has_gone_far_is_moved_back_and_nobody_notices,
	};

	return run_suite("fair", tests, sizeof(tests) / sizeof(tests[0]));
}
