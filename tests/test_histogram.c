/*
 * Histograms: how far off they are, that adding them is as good as recording in one, what they
 * cost, and what happens when there is no memory.
 */
#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <stdlib.h>

#include "pool/histogram.h"
#include "tests/pool_fixture.h"
#include "tests/support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { BUCKETS = 58 * 64 };

static uint64_t seed;
static struct bothy_histogram one, other, all; /* of the running test */

static void setup(void)
{
	seed = 1;
	one = other = all = (struct bothy_histogram){0};
}

static void teardown(void)
{
	histogram_fini(&one);
	histogram_fini(&other);
	histogram_fini(&all);
}

static uint64_t random_bits(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* A time of any magnitude. */
static int64_t random_time(void)
{
	return (int64_t)(random_bits() >> (1 + random_bits() % 63));
}

/* READ is given for the time that was NS. */
static void check_near(int64_t read, int64_t ns)
{
	ck_assert_int_le(llabs(read - ns), ns / 128); /* 0.8% */
}

static void add_times(struct bothy_histogram *histogram, int64_t ns, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		histogram_add(histogram, ns);
}

static void check_equal(const struct bothy_histogram *a, const struct bothy_histogram *b)
{
	struct bothy_histogram_bucket in_a = {0}, in_b = {0};

	ck_assert_uint_eq(a->count, b->count);
	ck_assert_uint_eq(a->lost, b->lost);
	while (histogram_next(a, &in_a)) {
		ck_assert(histogram_next(b, &in_b));
		ck_assert_int_eq(in_a.from, in_b.from);
		ck_assert_int_eq(in_a.to, in_b.to);
		ck_assert_uint_eq(in_a.count, in_b.count);
	}
	ck_assert(!histogram_next(b, &in_b));
}

/* ---- buckets ------------------------------------------------------------------------------ */

static void check_alone(int64_t ns)
{
	struct bothy_histogram_bucket bucket = {0};

	histogram_add(&one, ns);
	check_near(histogram_percentile(&one, 50), ns);
	ck_assert(histogram_next(&one, &bucket));
	ck_assert_int_le(bucket.from, ns);
	ck_assert_int_ge(bucket.to, ns);
	ck_assert_uint_eq(bucket.count, 1);
	ck_assert(!histogram_next(&one, &bucket));
	histogram_fini(&one);
}

START_TEST(a_time_of_any_magnitude_is_within_one_percent)
{
	for (int power = 0; power < 63; power++)
		for (int64_t by = power > 0 ? -1 : 0; by <= 1; by++)
			check_alone((INT64_C(1) << power) + by);
	check_alone(0);
	check_alone(INT64_MAX);
	for (int i = 0; i < 10000; i++)
		check_alone(random_time());
}
END_TEST

START_TEST(a_time_under_128_ns_is_exact)
{
	for (int64_t ns = 0; ns < 128; ns++) {
		histogram_add(&one, ns);
		ck_assert_int_eq(histogram_percentile(&one, 100), ns);
	}
}
END_TEST

START_TEST(buckets_are_without_gaps_from_0_to_as_long_as_a_clock_counts)
{
	struct bothy_histogram_bucket bucket = {.to = -1};
	int64_t next = 0;
	int buckets = 0;

	for (uint64_t first = 0; first <= INT64_MAX;) {
		struct bothy_histogram_bucket its = {0};

		histogram_add(&all, (int64_t)first);
		histogram_add(&one, (int64_t)first);
		ck_assert(histogram_next(&one, &its));
		ck_assert_int_eq(its.from, (int64_t)first);
		first = (uint64_t)its.to + 1;
		histogram_fini(&one);
	}
	for (bucket.count = 0; histogram_next(&all, &bucket); buckets++) {
		ck_assert_int_eq(bucket.from, next);
		ck_assert_uint_eq(bucket.count, 1);
		next = (int64_t)((uint64_t)bucket.to + 1);
	}
	ck_assert_int_eq(bucket.to, INT64_MAX);
	ck_assert_int_eq(buckets, BUCKETS);
}
END_TEST

START_TEST(what_a_clock_that_went_back_has_measured_is_0)
{
	histogram_add(&one, -1);
	histogram_add(&one, INT64_MIN);
	add_times(&other, 0, 2);
	check_equal(&one, &other);
}
END_TEST

START_TEST(any_bucket_has_a_next_or_none)
{
	struct bothy_histogram_bucket bucket = {.from = -9, .to = -9, .count = 1};

	histogram_add(&one, 8192);
	ck_assert(!histogram_next(&one, &bucket));
	bucket.to = INT64_MAX;
	ck_assert(!histogram_next(&one, &bucket));
	bucket.to = 5000; /* of another histogram */
	ck_assert(histogram_next(&one, &bucket));
	ck_assert_int_eq(bucket.from, 8192);
}
END_TEST

/* ---- percentiles -------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

START_TEST(percentiles_are_those_of_the_sorted_times)
{
	enum { N = 20000 };
	static const double more[] = {0, 1e-9, 33.333, 99.95, 99.999};
	static int64_t times[N];

	for (int i = 0; i < N; i++) {
		times[i] = random_time();
		histogram_add(&one, times[i]);
	}
	qsort(times, N, sizeof(times[0]), by_time);
	for (int rank = 1; rank <= N; rank += 7)
		check_near(histogram_percentile(&one, 100.0 * rank / N), times[rank - 1]);
	for (size_t i = 0; i < COUNT(more); i++) {
		int rank = (int)ceil(more[i] / 100 * N);

		check_near(histogram_percentile(&one, more[i]), times[rank > 0 ? rank - 1 : 0]);
	}
	check_near(histogram_percentile(&one, 100), times[N - 1]);
}
END_TEST

/* Rounding must not make the 99.9th of 1,000 the last one. */
START_TEST(a_percentile_that_is_a_whole_rank_is_that_rank)
{
	for (int n = 1; n <= 100; n++) {
		add_times(&one, n, 1000);
		for (int rank = 1; rank <= n; rank++) {
			double percent = 100.0 * rank / n;
			int after = rank < n ? rank + 1 : n;

			ck_assert_int_eq(histogram_percentile(&one, percent), rank);
			percent += (100 - percent) * 1e-5;
			ck_assert_int_eq(histogram_percentile(&one, percent), after);
		}
	}
	histogram_fini(&one);
	add_times(&one, 1, 999);
	histogram_add(&one, 2);
	ck_assert_int_eq(histogram_percentile(&one, 99.9), 1);
	ck_assert_int_eq(histogram_percentile(&one, 99.91), 2);
}
END_TEST

/* ---- merging ------------------------------------------------------------------------------ */

START_TEST(merging_is_recording_all_in_one)
{
	struct bothy_histogram parts[3] = {{0}};

	for (int i = 0; i < 30000; i++) {
		int64_t ns = i % 3 == 0 ? random_time() : 1000 + (int64_t)(random_bits() % 9000);

		histogram_add(&all, ns);
		histogram_add(&parts[random_bits() % 3], ns);
	}
	parts[1].lost = all.lost = 3;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(histogram_merge(&one, &parts[i]), 0);
		histogram_fini(&parts[i]);
	}
	check_equal(&one, &all);
}
END_TEST

START_TEST(the_order_of_merging_does_not_matter)
{
	struct bothy_histogram few = {0};

	for (int i = 0; i < 1000; i++)
		histogram_add(&all, random_time());
	add_times(&few, 70, 70000);
	ck_assert_int_eq(histogram_merge(&one, &all), 0);
	ck_assert_int_eq(histogram_merge(&one, &few), 0);
	ck_assert_int_eq(histogram_merge(&other, &few), 0);
	ck_assert_int_eq(histogram_merge(&other, &all), 0);
	check_equal(&one, &other);
	histogram_fini(&few);
}
END_TEST

START_TEST(merging_an_empty_one_changes_nothing)
{
	histogram_add(&one, 5);
	histogram_add(&all, 5);
	ck_assert_int_eq(histogram_merge(&one, &other), 0);
	check_equal(&one, &all);
	ck_assert_int_eq(histogram_merge(&other, &one), 0);
	check_equal(&other, &all);
}
END_TEST

/* ---- counters that grow ------------------------------------------------------------------- */

START_TEST(a_count_is_exact_where_its_counters_grow)
{
	histogram_add(&one, 7);
	for (uint64_t n = 1; n <= 70000; n++) {
		struct bothy_histogram_bucket bucket = {0};

		histogram_add(&one, 1000);
		if (n % 256 > 1 && n % 256 < 254)
			continue; /* they grow at powers of 256 */
		ck_assert(histogram_next(&one, &bucket) && bucket.count == 1);
		ck_assert(histogram_next(&one, &bucket));
		ck_assert_uint_eq(bucket.count, n);
	}
}
END_TEST

START_TEST(a_histogram_counts_up_to_64_bits_and_refuses_more)
{
	struct bothy_histogram_bucket bucket = {0};

	histogram_add(&one, 9);
	for (int i = 0; i < 63; i++) {
		ck_assert_int_eq(histogram_merge(&one, &one), 0);
		ck_assert_uint_eq(one.count, UINT64_C(2) << i);
		ck_assert_int_eq(histogram_merge(&all, &one), 0);
		ck_assert_uint_eq(all.count, (UINT64_C(4) << i) - 2);
	}
	ck_assert_int_eq(histogram_merge(&one, &one), -EOVERFLOW);
	ck_assert(histogram_next(&one, &bucket));
	ck_assert_uint_eq(bucket.count, UINT64_C(1) << 63);
	ck_assert_int_eq(histogram_percentile(&one, 99), 9);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------- */

START_TEST(what_few_times_cost_is_small)
{
	ck_assert_uint_eq(histogram_bytes(&one), 0);
	histogram_add(&one, 1500);
	ck_assert_uint_le(histogram_bytes(&one), 128);
	add_times(&one, 2000, 255);
	ck_assert_uint_le(histogram_bytes(&one), 128);
	histogram_add(&one, 2000);
	ck_assert_uint_le(histogram_bytes(&one), 192);
	histogram_fini(&one);
	for (int64_t ns = 1000; ns < 1000000; ns *= 2)
		add_times(&one, ns, 10);
	ck_assert_uint_le(histogram_bytes(&one), 64 + 10 * 64);
}
END_TEST

START_TEST(a_copy_is_equal_and_its_room_is_given_back)
{
	for (int i = 0; i < 1000; i++)
		histogram_add(&one, random_time());
	ck_assert_int_eq(histogram_reserve(&other), 0);
	histogram_copy(&other, &one);
	histogram_trim(&other);
	check_equal(&other, &one);
	ck_assert_uint_lt(malloc_usable_size(other.table), histogram_bytes(&other) + 64);
	histogram_add(&other, 5); /* it is whole, and apart from the other */
	ck_assert_uint_eq(other.count, one.count + 1);
}
END_TEST

START_TEST(a_copy_of_an_empty_one_can_be_added_to)
{
	ck_assert_int_eq(histogram_reserve(&other), 0);
	histogram_copy(&other, &one);
	histogram_trim(&other);
	check_equal(&other, &one);
	histogram_add(&other, 5);
	ck_assert_int_eq(histogram_percentile(&other, 50), 5);
}
END_TEST

/* The first row, a second one, and wider counters, each without memory once. */
START_TEST(a_time_without_memory_is_lost_and_counted_and_the_next_is_not)
{
	static const struct {
		int64_t ns;
		uint64_t full; /* as many of these there can be before */
	} steps[] = {{5, 0}, {5000, 0}, {5000, UINT8_MAX}, {5000, UINT16_MAX}};
	uint64_t there = 0;

	for (size_t i = 0; i < COUNT(steps); i++) {
		there = i < 2 ? 0 : there;
		add_times(&one, steps[i].ns, steps[i].full - there);
		there = steps[i].full;
		support_fail_allocation(1);
		histogram_add(&one, steps[i].ns);
		support_fail_allocation(0);
		ck_assert_uint_eq(one.lost, i + 1);
		ck_assert_uint_eq(one.count, there + (i > 0));
		histogram_add(&one, steps[i].ns);
		ck_assert_uint_eq(one.count, ++there + (i > 0));
	}
	ck_assert_uint_eq(one.lost, COUNT(steps));
}
END_TEST

START_TEST(a_merge_without_memory_changes_nothing)
{
	bool failed = true;

	add_times(&one, 5, 200);
	add_times(&other, 5, 200);
	for (int64_t ns = 1000; ns < 20000; ns *= 2)
		histogram_add(&other, ns);
	ck_assert_int_eq(histogram_merge(&all, &one), 0);
	for (unsigned long n = 1; failed; n++) {
		int error;

		support_fail_allocation(n);
		error = histogram_merge(&one, &other);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		if (failed)
			check_equal(&one, &all);
		ck_assert_uint_lt(n, 100);
	}
	ck_assert_uint_eq(one.count, 200 + other.count);
}
END_TEST

/* ---- for users ---------------------------------------------------------------------------- */

START_TEST(users_make_merge_read_and_free_their_own)
{
	struct bothy_histogram_bucket bucket = {0};
	bothy_histogram *own = NULL;

	add_times(&one, 40, 10);
	ck_assert_int_eq(bothy_histogram_new(&own), 0);
	ck_assert_int_eq(bothy_histogram_merge(own, &one), 0);
	ck_assert_uint_eq(bothy_histogram_count(own), 10);
	ck_assert_uint_eq(bothy_histogram_lost(own), 0);
	ck_assert_int_eq(bothy_histogram_percentile(own, 99.9), 40);
	ck_assert(bothy_histogram_next(own, &bucket));
	ck_assert_uint_eq(bucket.count, 10);
	ck_assert(!bothy_histogram_next(own, &bucket));
	bothy_histogram_free(own);
}
END_TEST

START_TEST(what_is_no_histogram_or_no_percentage_is_refused)
{
	struct bothy_histogram_bucket bucket = {0};

	ck_assert_int_eq(bothy_histogram_percentile(&one, 50), -ENODATA);
	histogram_add(&one, 1);
	ck_assert_int_eq(bothy_histogram_new(NULL), -EINVAL);
	ck_assert_int_eq(bothy_histogram_merge(NULL, &one), -EINVAL);
	ck_assert_int_eq(bothy_histogram_merge(&one, NULL), -EINVAL);
	ck_assert_int_eq(bothy_histogram_percentile(NULL, 50), -EINVAL);
	ck_assert_int_eq(bothy_histogram_percentile(&one, -1e-9), -EINVAL);
	ck_assert_int_eq(bothy_histogram_percentile(&one, 100.1), -EINVAL);
	ck_assert_int_eq(bothy_histogram_percentile(&one, NAN), -EINVAL);
	ck_assert(!bothy_histogram_next(NULL, &bucket));
	ck_assert(!bothy_histogram_next(&one, NULL));
	ck_assert_uint_eq(bothy_histogram_count(NULL) + bothy_histogram_lost(NULL), 0);
	bothy_histogram_free(NULL);
}
END_TEST

START_TEST(a_new_one_without_memory_is_refused)
{
	bothy_histogram *own = NULL;
	int error;

	support_fail_allocation(1);
	error = bothy_histogram_new(&own);
	support_fail_allocation(0);
	ck_assert_int_eq(error, -ENOMEM);
	ck_assert_ptr_null(own);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_time_of_any_magnitude_is_within_one_percent,
		a_time_under_128_ns_is_exact,
		buckets_are_without_gaps_from_0_to_as_long_as_a_clock_counts,
		what_a_clock_that_went_back_has_measured_is_0,
		any_bucket_has_a_next_or_none,
		percentiles_are_those_of_the_sorted_times,
		a_percentile_that_is_a_whole_rank_is_that_rank,
		merging_is_recording_all_in_one,
		the_order_of_merging_does_not_matter,
		merging_an_empty_one_changes_nothing,
		a_count_is_exact_where_its_counters_grow,
		a_histogram_counts_up_to_64_bits_and_refuses_more,
		what_few_times_cost_is_small,
		a_copy_is_equal_and_its_room_is_given_back,
		a_copy_of_an_empty_one_can_be_added_to,
		a_time_without_memory_is_lost_and_counted_and_the_next_is_not,
		a_merge_without_memory_changes_nothing,
		users_make_merge_read_and_free_their_own,
		what_is_no_histogram_or_no_percentage_is_refused,
		a_new_one_without_memory_is_refused,
	};

	return run_suite_with("histogram", setup, teardown, tests,
	                      sizeof(tests) / sizeof(tests[0]));
}
