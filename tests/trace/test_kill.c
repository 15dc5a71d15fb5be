/*
 * A process that records is killed at random moments: what a flush had said is stored is there,
 * once, and the file is whole.
 */
#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bothy/bothy.h>

#include "tests/pool_fixture.h"
#include "tests/support.h"

enum { KILLS = 10, CALLS_A_JOB = 40, ID_BYTES = 37 };

static char folder[] = "/tmp/bothy-kill-XXXXXX";
static char path[64], url[80];

/* ---- the one that is killed -------------------------------------------------------------------- */

/* Record some calls, one of them open meanwhile; once they are flushed, say their ids. */
static int record_and_tell(void *arg, void **ret_result)
{
	char ids[CALLS_A_JOB][ID_BYTES];
	bothy_call *outer;

	(void)ret_result;
	if (bothy_call_begin("outer", NULL, &outer) < 0)
		return 1;
	snprintf(ids[0], ID_BYTES, "%s", bothy_call_id(outer));
	for (int i = 1; i < CALLS_A_JOB; i++) {
		bothy_call *call;

		if (bothy_call_begin("inner", "{\"a\": 1}", &call) < 0)
			return 1;
		snprintf(ids[i], ID_BYTES, "%s", bothy_call_id(call));
		if (bothy_call_end(call, "1", NULL) < 0)
			return 1;
	}
	if (bothy_client_flush(NULL, BOTHY_FOREVER) < 0)
		return 1;
	return write(*(int *)arg, ids, sizeof(ids)) != (ssize_t)sizeof(ids);
}

static _Noreturn void record_for_ever(int fd)
{
	struct bothy_pool_options options = {
		.size = sizeof(options), .workers = 3, .queue_max = 8, .when_full = BOTHY_BLOCK};
	bothy_server *server;
	bothy_pool *recording;

	if (bothy_server_open(url, NULL, &server) < 0 ||
	    bothy_pool_new(server, &options, &recording) < 0)
		_exit(1);
	while (bothy_submit(recording,
	                    &BOTHY_JOB(.entity = "ann", .project = "p", .fn = record_and_tell,
	                               .arg = &fd),
	                    NULL) == 0)
		continue;
	_exit(1);
}

/* ---- looking afterwards ------------------------------------------------------------------------------ */

static int count_one(void *n, const struct bothy_call_record *call)
{
	(void)call;
	++*(int *)n;
	return 0;
}

static void check_told(bothy_client *client, char (*told)[ID_BYTES], size_t n)
{
	const char *ids[CALLS_A_JOB];

	for (size_t at = 0; at < n; at += CALLS_A_JOB) {
		struct bothy_calls_query query = {
			.size = sizeof(query), .ids = ids, .n_ids = CALLS_A_JOB};
		int found = 0;

		for (size_t i = 0; i < CALLS_A_JOB; i++)
			ids[i] = told[at + i];
		ck_assert_int_eq(bothy_calls_query(client, &query, count_one, &found), 0);
		ck_assert_int_eq(found, CALLS_A_JOB);
	}
}

static int check_column(void *wanted, int n, char **values, char **names)
{
	(void)n, (void)names;
	ck_assert_str_eq(values[0], wanted);
	return 0;
}

static void check_file(void)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "PRAGMA integrity_check", check_column, "ok", NULL),
	                 SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "SELECT count(*) - count(DISTINCT hex(id)) FROM call",
	                              check_column, "0", NULL),
	                 SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* ---- killing ---------------------------------------------------------------------------------------------- */

static char (*told)[ID_BYTES];
static size_t n_told, told_room;

/* Read what the child says until it has nothing more to say, or TIMEOUT_MS. */
static bool read_told(int fd, int timeout_ms)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	const size_t bytes = (size_t)CALLS_A_JOB * ID_BYTES;
	ssize_t got;

	if (poll(&wanted, 1, timeout_ms) == 0)
		return true;
	if (n_told + CALLS_A_JOB > told_room) {
		told_room = told_room * 2 + CALLS_A_JOB;
		told = realloc(told, told_room * ID_BYTES);
		ck_assert_ptr_nonnull(told);
	}
	got = read(fd, told[n_told], bytes);
	if (got == (ssize_t)bytes) /* a pipe's writes of less than a page are whole */
		n_told += CALLS_A_JOB;
	return got > 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The first thing that it says begins the time after which it is killed. */
static void run_and_kill(int after_ms)
{
	int fds[2], status;
	int64_t end;
	pid_t child;

	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	if (child == 0)
		record_for_ever(fds[1]);
	close(fds[1]);
	ck_assert(read_told(fds[0], -1));
	for (end = now_ms() + after_ms; now_ms() < end;)
		ck_assert(read_told(fds[0], (int)(end - now_ms())));
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	while (read_told(fds[0], -1)) /* to the end of the file */
		continue;
	close(fds[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}

START_TEST(what_was_flushed_outlives_a_kill_at_any_moment)
{
	unsigned seed = (unsigned)time(NULL);
	bothy_server *server;
	bothy_client *client;

	printf("seed %u\n", seed);
	for (int i = 0; i < KILLS; i++) {
		run_and_kill((int)(rand_r(&seed) % 30));
		check_file();
	}
	ck_assert_int_eq(bothy_server_open(url, NULL, &server), 0);
	ck_assert_int_eq(bothy_client_new(server, "ann", "p", &client), 0);
	check_told(client, told, n_told);
	bothy_client_release(client);
	bothy_server_release(server);
	free(told);
	printf("%d kills, %zu calls that were flushed before\n", KILLS, n_told);
}
END_TEST

static void make_file(void)
{
	fixture_setup();
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/kill.db", folder);
	snprintf(url, sizeof(url), "sqlite:%s", path);
}

static void remove_file(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char name[80];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
	(void)rmdir(folder);
	fixture_teardown();
}

int main(void)
{
	const TTest *const tests[] = {what_was_flushed_outlives_a_kill_at_any_moment};

	/* The thread sanitizer ends a forked child that starts threads. */
	return run_suite_with("kill", make_file, remove_file, tests,
	                      UNDER_THREAD_SANITIZER ? 0 : 1);
}
