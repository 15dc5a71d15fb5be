#include "tests/pool_fixture.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

bothy_pool *pool;
struct gate gate;
atomic_int freed;

void fixture_setup(void)
{
	gate_init(&gate);
	pool = NULL;
	freed = 0;
}

void fixture_teardown(void)
{
	bothy_pool_free(pool);
	gate_fini(&gate);
}

void pool_with(struct bothy_pool_options options)
{
	options.size = sizeof(options);
	ck_assert_int_eq(bothy_pool_new(NULL, &options, &pool), 0);
}

void pool_of(unsigned workers)
{
	pool_with((struct bothy_pool_options){.workers = workers});
}

bothy_future *start(struct bothy_job job)
{
	bothy_future *future;

	if (job.entity == NULL && job.handle == NULL) {
		job.entity = "ann";
		job.project = "p";
	}
	ck_assert_int_eq(bothy_submit(pool, &job, &future), 0);
	return future;
}

void start_and_forget(struct bothy_job job)
{
	bothy_future_release(start(job));
}

void look_again(void)
{
	nanosleep(&(struct timespec){0, 1000000}, NULL);
}

bothy_future *start_to_be_late(struct bothy_job job)
{
	return start_to_be_late_in(job, 20);
}

bothy_future *start_to_be_late_in(struct bothy_job job, int64_t ms)
{
	for (;; ms *= 2) {
		bothy_future *future;

		job.deadline = bothy_after_ms(ms);
		future = start(job);
		while (bothy_future_state(future) == BOTHY_QUEUED)
			look_again();
		if (bothy_future_state(future) != BOTHY_EXPIRED)
			return future;
		bothy_future_release(future);
	}
}

int outcome(bothy_future *future)
{
	int code;

	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	code = bothy_future_result(future, NULL);
	bothy_future_release(future);
	return code;
}

struct bothy_pool_stats stats_now(void)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(bothy_pool_stats(pool, &stats), 0);
	return stats;
}

int nothing(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return 0;
}

int return_code(void *arg, void **ret_result)
{
	(void)ret_result;
	return *(int *)arg;
}

int stop_at_gate(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	gate_wait(&gate);
	return 0;
}

int until_stopped(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	gate_arrive(&gate);
	(void)bothy_sleep_until(BOTHY_FOREVER);
	return bothy_stop_requested();
}

int end_thread(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	pthread_exit(NULL);
}

void count_free(void *arg)
{
	(void)arg;
	atomic_fetch_add(&freed, 1);
}

int run_suite_with(const char *name, void (*setup)(void), void (*teardown)(void),
                   const TTest *const *cases, size_t n)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 120);
	for (size_t i = 0; i < n; i++)
		tcase_add_test(tcase, cases[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run_suite(const char *name, const TTest *const *cases, size_t n)
{
	return run_suite_with(name, fixture_setup, fixture_teardown, cases, n);
}
