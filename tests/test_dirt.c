/*
 * What a job leaves is told: by its name, at each level, as far as was asked; and what is the
 * process's own is seen, told once, and left.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/vandal.h"

/* ---- what is told ------------------------------------------------------------------------------- */

static void spoil_errno(void)
{
	errno = EXDEV;
}

static void spoil_flags(void)
{
	feraiseexcept(FE_DIVBYZERO);
}

static void spoil_rounding(void)
{
	fesetround(FE_UPWARD);
}

static locale_t odd_locale;

static void spoil_locale(void)
{
	uselocale(odd_locale);
}

static void spoil_cancel_state(void)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
}

static void spoil_cancel_type(void)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
}

#if defined(__GLIBC__) && defined(__x86_64__)
static void spoil_traps(void)
{
	feenableexcept(FE_DIVBYZERO);
}
#endif

static const struct item fast[] = {
	{"errno", BOTHY_DIRT_ERRNO, spoil_errno, NULL, NULL},
	{"flags", BOTHY_DIRT_FP_FLAGS, spoil_flags, NULL, NULL},
	{"rounding", BOTHY_DIRT_FP_ROUNDING, spoil_rounding, NULL, NULL},
	{"uselocale", BOTHY_DIRT_LOCALE, spoil_locale, NULL, NULL},
	{"cancel state", BOTHY_DIRT_CANCEL_STATE, spoil_cancel_state, NULL, NULL},
	{"cancel type", BOTHY_DIRT_CANCEL_TYPE, spoil_cancel_type, NULL, NULL},
#if defined(__GLIBC__) && defined(__x86_64__)
	{"traps", BOTHY_DIRT_FP_TRAPS, spoil_traps, NULL, NULL},
#endif
};

static void tell_each_fast(enum bothy_hygiene level)
{
	odd_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	pool_with((struct bothy_pool_options){
		.workers = 1, .hygiene = level, .on_dirty = remember, .dirt_mask = BOTHY_DIRT_ALL});
	for (size_t i = 0; i < sizeof(fast) / sizeof(fast[0]); i++) {
		ck_assert_int_eq(run(spoil, &fast[i]), 0);
		expect_told(&fast[i], fast[i].bit, false);
	}
	ck_assert_uint_eq(stats_now().dirtied, sizeof(fast) / sizeof(fast[0]));
	freelocale(odd_locale);
}

START_TEST(a_fast_pool_tells_what_it_looks_at)
{
	tell_each_fast(BOTHY_HYGIENE_FAST);
}
END_TEST

START_TEST(so_does_a_strict_one)
{
	tell_each_fast(BOTHY_HYGIENE_STRICT);
}
END_TEST

START_TEST(what_is_left_on_a_thread_of_a_jobs_own_is_told_at_no_level)
{
	static const struct item rounding = {"rounding", BOTHY_DIRT_FP_ROUNDING, spoil_rounding,
	                                     NULL, NULL};
	struct bothy_job job = with(spoil, &rounding);

	job.flags = BOTHY_OWN_THREAD;
	for (int strict = 0; strict < 2; strict++) {
		pool_with((struct bothy_pool_options){
			.workers = 1,
			.hygiene = strict ? BOTHY_HYGIENE_STRICT : BOTHY_HYGIENE_FAST,
			.on_dirty = remember,
		});
		ck_assert_int_eq(outcome(start(job)), 0);
		ck_assert_uint_eq(told.calls, 0);
		bothy_pool_free(pool);
		pool = NULL;
	}
}
END_TEST

START_TEST(a_fast_pool_looks_at_no_more)
{
	pool_with((struct bothy_pool_options){.workers = 1, .on_dirty = remember});
	ck_assert_int_eq(run(spoil, &names), 0);
	ck_assert_int_eq(run(look, &names), 1);
	ck_assert_uint_eq(told.calls, 0);
}
END_TEST

START_TEST(errno_and_flags_are_told_only_if_asked_for)
{
	strict_with((struct bothy_pool_options){.workers = 1});
	ck_assert_int_eq(run(spoil, &fast[0]), 0);
	ck_assert_int_eq(run(spoil, &fast[1]), 0);
	ck_assert_uint_eq(told.calls, 0);
	ck_assert_uint_eq(stats_now().dirtied, 0);
}
END_TEST

START_TEST(what_costs_a_thread_is_told_in_any_case)
{
	if (!can(&privs))
		return;
	strict_with((struct bothy_pool_options){.dirt_mask = BOTHY_DIRT_ERRNO});
	ck_assert_int_eq(run(spoil, &names), 0);
	ck_assert_uint_eq(told.calls, 0);
	ck_assert_int_eq(run(look, &names), 0);
	ck_assert_int_eq(run(spoil, &privs), 0);
	ck_assert_uint_eq(told.calls, 1);
	ck_assert(told.dirt.retired);
}
END_TEST

START_TEST(every_bit_has_a_name_of_its_own)
{
	for (int i = 0; i < 32; i++) {
		const char *name = bothy_dirt_name(UINT32_C(1) << i);

		ck_assert_int_eq(name != NULL, (BOTHY_DIRT_ALL >> i) & 1);
		for (int j = 0; j < i && name != NULL; j++)
			ck_assert_str_ne(name, bothy_dirt_name(UINT32_C(1) << j));
	}
	ck_assert_str_eq(bothy_dirt_name(BOTHY_DIRT_NICE | BOTHY_DIRT_CWD), "nice value");
	ck_assert_ptr_null(bothy_dirt_name(0));
}
END_TEST

/* ---- what is the process's own -------------------------------------------------------------------- */

static void spoil_cwd(void)
{
	if (chdir("/proc") != 0)
		abort();
}

static void set_variable(void)
{
	setenv("BOTHY_TEST", "1", 1);
}

static void replace_variable(void)
{
	setenv("BOTHY_TEST", "2", 1);
}

static void remove_variable(void)
{
	unsetenv("BOTHY_TEST");
}

static void spoil_setlocale(void)
{
	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		abort();
}

static void spoil_stdio(void)
{
	int ends[2];

	if (pipe(ends) != 0) /* which it is not yet, whatever it is */
		abort();
	dup2(ends[0], 0);
	close(ends[0]);
	close(ends[1]);
}

static void spoil_stdio_flags(void)
{
	fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
}

static void spoil_actions(void)
{
	signal(SIGUSR2, SIG_IGN);
}

static void spoil_limits(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_cur == 0 ? limit.rlim_max : 0;
	setrlimit(RLIMIT_CORE, &limit);
}

static bool has_other_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max != 0;
}

static const struct item process_own[] = {
	{"chdir", BOTHY_DIRT_CWD, spoil_cwd, NULL, NULL},
	{"setenv", BOTHY_DIRT_ENVIRONMENT, set_variable, NULL, NULL},
	{"setenv again", BOTHY_DIRT_ENVIRONMENT, replace_variable, NULL, NULL},
	{"unsetenv", BOTHY_DIRT_ENVIRONMENT, remove_variable, NULL, NULL},
	{"setlocale", BOTHY_DIRT_SETLOCALE, spoil_setlocale, NULL, NULL},
	{"standard input", BOTHY_DIRT_STDIO, spoil_stdio, NULL, NULL},
	{"O_NONBLOCK", BOTHY_DIRT_STDIO, spoil_stdio_flags, NULL, NULL},
	{"signal", BOTHY_DIRT_SIGNAL_ACTIONS, spoil_actions, NULL, NULL},
	{"limits", BOTHY_DIRT_RLIMITS, spoil_limits, NULL, has_other_limit},
};

START_TEST(what_is_the_process_s_own_is_told_once_and_left)
{
	strict_with((struct bothy_pool_options){.workers = 2});
	for (size_t i = 0; i < sizeof(process_own) / sizeof(process_own[0]); i++) {
		const struct item *item = &process_own[i];

		if (!can(item))
			continue;
		ck_assert_int_eq(run(spoil, item), 0);
		expect_told(item, 0, false);
		for (int j = 0; j < 10; j++)
			ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
		ck_assert_uint_eq(told.calls, 0);
	}
	ck_assert_uint_eq(stats_now().retired, 0);
}
END_TEST

static void put_variable_back(void)
{
	unsetenv("BOTHY_TEST");
}

START_TEST(what_on_dirty_puts_back_is_no_jobs)
{
	strict_pool();
	spoil_in_on_dirty = put_variable_back;
	ck_assert_int_eq(run(spoil, &process_own[1]), 0);
	ck_assert_uint_eq(told.calls, 1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	ck_assert_uint_eq(told.calls, 1);
}
END_TEST

START_TEST(a_thread_of_a_jobs_own_is_watched_for_what_is_the_process_s)
{
	struct bothy_job job = with(spoil, &process_own[1]);

	strict_pool();
	job.flags = BOTHY_OWN_THREAD;
	ck_assert_int_eq(outcome(start(job)), 0);
	expect_told(&process_own[1], 0, false);
}
END_TEST

static int init_process(void *user, void **ret_local)
{
	(void)user;
	(void)ret_local;
	return setenv("BOTHY_TEST_INIT", "1", 1);
}

START_TEST(what_worker_init_does_to_the_process_is_no_jobs)
{
	strict_with((struct bothy_pool_options){.worker_init = init_process});
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	ck_assert_uint_eq(told.calls, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_worker_init_does_to_the_process_is_no_jobs,
		what_is_left_on_a_thread_of_a_jobs_own_is_told_at_no_level,
		a_fast_pool_tells_what_it_looks_at,
		so_does_a_strict_one,
		a_fast_pool_looks_at_no_more,
		errno_and_flags_are_told_only_if_asked_for,
		what_costs_a_thread_is_told_in_any_case,
		every_bit_has_a_name_of_its_own,
		what_is_the_process_s_own_is_told_once_and_left,
		what_on_dirty_puts_back_is_no_jobs,
		a_thread_of_a_jobs_own_is_watched_for_what_is_the_process_s,
	};

	return run_suite_with("dirt", strict_setup, fixture_teardown, tests,
	                      sizeof(tests) / sizeof(tests[0]));
}
