/*
 * fork while a server is idle, writes, or can't.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fork/child.h"
#include "tests/fork/states.h"
#include "tests/support.h"
#include "tests/trace/shelf.h"

static char folder[] = "/tmp/bothy-test-XXXXXX";
static char path[64];
static struct shelf *shelf;

static void pool_on_server(void)
{
	const struct bothy_pool_options options = {.size = sizeof(options), .workers = 2};

	ck_assert_int_eq(bothy_client_new(held.server, "ann", "p", &held.client), 0);
	ck_assert_int_eq(bothy_pool_new(held.server, &options, &pool), 0);
}

static void on_file(void)
{
	char url[80];

	states_setup();
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/db", folder);
	(void)snprintf(url, sizeof(url), "sqlite:%s", path);
	ck_assert_int_eq(bothy_server_open(url, NULL, &held.server), 0);
	pool_on_server();
}

static void off_file(void)
{
	char command[64];

	states_teardown();
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* Its queue holds one item. */
static void on_shelf(void)
{
	struct bothy_server_ops ops = shelf_ops;

	states_setup();
	ops.queue_max = 1;
	shelf = shelf_new();
	ck_assert_ptr_nonnull(shelf);
	ck_assert_int_eq(bothy_server_new(&ops, shelf, &held.server), 0);
	pool_on_server();
}

static int publish(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return bothy_publish(NULL, "thing", "1", 1, NULL);
}

static void expect_flush(void)
{
	ck_assert_int_eq(bothy_client_flush(held.client, BOTHY_FOREVER), 0);
}

START_TEST(with_a_writer_that_is_idle)
{
	hold(BOTHY_JOB(.fn = publish, .flags = BOTHY_TRACE));
	ck_assert_int_eq(bothy_future_wait(held.futures[0], BOTHY_FOREVER), 0);
	expect_flush();
	fork_children();
	hold(BOTHY_JOB(.fn = publish));
	ck_assert_int_eq(bothy_future_wait(held.futures[1], BOTHY_FOREVER), 0);
	expect_flush();
}
END_TEST

static atomic_bool enough;
static atomic_int wrong; /* Check would keep a note of each assertion in this loop */

static void *publish_much(void *unused)
{
	(void)unused;
	while (!atomic_load(&enough)) {
		int code = bothy_run(pool,
		                     &BOTHY_JOB(.entity = "ann", .project = "p", .fn = publish,
		                                .flags = BOTHY_TRACE),
		                     BOTHY_FOREVER, NULL);

		if (code != 0 || bothy_client_flush(held.client, BOTHY_FOREVER) != 0)
			atomic_fetch_add(&wrong, 1);
	}
	return NULL;
}

/* The host uses SQLite as well, so that its own locks are held most of the time. */
static void *use_sqlite_much(void *unused)
{
	char bytes[16];

	(void)unused;
	while (!atomic_load(&enough)) {
		sqlite3_free(sqlite3_malloc(16));
		sqlite3_randomness(sizeof(bytes), bytes);
	}
	return NULL;
}

START_TEST(while_the_writer_stores_and_commits)
{
	pthread_t threads[] = {support_thread(publish_much, NULL),
	                       support_thread(use_sqlite_much, NULL)};

	held.busy = true;
	for (int i = 0; i < 2; i++)
		fork_children();
	atomic_store(&enough, true);
	for (int i = 0; i < 2; i++)
		(void)support_join(threads[i]);
	ck_assert_int_eq(wrong, 0);
}
END_TEST

static atomic_int flusher;

static void *flush(void *unused)
{
	int error;

	(void)unused;
	support_say_thread(&flusher);
	error = bothy_client_flush(held.client, BOTHY_FOREVER);
	/* The writer waits for some seconds, which the children may take. */
	ck_assert(error == 0 || error == -EBUSY);
	return NULL;
}

/* Somebody else has the file, so the writer tries again and again. */
START_TEST(while_the_writer_waits_for_another_processs_lock)
{
	sqlite3 *other;
	pthread_t thread;

	ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	hold(BOTHY_JOB(.fn = publish));
	ck_assert_int_eq(bothy_future_wait(held.futures[0], BOTHY_FOREVER), 0);
	thread = support_thread(flush, NULL);
	support_await_asleep(&flusher);
	fork_children();
	ck_assert_int_eq(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	(void)support_join(thread);
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
}
END_TEST

START_TEST(while_the_writer_is_in_an_operation)
{
	atomic_store(&shelf->stops, true);
	hold(BOTHY_JOB(.fn = publish));
	gate_await(&shelf->gate, 1);
	fork_children();
	gate_open(&shelf->gate);
	ck_assert_int_eq(bothy_future_wait(held.futures[0], BOTHY_FOREVER), 0);
	expect_flush();
}
END_TEST

START_TEST(while_jobs_wait_for_room_in_the_servers_queue)
{
	struct bothy_server_stats stats = {.size = sizeof(stats)};

	atomic_store(&shelf->stops, true);
	hold(BOTHY_JOB(.fn = publish));
	gate_await(&shelf->gate, 1);
	hold(BOTHY_JOB(.fn = publish, .flags = BOTHY_TRACE));
	while (bothy_server_stats(held.server, &stats) == 0 && stats.waited == 0)
		(void)sched_yield();
	fork_children();
	gate_open(&shelf->gate);
	ck_assert_int_eq(bothy_future_wait(held.futures[1], BOTHY_FOREVER), 0);
	expect_flush();
}
END_TEST

/* ---- while a library that recording uses begins --------------------------------------------- */

static atomic_int forker;      /* the thread's number */
static atomic_bool has_begun;  /* it does, or has */
static atomic_bool is_beginning;

/* It lasts until a fork waits for its end; or, if none does, for its child. */
static void begin_slowly(void)
{
	atomic_store(&is_beginning, true);
	atomic_store(&has_begun, true);
	support_await_asleep(&forker);
	atomic_store(&is_beginning, false);
}

static void *use_json(void *unused)
{
	char digest[BOTHY_DIGEST_BYTES];

	(void)unused;
	return bothy_value_digest("[0.5]", 5, digest) == 0 ? NULL : &forker;
}

static void *use_sqlite(void *unused)
{
	bothy_server *server;

	(void)unused;
	if (bothy_server_open("memory:", NULL, &server) < 0)
		return &forker;
	bothy_server_release(server);
	return NULL;
}

static int look_and_use(void *arg)
{
	void *(*const *use)(void *) = arg;

	if (atomic_load(&is_beginning))
		return 1;
	support_meet(CALL_LOCALE, NULL);
	support_meet(CALL_SQLITE_START, NULL);
	/* The parent's thread goes on, and allocates. */
	if (!support_child_may_start_threads() || UNDER_ADDRESS_SANITIZER)
		return 0;
	return (*use)(NULL) != NULL ? 2 : 0;
}

/* It does not end before the fork: the thread sanitizer's exit, in the child, takes a thread that has
 * ended for one that nobody joins. */
static void *use_and_stay(void *use)
{
	void *failed = (*(void *(**)(void *))use)(NULL);

	gate_wait(&gate);
	return failed;
}

/* USE, which returns NULL if it worked, begins with that CALL, and no child is forked in the middle
 * of it. */
static void fork_during_first(enum support_call call, void *(*use)(void *))
{
	pthread_t thread;

	support_meet(call, begin_slowly);
	thread = support_thread(use_and_stay, &use);
	while (!atomic_load(&has_begun))
		(void)sched_yield();
	support_say_thread(&forker);
	ck_assert_int_eq(support_in_child(look_and_use, &use), 0);
	gate_open(&gate);
	ck_assert_ptr_null(support_join(thread));
}

START_TEST(while_jansson_and_a_locale_are_first_used)
{
	fork_during_first(CALL_LOCALE, use_json);
}
END_TEST

START_TEST(while_sqlite_is_first_used)
{
	fork_during_first(CALL_SQLITE_START, use_sqlite);
}
END_TEST

int fork_while_recording(void)
{
	const TTest *const at_first[] = {
		while_jansson_and_a_locale_are_first_used,
		while_sqlite_is_first_used,
	};
	const TTest *const on_files[] = {
		with_a_writer_that_is_idle,
		while_the_writer_stores_and_commits,
		while_the_writer_waits_for_another_processs_lock,
	};
	const TTest *const on_shelves[] = {
		while_the_writer_is_in_an_operation,
		while_jobs_wait_for_room_in_the_servers_queue,
	};

	return run_suite("fork at a first use", at_first, sizeof(at_first) / sizeof(at_first[0])) |
	       run_suite_with("fork while recording in a file", on_file, off_file, on_files,
	                      sizeof(on_files) / sizeof(on_files[0])) |
	       run_suite_with("fork while recording", on_shelf, states_teardown, on_shelves,
	                      sizeof(on_shelves) / sizeof(on_shelves[0]));
}
