/*
 * UUIDs: their form, their order, and that there are no two of a kind.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sync/clock.h"
#include "tests/pool_fixture.h"
#include "tests/support.h"
#include "trace/uuid.h"

enum { MANY = 20000, THREADS = 4 };

/* A moment with 123 ms, half a millisecond and a little. */
#define MOMENT (INT64_C(1700000000123) * 1000000 + 500001)

static void new_uuid(char ret_uuid[UUID_BYTES])
{
	ck_assert_int_eq(uuid_new(ret_uuid), 0);
}

static uint64_t milliseconds_of(const char *uuid)
{
	char hex[13] = "";

	memcpy(hex, uuid, 8);
	memcpy(hex + 8, uuid + 9, 4);
	return strtoull(hex, NULL, 16);
}

START_TEST(a_uuid_has_the_form_of_version_7)
{
	char uuid[UUID_BYTES];

	for (int i = 0; i < 1000; i++) {
		new_uuid(uuid);
		ck_assert_uint_eq(strlen(uuid), 36);
		ck_assert_uint_eq(strspn(uuid, "0123456789abcdef-"), 36);
		for (int at = 0; at < 36; at++)
			ck_assert_int_eq(uuid[at] == '-',
			                 at == 8 || at == 13 || at == 18 || at == 23);
		ck_assert_int_eq(uuid[14], '7');
		ck_assert_ptr_nonnull(strchr("89ab", uuid[19]));
	}
}
END_TEST

START_TEST(it_tells_the_wall_clocks_time)
{
	char uuid[UUID_BYTES];
	int64_t before = clock_wall_now();

	new_uuid(uuid);
	ck_assert_int_ge((int64_t)milliseconds_of(uuid), before / 1000000);
	ck_assert_int_le((int64_t)milliseconds_of(uuid), clock_wall_now() / 1000000);
	ck_assert_int_gt(before, INT64_C(1700000000) * 1000000000);
}
END_TEST

START_TEST(a_fixed_moment_gives_fixed_bits)
{
	char uuid[UUID_BYTES];

	support_wall_clock(MOMENT);
	new_uuid(uuid);
	support_wall_clock(0);
	uuid[19] = '\0';
	ck_assert_str_eq(uuid, "018bcfe5-687b-7800-");
}
END_TEST

START_TEST(each_is_greater_than_the_last_though_the_clock_stands_still)
{
	char last[UUID_BYTES], uuid[UUID_BYTES];

	support_wall_clock(MOMENT);
	new_uuid(last);
	for (int i = 0; i < MANY; i++) {
		new_uuid(uuid);
		ck_assert_int_gt(strcmp(uuid, last), 0);
		memcpy(last, uuid, UUID_BYTES);
	}
	support_wall_clock(0);
	/* Of 4,096 to a millisecond. */
	ck_assert_uint_eq(milliseconds_of(last), MOMENT / 1000000 + (2048 + MANY) / 4096);
}
END_TEST

START_TEST(each_is_greater_than_the_last_though_the_clock_is_set_back)
{
	static const int64_t clocks[] = {MOMENT, MOMENT - 1, MOMENT - 3600000000000, 1, -5, MOMENT};
	char last[UUID_BYTES] = "", uuid[UUID_BYTES];

	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		support_wall_clock(clocks[i]);
		new_uuid(uuid);
		ck_assert_int_gt(strcmp(uuid, last), 0);
		memcpy(last, uuid, UUID_BYTES);
	}
	support_wall_clock(0);
}
END_TEST

typedef char uuids[MANY][UUID_BYTES];

static void *fill(void *arg)
{
	uuids *all = arg;

	for (int i = 0; i < MANY; i++)
		if (uuid_new((*all)[i]) < 0)
			return arg;
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void assert_distinct(char (*all)[UUID_BYTES], size_t n)
{
	qsort(all, n, UUID_BYTES, compare);
	for (size_t i = 1; i < n; i++)
		ck_assert_str_ne(all[i - 1], all[i]);
}

START_TEST(threads_make_no_two_of_a_kind)
{
	uuids *all = malloc(THREADS * sizeof(*all));
	pthread_t threads[THREADS];

	support_wall_clock(MOMENT);
	for (int i = 0; i < THREADS; i++)
		threads[i] = support_thread(fill, &all[i]);
	for (int i = 0; i < THREADS; i++)
		ck_assert_ptr_null(support_join(threads[i]));
	support_wall_clock(0);
	assert_distinct(all[0], THREADS * MANY);
	free(all);
}
END_TEST

static int one_into(void *arg)
{
	return uuid_new(arg) < 0;
}

START_TEST(a_forked_child_has_random_bits_of_its_own)
{
	char uuid[UUID_BYTES];
	char(*children)[UUID_BYTES] =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(children, MAP_FAILED);
	support_wall_clock(MOMENT);
	new_uuid(uuid); /* the buffer is full of bytes that a child would share */
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(support_in_child(one_into, children[i]), 0);
	new_uuid(children[20]);
	support_wall_clock(0);
	assert_distinct(children, 21);
	ck_assert_int_eq(munmap(children, 4096), 0);
}
END_TEST

START_TEST(without_random_bytes_it_fails_and_then_goes_on)
{
	char uuid[UUID_BYTES] = "untouched";

	errno = EDOM;
	support_fail_random(1);
	ck_assert_int_eq(uuid_new(uuid), -ENOSYS);
	ck_assert_str_eq(uuid, "untouched");
	ck_assert_int_eq(uuid_new(uuid), 0);
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_uuid_has_the_form_of_version_7,
		it_tells_the_wall_clocks_time,
		a_fixed_moment_gives_fixed_bits,
		each_is_greater_than_the_last_though_the_clock_stands_still,
		each_is_greater_than_the_last_though_the_clock_is_set_back,
		threads_make_no_two_of_a_kind,
		a_forked_child_has_random_bits_of_its_own,
		without_random_bytes_it_fails_and_then_goes_on,
	};

	return run_suite("uuid", tests, sizeof(tests) / sizeof(tests[0]));
}
