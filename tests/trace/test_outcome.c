/*
 * A job's own outcome, whatever becomes of what it records: each operation of a server fails in
 * turn, and files that can't be written.  Each failure is told, with what it was about.
 */
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/pool_fixture.h"
#include "tests/support.h"
#include "tests/trace/traced.h"

enum { OUTCOME = 7 };

/* What a flush in the job said, and its text. */
static int flushed;
static char flush_text[512];

static void keep_flush(void)
{
	const char *text;

	flushed = bothy_client_flush(NULL, BOTHY_FOREVER);
	text = bothy_trace_error();
	snprintf(flush_text, sizeof(flush_text), "%s", flushed < 0 && text != NULL ? text : "");
}

/* One of each kind.  (Its own call ends later, and is lost or stored after the flush.) */
static int record_all(void *arg, void **ret_result)
{
	char digest[BOTHY_DIGEST_BYTES];
	bothy_table *table;
	bothy_call *call;

	(void)arg, (void)ret_result;
	ck_assert_int_eq(bothy_publish(NULL, "thing", "1", 1, NULL), 0);
	ck_assert_int_eq(bothy_table_new(&table), 0);
	ck_assert_int_eq(bothy_table_add(table, "1", 1), 0);
	ck_assert_int_eq(bothy_table_publish(table, NULL), 0);
	bothy_table_release(table);
	ck_assert_int_eq(bothy_file_store("x", 1, digest), 0);
	ck_assert_int_eq(bothy_call_begin("op", NULL, &call), 0);
	ck_assert_int_eq(bothy_call_end(call, NULL, NULL), 0);
	keep_flush();
	return bothy_fail(OUTCOME, "the job's own");
}

/* Run a traced job, which ends as it would if all were stored. */
static void run_job(bothy_fn *fn)
{
	bothy_future *future = start(BOTHY_JOB(.fn = fn, .flags = BOTHY_TRACE));

	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_str_eq(bothy_future_error(future), "the job's own");
	ck_assert_int_eq(outcome(future), OUTCOME);
}

static void pool_on(bothy_server *server)
{
	const struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};

	ck_assert_int_eq(bothy_pool_new(server, &options, &pool), 0);
}

static void pool_off(void)
{
	bothy_pool_free(pool);
	pool = NULL;
}

/* ---- a server whose operations fail in turn ------------------------------------------------ */

START_TEST(whatever_write_fails_the_jobs_outcome_stands_and_the_flush_names_what_was_lost)
{
	static const char *const lost[] = {
		[OBJ_CREATE] = "object a4aycY80YOGda4BOY1oYV0etpOqiLx1JwB5S3beHW0s of ann/p could",
		[TABLE_CREATE] = "table ",
		[FILE_CREATE] = "file LXEWQrcmsEQBYnypX6wy9chTD7GQPMTbAiWHF5IaSIE of ann/p could",
		[CALLS_UPSERT] = "call ",
		[FLUSH] = "object a4aycY80YOGda4BOY1oYV0etpOqiLx1JwB5S3beHW0s of ann/p could",
	};

	pool_on(traced.server);
	for (size_t op = 0; op < sizeof(lost) / sizeof(lost[0]); op++) {
		atomic_store(&traced.shelf->codes[op], -ENOSPC);
		run_job(record_all);
		ck_assert_int_eq(flushed, -ENOSPC);
		ck_assert(strncmp(flush_text, lost[op], strlen(lost[op])) == 0);
		ck_assert_int_eq(atomic_load(&traced.shelf->failed_error), -ENOSPC);
		atomic_store(&traced.shelf->codes[op], 0);
		ck_assert_int_le(bothy_client_flush(traced.client, BOTHY_FOREVER), 0);
	}
	run_job(record_all);
	ck_assert_int_eq(flushed, 0);
	pool_off();
}
END_TEST

/* ---- files ----------------------------------------------------------------------------------- */

static char folder[32], path[64];
static bothy_server *server;

static void open_file(bool read_only)
{
	const struct bothy_server_options options = {.size = sizeof(options),
	                                             .read_only = read_only};
	char url[80];

	snprintf(url, sizeof(url), "sqlite:%s", path);
	ck_assert_int_eq(bothy_server_open(url, &options, &server), 0);
}

static void setup(void)
{
	fixture_setup();
	snprintf(folder, sizeof(folder), "/tmp/bothy-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/trace.db", folder);
	open_file(false);
}

static void teardown(void)
{
	char command[64];

	bothy_server_release(server);
	fixture_teardown();
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* The job's flush says ERROR, and names the file and what was lost. */
static void expect_told(int error, const char *kind)
{
	char text[128];

	ck_assert_int_eq(flushed, error);
	snprintf(text, sizeof(text), "%s: %s ", path, kind);
	ck_assert(strncmp(flush_text, text, strlen(text)) == 0);
}

START_TEST(a_file_that_may_only_be_read_fails_the_flush_alone)
{
	bothy_client *client;

	ck_assert_int_eq(bothy_client_new(server, "ann", "p", &client), 0);
	ck_assert_int_eq(bothy_client_flush(client, BOTHY_FOREVER), 0);
	bothy_client_release(client);
	bothy_server_release(server);
	open_file(true);
	pool_on(server);
	run_job(record_all);
	expect_told(-EROFS, "object");
	pool_off();
}
END_TEST

START_TEST(a_file_that_is_deleted_fails_the_flush_alone)
{
	pool_on(server);
	ck_assert_int_eq(unlink(path), 0);
	run_job(record_all);
	expect_told(-ENOENT, "object");
	pool_off();
}
END_TEST

static int record_much(void *arg, void **ret_result)
{
	char *content = malloc(1 << 20), digest[BOTHY_DIGEST_BYTES];

	(void)arg, (void)ret_result;
	ck_assert_ptr_nonnull(content);
	memset(content, 'x', 1 << 20);
	ck_assert_int_eq(bothy_file_store(content, 1 << 20, digest), 0);
	free(content);
	keep_flush();
	return bothy_fail(OUTCOME, "the job's own");
}

START_TEST(a_disk_that_fills_up_fails_what_it_has_no_room_for)
{
	struct rlimit before, little;

	(void)signal(SIGXFSZ, SIG_IGN);
	pool_on(server);
	run_job(record_all);
	ck_assert_int_eq(flushed, 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	little = before;
	little.rlim_cur = 400000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	run_job(record_much);
	expect_told(-ENOSPC, "file");
	run_job(record_all); /* there is room for this */
	ck_assert_int_eq(flushed, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	run_job(record_much);
	ck_assert_int_eq(flushed, 0);
	pool_off();
}
END_TEST

START_TEST(a_file_that_is_locked_fails_the_flush_alone)
{
	sqlite3 *other;

	ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	support_skip_pauses(true);
	pool_on(server);
	run_job(record_all);
	expect_told(-EBUSY, "object");
	pool_off();
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
}
END_TEST

int main(void)
{
	const TTest *const on_shelf[] = {
		whatever_write_fails_the_jobs_outcome_stands_and_the_flush_names_what_was_lost,
	};
	const TTest *const on_files[] = {
		a_file_that_may_only_be_read_fails_the_flush_alone,
		a_file_that_is_deleted_fails_the_flush_alone,
		a_disk_that_fills_up_fails_what_it_has_no_room_for,
		a_file_that_is_locked_fails_the_flush_alone,
	};

	return run_on_shelf("outcome", on_shelf, sizeof(on_shelf) / sizeof(on_shelf[0])) |
	       run_suite_with("outcome on a file", setup, teardown, on_files,
	                      sizeof(on_files) / sizeof(on_files[0]));
}
