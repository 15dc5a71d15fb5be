/*
 * A storm of signals, with the host's handlers and without SA_RESTART: no call returns early,
 * nothing is lost, and no handler runs on a thread of the library's.
 *
 * A timer and a thread send signals all the time, to the process and to each of its threads,
 * while these are in every call that blocks.  How long it lasts is told by the number of
 * signals that came.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "tests/expect.h"
#include "tests/pool_fixture.h"
#include "tests/support.h"

/* ---- the host's handlers ------------------------------------------------------------------- */

enum { ENOUGH_ALARMS = 2000, ENOUGH_EACH = 500, ALARM_US = 200, SIGNALS = 4 };

static const int signals[SIGNALS] = {SIGALRM, SIGUSR1, SIGUSR2, SIGCHLD};
static atomic_long caught[SIGNALS];
static atomic_long strays; /* handlers that ran where they must not */

static _Thread_local volatile sig_atomic_t
	may_catch; /* threads of the host's, and jobs that ask for it */
static _Thread_local volatile sig_atomic_t caught_here;

static void handle(int signal)
{
	if (!may_catch)
		atomic_fetch_add(&strays, 1);
	caught_here = 1;
	for (int i = 0; i < SIGNALS; i++)
		if (signals[i] == signal)
			atomic_fetch_add(&caught[i], 1);
}

static void mask(int how)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (int i = 0; i < SIGNALS; i++)
		(void)sigaddset(&set, signals[i]);
	(void)pthread_sigmask(how, &set, NULL);
}

static bool enough(void)
{
	for (int i = 0; i < SIGNALS; i++)
		if (atomic_load(&caught[i]) < (signals[i] == SIGALRM ? ENOUGH_ALARMS : ENOUGH_EACH))
			return false;
	return true;
}

/* ---- the host's threads -------------------------------------------------------------------- */

enum { HOSTS_MAX = 16 };

static struct host {
	pthread_t thread;
	void (*fn)(void);
} hosts[HOSTS_MAX];
static int n_hosts;
static atomic_bool storm_over;

/* Until the storm has been long enough. */
static void *host_main(void *arg)
{
	struct host *host = arg;

	may_catch = 1;
	mask(SIG_UNBLOCK);
	while (!enough())
		host->fn();
	mask(SIG_BLOCK);
	gate_arrive(&gate);
	return NULL;
}

/* Signals are blocked where it starts, so none comes before it may. */
static void host(void (*fn)(void))
{
	struct host *new = &hosts[n_hosts++];

	ck_assert_int_le(n_hosts, HOSTS_MAX);
	new->fn = fn;
	new->thread = support_thread(host_main, new);
}

/* Some 10,000 times a second. */
static void *storm(void *unused)
{
	const struct timespec pause = {0, 100000};

	(void)unused;
	for (unsigned i = 0; !atomic_load(&storm_over); i++) {
		for (int h = 0; h < n_hosts; h++)
			(void)pthread_kill(hosts[h].thread, signals[1 + (i + (unsigned)h) % 3]);
		(void)kill(getpid(), signals[1 + i % 3]);
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

static void set_timer(long us)
{
	const struct itimerval interval = {{0, us}, {0, us}};

	ck_assert_int_eq(setitimer(ITIMER_REAL, &interval, NULL), 0);
}

/* ---- jobs ---------------------------------------------------------------------------------- */

static atomic_long accepted, run;

static bool is_past(bothy_time deadline)
{
	return bothy_after_ms(0) >= deadline;
}

/* A job of a few ms, during which many signals come.  On pool threads all are blocked. */
static int sleep_a_little(void *arg, void **ret_result)
{
	bothy_time until = bothy_after_ms(2);
	sigset_t blocked;

	(void)arg, (void)ret_result;
	(void)pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	for (int i = 0; i < SIGNALS; i++)
		EXPECT(sigismember(&blocked, signals[i]) == 1);
	EXPECT(bothy_sleep_until(until) == 0);
	EXPECT(is_past(until));
	atomic_fetch_add(&run, 1);
	return 0;
}

static bothy_future *send(struct bothy_job job)
{
	bothy_future *future = NULL;

	job.entity = "ann";
	job.project = "p";
	job.arg = &freed;
	job.arg_free = count_free;
	if (job.fn == NULL)
		job.fn = sleep_a_little;
	EXPECT(bothy_submit(pool, &job, &future) == 0);
	atomic_fetch_add(&accepted, 1);
	return future;
}

/* ---- calls that block ---------------------------------------------------------------------- */

static void wait_for_one(void)
{
	bothy_future *future = send(BOTHY_JOB(0));

	EXPECT(bothy_future_wait(future, BOTHY_FOREVER) == 0);
	EXPECT(bothy_future_state(future) == BOTHY_DONE);
	bothy_future_release(future);
}

static void wait_in_vain(void)
{
	bothy_future *future = send(BOTHY_JOB(0));
	bothy_time deadline = bothy_after_ms(1);
	int error = bothy_future_wait(future, deadline);

	EXPECT(error == 0 || (error == -ETIMEDOUT && is_past(deadline)));
	EXPECT(bothy_future_wait(future, BOTHY_FOREVER) == 0);
	bothy_future_release(future);
}

static void wait_for_all(void)
{
	bothy_future *futures[3];

	for (int i = 0; i < 3; i++)
		futures[i] = send(BOTHY_JOB(.flags = i == 2 ? BOTHY_OWN_THREAD : 0));
	EXPECT(bothy_future_wait_all(futures, 3, BOTHY_FOREVER) == 0);
	for (int i = 0; i < 3; i++) {
		EXPECT(bothy_future_state(futures[i]) == BOTHY_DONE);
		bothy_future_release(futures[i]);
	}
}

static void wait_for_group(void)
{
	bothy_group *group;
	bothy_future *futures[2];

	EXPECT(bothy_group_new(&group) == 0);
	for (int i = 0; i < 2; i++)
		futures[i] = send(BOTHY_JOB(.group = group));
	EXPECT(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	for (int i = 0; i < 2; i++) {
		EXPECT(bothy_future_state(futures[i]) == BOTHY_DONE);
		bothy_future_release(futures[i]);
	}
	bothy_group_release(group);
}

static void take_deliveries(void)
{
	bothy_completions *completions;
	struct bothy_completion got = {0};
	bothy_time deadline;

	EXPECT(bothy_completions_new(&completions) == 0);
	for (int i = 0; i < 2; i++)
		bothy_future_release(send(BOTHY_JOB(.completions = completions)));
	for (int i = 0; i < 2; i++)
		EXPECT(bothy_completions_next(completions, BOTHY_FOREVER, &got) == 0 &&
		       got.state == BOTHY_DONE);
	deadline = bothy_after_ms(1);
	EXPECT(bothy_completions_next(completions, deadline, &got) == -ETIMEDOUT);
	EXPECT(is_past(deadline));
	bothy_completions_release(completions);
}

/* On a pool of its own, whose queue is full now and then; and which it closes. */
static int pass(void *arg, void **ret_result)
{
	bothy_time until = bothy_after_ms(1);
	int error = bothy_sleep_until(until);

	(void)ret_result;
	EXPECT(error == 0 ? is_past(until) : error == bothy_stop_requested());
	atomic_fetch_add((atomic_int *)arg, 1);
	return 0;
}

static void submit_blocked_and_close(void)
{
	const struct bothy_pool_options options = {
		.size = sizeof(options), .workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK};
	atomic_int passed = 0;
	bothy_pool *small;
	bothy_time deadline;
	int error;

	EXPECT(bothy_pool_new(NULL, &options, &small) == 0);
	for (int i = 0; i < 5; i++)
		EXPECT(bothy_submit(small,
		                    &BOTHY_JOB(.entity = "e", .project = "p", .fn = pass,
		                               .arg = &passed),
		                    NULL) == 0);
	deadline = bothy_after_ms(1);
	error = bothy_pool_close(small, deadline);
	/* Before that nothing is canceled. */
	EXPECT((error == 0 && passed == 5) || is_past(deadline));
	EXPECT(error == 0 || error == -ETIMEDOUT);
	EXPECT(bothy_pool_close(small, BOTHY_FOREVER) == 0);
	bothy_pool_free(small);
}

static void run_and_sleep(void)
{
	bothy_time until = bothy_after_ms(1);
	struct bothy_job job = BOTHY_JOB(.entity = "ann", .project = "p", .fn = pass, .arg = &run);

	EXPECT(bothy_sleep_until(until) == 0);
	EXPECT(is_past(until));
	EXPECT(bothy_run_here(NULL, &job, NULL) == 0);
}

/* ---- a job that wants signals -------------------------------------------------------------- */

static int catch_some(void *arg, void **ret_result)
{
	bothy_future *child;
	int error;

	(void)arg, (void)ret_result;
	may_catch = 1;
	mask(SIG_UNBLOCK);
	caught_here = 0;
	(void)pthread_kill(pthread_self(), SIGUSR1);
	EXPECT(caught_here == 1);
	error = bothy_spawn(&BOTHY_JOB(.fn = sleep_a_little, .flags = BOTHY_OWN_THREAD), &child);
	EXPECT(error == 0);
	if (error == 0) {
		EXPECT(bothy_future_wait(child, BOTHY_FOREVER) == 0);
		EXPECT(bothy_future_state(child) == BOTHY_DONE);
		bothy_future_release(child);
	}
	mask(SIG_BLOCK);
	may_catch = 0;
	return 0;
}

static void run_catching_job(void)
{
	bothy_future *future = send(BOTHY_JOB(.fn = catch_some));

	EXPECT(bothy_future_wait(future, BOTHY_FOREVER) == 0);
	EXPECT(bothy_future_result(future, NULL) == 0);
	bothy_future_release(future);
}

/* ---- recording ----------------------------------------------------------------------------- */

#ifdef BOTHY_RECORDING
static bothy_server *server;
static char folder[] = "/tmp/bothy-test-XXXXXX";
static atomic_long published;

static void open_server(void)
{
	char url[64];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(url, sizeof(url), "sqlite:%s/db", folder);
	ck_assert_int_eq(bothy_server_open(url, NULL, &server), 0);
}

static int count_version(void *user, const struct bothy_object_version *version)
{
	(void)version;
	++*(long *)user;
	return 0;
}

/* Each is another version. */
static void publish_and_flush(void)
{
	bothy_context *context;
	char json[32];

	(void)snprintf(json, sizeof(json), "%ld", atomic_fetch_add(&published, 1));
	EXPECT(bothy_context_enter(server, "ann", "p", NULL, &context) == 0);
	EXPECT(bothy_publish(NULL, "thing", json, strlen(json), NULL) == 0);
	EXPECT(bothy_client_flush(NULL, BOTHY_FOREVER) == 0);
	EXPECT(bothy_object_read(bothy_client_current(), "thing", "latest", count_version,
	                         &(long){0}) == 0);
	EXPECT(bothy_context_exit(context) == 0);
}

static void host_recording(void)
{
	host(publish_and_flush);
	host(publish_and_flush);
}

static void expect_recorded(void)
{
	struct bothy_objects_query query = {.size = sizeof(query), .name = "thing"};
	bothy_client *client;
	char command[64];
	long stored = 0;

	ck_assert_int_eq(bothy_client_new(server, "ann", "p", &client), 0);
	ck_assert_int_eq(bothy_objects_query(client, &query, count_version, &stored), 0);
	ck_assert_int_eq(stored, published);
	bothy_client_release(client);
	bothy_server_release(server);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}
#else
static void open_server(void)
{
}

static void host_recording(void)
{
}

static void expect_recorded(void)
{
}
#endif

/* ---- the test ------------------------------------------------------------------------------ */

static void catch_all(void)
{
	struct sigaction action = {.sa_handler = handle}; /* without SA_RESTART */

	(void)sigemptyset(&action.sa_mask);
	for (int i = 0; i < SIGNALS; i++)
		ck_assert_int_eq(sigaction(signals[i], &action, NULL), 0);
}

static void start_hosts(void)
{
	host(wait_for_one);
	host(wait_in_vain);
	host(wait_for_all);
	host(wait_for_group);
	host(take_deliveries);
	host(submit_blocked_and_close);
	host(run_and_sleep);
	host(run_catching_job);
	host_recording();
}

/* What was accepted has run and was freed, once. */
static void expect_books(void)
{
	struct bothy_pool_stats stats;

	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	stats = stats_now();
	ck_assert_uint_eq(stats.submitted, stats.done);
	ck_assert_int_eq(freed, accepted);
	ck_assert_int_ge(run, accepted / 2);
}

/* This thread has the signals blocked until it is in the storm itself: what it starts inherits
 * that. */
START_TEST(nothing_returns_early_and_nothing_is_lost_in_a_storm_of_signals)
{
	pthread_t stormer;

	catch_all();
	mask(SIG_BLOCK);
	pool_with((struct bothy_pool_options){.workers = 4, .spare_max = 16});
	open_server();
	start_hosts();
	stormer = support_thread(storm, NULL);
	set_timer(ALARM_US);
	gate_await(&gate, n_hosts);
	set_timer(0);
	atomic_store(&storm_over, true);
	(void)support_join(stormer);
	for (int i = 0; i < n_hosts; i++)
		(void)support_join(hosts[i].thread);
	expect_books();
	expect_recorded();
	printf("%ld alarms, %ld other signals, %ld jobs\n", caught[0],
	       caught[1] + caught[2] + caught[3], accepted);
	ck_assert_msg(wrong == 0, "line %d", wrong);
	ck_assert_int_eq(strays, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		nothing_returns_early_and_nothing_is_lost_in_a_storm_of_signals,
	};

	return run_suite("signals", tests, sizeof(tests) / sizeof(tests[0]));
}
