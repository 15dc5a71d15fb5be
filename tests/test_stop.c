/*
 * Stop requests and deadlines.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>

#include "sync/clock.h"
#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"
#include "tls/stop.h"

static bool is_readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN) != 0;
}

static bothy_context *enter_until(bothy_time deadline)
{
	return enter_with(NULL, (struct bothy_context_options){.deadline = deadline});
}

/* ---- the request ---------------------------------------------------------------------- */

START_TEST(the_first_reason_stays)
{
	struct stop stop = STOP_INITIALIZER;

	ck_assert_int_eq(stop_reason(&stop), 0);
	stop_request(&stop, -ETIMEDOUT);
	stop_request(&stop, -ECANCELED);
	ck_assert_int_eq(stop_reason(&stop), -ETIMEDOUT);
	stop_fini(&stop);
}
END_TEST

START_TEST(a_descriptor_is_readable_once_the_stop_is_asked_for)
{
	struct stop stop = STOP_INITIALIZER;
	int fd = stop_fd(&stop);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(stop_fd(&stop), fd);
	ck_assert(!is_readable(fd));
	stop_request(&stop, -ECANCELED);
	ck_assert(is_readable(fd));
	stop_request(&stop, -ECANCELED);
	ck_assert(is_readable(fd));
	stop_fini(&stop);
}
END_TEST

START_TEST(a_descriptor_made_after_the_request_is_readable)
{
	struct stop stop = STOP_INITIALIZER;

	stop_request(&stop, -ECANCELED);
	ck_assert(is_readable(stop_fd(&stop)));
	stop_fini(&stop);
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_made_is_an_error_and_may_be_tried_again)
{
	struct stop stop = STOP_INITIALIZER;
	int fd;

	support_fail_eventfd(1);
	ck_assert_int_eq(stop_fd(&stop), -EMFILE);
	stop_request(&stop, -ECANCELED);
	fd = stop_fd(&stop);
	ck_assert_int_ge(fd, 0);
	ck_assert(is_readable(fd));
	stop_fini(&stop);
}
END_TEST

START_TEST(a_sleeper_is_not_registered_after_the_request)
{
	struct stop stop = STOP_INITIALIZER;
	struct parker parker = PARKER_INITIALIZER;

	ck_assert_int_eq(stop_attach(&stop, &parker), 0);
	stop_detach(&stop);
	stop_request(&stop, -ECANCELED);
	ck_assert_int_eq(parker_park(&parker, BOTHY_NOW), -ETIMEDOUT); /* detached: no token */
	ck_assert_int_eq(stop_attach(&stop, &parker), -ECANCELED);
	ck_assert_ptr_null(stop.sleeper);
	stop_fini(&stop);
}
END_TEST

/* One round: a request races with the making of the descriptor and the registering of a
 * sleeper. */
struct race {
	struct stop stop;
	pthread_barrier_t barrier;
};

enum { RACES = 2000 };

static void *request_often(void *arg)
{
	struct race *race = arg;

	for (int i = 0; i < RACES; i++) {
		pthread_barrier_wait(&race->barrier);
		stop_request(&race->stop, i % 2 == 0 ? -ECANCELED : -ETIMEDOUT);
		pthread_barrier_wait(&race->barrier);
	}
	return NULL;
}

static void *request_otherwise(void *arg)
{
	struct race *race = arg;

	for (int i = 0; i < RACES; i++) {
		pthread_barrier_wait(&race->barrier);
		stop_request(&race->stop, i % 2 == 0 ? -ETIMEDOUT : -ECANCELED);
		pthread_barrier_wait(&race->barrier);
	}
	return NULL;
}

static void sleep_once(struct race *race)
{
	struct parker parker = PARKER_INITIALIZER;

	if (stop_attach(&race->stop, &parker) < 0)
		return;
	ck_assert_int_eq(parker_park(&parker, BOTHY_FOREVER), 0);
	ck_assert_int_lt(stop_reason(&race->stop), 0);
	stop_detach(&race->stop);
}

START_TEST(no_request_is_lost_to_a_sleeper_or_a_descriptor_in_the_making)
{
	struct race race;
	pthread_t requester, other;

	pthread_barrier_init(&race.barrier, NULL, 3);
	race.stop = (struct stop)STOP_INITIALIZER;
	requester = support_thread(request_often, &race);
	other = support_thread(request_otherwise, &race);
	for (int i = 0; i < RACES; i++) {
		int reason;

		race.stop = (struct stop)STOP_INITIALIZER;
		pthread_barrier_wait(&race.barrier);
		if (i % 4 < 2)
			(void)stop_fd(&race.stop);
		sleep_once(&race);
		reason = stop_reason(&race.stop);
		pthread_barrier_wait(&race.barrier);
		ck_assert_int_eq(stop_reason(&race.stop), reason);
		ck_assert(is_readable(stop_fd(&race.stop)));
		stop_fini(&race.stop);
	}
	support_join(requester);
	support_join(other);
	pthread_barrier_destroy(&race.barrier);
}
END_TEST

/* ---- contexts without a job ----------------------------------------------------------- */

START_TEST(outside_a_job_there_is_no_descriptor)
{
	bothy_context *context;

	ck_assert_int_eq(bothy_stop_fd(), -ENOENT);
	ck_assert_int_eq(bothy_stop_requested(), 0);
	context = enter("ann", "p");
	ck_assert_int_eq(bothy_stop_fd(), -ENOENT);
	ck_assert_int_eq(bothy_stop_requested(), 0);
	leave(context);
}
END_TEST

START_TEST(outside_a_job_the_stop_is_the_contexts_own_deadline)
{
	bothy_context *outer = enter_until(BOTHY_NOW);
	bothy_context *inner;

	ck_assert_int_eq(bothy_stop_requested(), -ETIMEDOUT);
	inner = enter("ann", "p");
	ck_assert_int_eq(bothy_stop_requested(), 0); /* its own: none */
	leave(inner);
	ck_assert_int_eq(bothy_stop_requested(), -ETIMEDOUT);
	leave(outer);
	ck_assert_int_eq(bothy_stop_requested(), 0);
	outer = enter_until(BOTHY_FOREVER);
	ck_assert_int_eq(bothy_stop_requested(), 0);
	leave(outer);
	outer = enter_until(bothy_after_ms(1000000));
	ck_assert_int_eq(bothy_stop_requested(), 0);
	leave(outer);
}
END_TEST

START_TEST(a_sleep_ends_at_its_deadline)
{
	bothy_time until = bothy_after_ms(20);
	bothy_context *context;

	ck_assert_int_eq(bothy_sleep_until(until), 0);
	ck_assert(clock_now() >= until);
	context = enter("ann", "p");
	until = bothy_after_ms(20);
	ck_assert_int_eq(bothy_sleep_until(until), 0);
	ck_assert(clock_now() >= until);
	ck_assert_int_eq(bothy_sleep_until(BOTHY_NOW), 0);
	leave(context);
}
END_TEST

START_TEST(a_sleep_ends_at_the_contexts_deadline)
{
	bothy_time until = bothy_after_ms(20);
	bothy_context *context = enter_until(until);

	ck_assert_int_eq(bothy_sleep_until(BOTHY_FOREVER), -ETIMEDOUT);
	ck_assert(clock_now() >= until);
	ck_assert_int_eq(bothy_stop_requested(), -ETIMEDOUT);
	ck_assert_int_eq(bothy_sleep_until(BOTHY_FOREVER), -ETIMEDOUT);
	leave(context);
}
END_TEST

/* ---- in a job ------------------------------------------------------------------------- */

static int sleep_nested(void *arg, void **ret_result)
{
	bothy_context *context = enter("bob", "q");
	int said;

	(void)arg;
	(void)ret_result;
	ck_assert_int_eq(bothy_stop_requested(), 0);
	gate_arrive(&gate);
	said = bothy_sleep_until(BOTHY_FOREVER);
	ck_assert_int_eq(said, -ECANCELED);
	ck_assert_int_eq(bothy_stop_requested(), -ECANCELED);
	leave(context);
	ck_assert_int_eq(bothy_stop_requested(), -ECANCELED);
	ck_assert_int_eq(bothy_sleep_until(BOTHY_FOREVER), -ECANCELED);
	return said;
}

START_TEST(a_cancel_cuts_a_sleep_short_in_a_nested_context_too)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = sleep_nested));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
}
END_TEST

static int poll_stop_fd(void *arg, void **ret_result)
{
	bothy_context *context;
	struct pollfd poll_fd = {.fd = bothy_stop_fd(), .events = POLLIN};

	(void)arg;
	(void)ret_result;
	ck_assert_int_ge(poll_fd.fd, 0);
	context = enter("bob", "q");
	ck_assert_int_eq(bothy_stop_fd(), poll_fd.fd);
	ck_assert(!is_readable(poll_fd.fd) || bothy_stop_requested() != 0);
	leave(context);
	gate_arrive(&gate);
	ck_assert_int_eq(poll(&poll_fd, 1, -1), 1);
	return bothy_stop_requested();
}

START_TEST(a_cancel_is_seen_by_poll)
{
	bothy_future *future;

	pool_of(1);
	future = start(BOTHY_JOB(.fn = poll_stop_fd));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
}
END_TEST

START_TEST(a_deadline_is_seen_by_poll)
{
	pool_of(1);
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.fn = poll_stop_fd, .deadline = bothy_after_ms(500)))),
		-ETIMEDOUT);
}
END_TEST

static int nested_deadlines(void *arg, void **ret_result)
{
	bothy_context *inner, *innermost;

	(void)arg;
	(void)ret_result;
	inner = enter_until(BOTHY_NOW);
	ck_assert_int_eq(bothy_stop_requested(), -ETIMEDOUT);
	ck_assert_int_eq(bothy_sleep_until(BOTHY_FOREVER), -ETIMEDOUT);
	innermost = enter("ann", "p"); /* not given: the job's */
	ck_assert_int_eq(bothy_stop_requested(), 0);
	leave(innermost);
	leave(inner);
	ck_assert_int_eq(bothy_stop_requested(), 0);
	return 0;
}

START_TEST(a_nested_context_in_a_job_may_have_an_earlier_deadline)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nested_deadlines))), 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nested_deadlines,
	                                         .deadline = bothy_after_ms(1000000)))),
	                 0);
}
END_TEST

static int return_nested_stop(void *arg, void **ret_result)
{
	bothy_context *inner = enter_until(BOTHY_NOW);
	int said = bothy_stop_requested();

	(void)arg;
	(void)ret_result;
	leave(inner);
	return said;
}

START_TEST(the_deadline_of_a_nested_context_is_not_the_jobs)
{
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = return_nested_stop))), ETIMEDOUT);
}
END_TEST

static int later_deadline(void *arg, void **ret_result)
{
	bothy_context *context;
	int said;

	(void)ret_result;
	recorder_open();
	context = enter_with(recorder.server,
	                     (struct bothy_context_options){.deadline = BOTHY_FOREVER - 1});
	said = bothy_sleep_until(BOTHY_FOREVER);
	leave(context);
	ck_assert(recorder.deadline == *(bothy_time *)arg);
	recorder_close();
	return said;
}

START_TEST(a_nested_context_has_at_most_the_jobs_deadline)
{
	bothy_time deadline = bothy_after_ms(30);
	const struct bothy_job job = BOTHY_JOB(.entity = "ann", .project = "p", .arg = &deadline,
	                                       .fn = later_deadline, .deadline = deadline);

	pool_of(1);
	ck_assert_int_eq(bothy_run(pool, &job, BOTHY_FOREVER, NULL), -ETIMEDOUT);
	/* Here nobody watches: who asks looks at the clock. */
	deadline = bothy_after_ms(30);
	ck_assert_int_eq(
		bothy_run_here(NULL,
	                       &BOTHY_JOB(.entity = "ann", .project = "p", .arg = &deadline,
	                                  .fn = later_deadline, .deadline = deadline),
	                       NULL),
		-ETIMEDOUT);
}
END_TEST

static int sleep_here(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return bothy_sleep_until(BOTHY_FOREVER);
}

static int run_here_inside(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return bothy_run_here(NULL, &BOTHY_JOB(.entity = "bob", .project = "q", .fn = sleep_here),
	                      NULL);
}

START_TEST(a_job_run_here_in_another_has_at_most_its_deadline)
{
	bothy_context *context;

	ck_assert_int_eq(
		bothy_run_here(NULL,
	                       &BOTHY_JOB(.entity = "ann", .project = "p", .fn = run_here_inside,
	                                  .deadline = bothy_after_ms(30)),
	                       NULL),
		-ETIMEDOUT);
	context = enter_until(bothy_after_ms(30));
	ck_assert_int_eq(run_here_inside(NULL, NULL), -ETIMEDOUT);
	leave(context);
}
END_TEST

static void ask_in_callback(void *arg)
{
	ck_assert_int_eq(bothy_stop_requested(), 0);
	ck_assert_int_eq(bothy_stop_fd(), -ENOENT);
	ck_assert_int_eq(bothy_sleep_until(BOTHY_NOW), 0);
	note(arg);
}

START_TEST(callbacks_that_belong_to_no_context_have_no_stop)
{
	bothy_future *future;

	pool_of(1);
	future = start(
		BOTHY_JOB(.fn = until_stopped, .arg = "arg_free", .arg_free = ask_in_callback));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_cancel(future), 0);
	ck_assert_int_eq(outcome(future), -ECANCELED);
	ck_assert_noted("arg_free");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_first_reason_stays,
		a_descriptor_is_readable_once_the_stop_is_asked_for,
		a_descriptor_made_after_the_request_is_readable,
		a_descriptor_that_cannot_be_made_is_an_error_and_may_be_tried_again,
		a_sleeper_is_not_registered_after_the_request,
		no_request_is_lost_to_a_sleeper_or_a_descriptor_in_the_making,
		outside_a_job_there_is_no_descriptor,
		outside_a_job_the_stop_is_the_contexts_own_deadline,
		a_sleep_ends_at_its_deadline,
		a_sleep_ends_at_the_contexts_deadline,
		a_cancel_cuts_a_sleep_short_in_a_nested_context_too,
		a_cancel_is_seen_by_poll,
		a_deadline_is_seen_by_poll,
		a_nested_context_in_a_job_may_have_an_earlier_deadline,
		the_deadline_of_a_nested_context_is_not_the_jobs,
		a_nested_context_has_at_most_the_jobs_deadline,
		a_job_run_here_in_another_has_at_most_its_deadline,
		callbacks_that_belong_to_no_context_have_no_stop,
	};

	return run_suite("stop", tests, sizeof(tests) / sizeof(tests[0]));
}
