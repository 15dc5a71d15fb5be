/*
 * Why the last call failed, in words.
 */
#include <errno.h>
#include <string.h>

#include "tests/pool_fixture.h"
#include "tests/support.h"
#include "trace/error.h"

static bothy_context *enter(const char *entity)
{
	bothy_context *context;

	ck_assert_int_eq(bothy_context_enter(NULL, entity, "p", NULL, &context), 0);
	return context;
}

static void *read_text(void *arg)
{
	(void)arg;
	return (void *)trace_error();
}

START_TEST(without_a_failure_there_is_no_text)
{
	bothy_context *context;

	ck_assert_ptr_null(trace_error());
	context = enter("ann");
	ck_assert_ptr_null(trace_error());
	ck_assert_int_eq(bothy_context_exit(context), 0);
}
END_TEST

START_TEST(the_text_of_the_last_failure_counts_and_the_error_is_handed_through)
{
	bothy_context *context;

	ck_assert_int_eq(trace_fail(-EINVAL, "first %d", 1), -EINVAL);
	ck_assert_int_eq(trace_fail(-EIO, "second %s", "x"), -EIO);
	ck_assert_str_eq(trace_error(), "second x");
	context = enter("ann");
	ck_assert_int_eq(trace_fail(-EINVAL, "first"), -EINVAL);
	ck_assert_int_eq(trace_fail(-EIO, "%s, and second", trace_error()), -EIO);
	ck_assert_str_eq(trace_error(), "first, and second");
	ck_assert_int_eq(bothy_context_exit(context), 0);
}
END_TEST

START_TEST(outside_any_context_the_text_is_the_threads)
{
	(void)trace_fail(-EIO, "mine");
	ck_assert_ptr_null(support_join(support_thread(read_text, NULL)));
	ck_assert_str_eq(trace_error(), "mine");
}
END_TEST

START_TEST(a_context_sees_no_text_of_another)
{
	bothy_context *outer, *inner;

	(void)trace_fail(-EIO, "the thread's");
	outer = enter("ann");
	ck_assert_ptr_null(trace_error());
	(void)trace_fail(-EIO, "ann's");
	inner = enter("bob");
	ck_assert_ptr_null(trace_error());
	(void)trace_fail(-EIO, "bob's");
	ck_assert_int_eq(bothy_context_exit(inner), 0);
	ck_assert_str_eq(trace_error(), "ann's");
	ck_assert_int_eq(bothy_context_exit(outer), 0);
	ck_assert_str_eq(trace_error(), "the thread's");
}
END_TEST

static int fail_in_job(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return trace_error() != NULL ? -EEXIST : trace_fail(0, "a job's");
}

START_TEST(the_next_job_on_a_worker_sees_no_text)
{
	pool_of(1);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = fail_in_job))), 0);
}
END_TEST

START_TEST(a_long_text_is_cut_between_characters)
{
	/* One byte more each time, before characters of two bytes, then of four. */
	static const char *const fillings[] = {"\xc3\xa9", "\xf0\x9f\x98\x80"};
	char text[2000];

	for (size_t pad = 0; pad < 8; pad++) {
		const char *filling = fillings[pad / 4];
		size_t width = strlen(filling), n;

		memset(text, 'x', pad % 4);
		for (n = pad % 4; n + width < sizeof(text); n += width)
			memcpy(text + n, filling, width);
		text[n] = '\0';
		(void)trace_fail(-EIO, "%s", text);
		n = strlen(trace_error());
		ck_assert_uint_gt(n, 500);
		ck_assert_uint_eq((n - pad % 4) % width, 0);
		ck_assert_mem_eq(trace_error(), text, n);
	}
}
END_TEST

START_TEST(without_memory_there_is_no_text_and_no_stale_one)
{
	bothy_context *context = enter("ann");

	for (unsigned long n = 1; n < 4; n++) {
		int error;

		(void)trace_fail(-EIO, "stale");
		support_fail_allocation(n);
		error = trace_fail(-ENOMEM, "fresh");
		support_fail_allocation(0);
		ck_assert_int_eq(error, -ENOMEM);
		if (trace_error() != NULL)
			ck_assert_str_eq(trace_error(), "fresh");
		else
			ck_assert_uint_eq(n, 1);
	}
	ck_assert_int_eq(bothy_context_exit(context), 0);
}
END_TEST

START_TEST(the_first_text_of_a_context_may_find_no_memory)
{
	long live = support_live_allocations();
	bool failed = true;

	for (unsigned long n = 1; failed; n++) {
		bothy_context *context = enter("ann");

		support_fail_allocation(n);
		(void)trace_fail(-EIO, "text");
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(trace_error() == NULL, failed);
		ck_assert_int_eq(bothy_context_exit(context), 0);
	}
	ck_assert_int_eq(support_live_allocations(), live);
}
END_TEST

START_TEST(errno_is_left_alone)
{
	bothy_context *context = enter("ann");

	for (unsigned long n = 0; n < 2; n++) {
		errno = EDOM;
		support_fail_allocation(n);
		(void)trace_fail(-EIO, "text %f", 0.5);
		support_fail_allocation(0);
		ck_assert_int_eq(errno, EDOM);
	}
	ck_assert_int_eq(bothy_context_exit(context), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		without_a_failure_there_is_no_text,
		the_text_of_the_last_failure_counts_and_the_error_is_handed_through,
		outside_any_context_the_text_is_the_threads,
		a_context_sees_no_text_of_another,
		the_next_job_on_a_worker_sees_no_text,
		a_long_text_is_cut_between_characters,
		without_memory_there_is_no_text_and_no_stale_one,
		the_first_text_of_a_context_may_find_no_memory,
		errno_is_left_alone,
	};

	return run_suite("trace error", tests, sizeof(tests) / sizeof(tests[0]));
}
