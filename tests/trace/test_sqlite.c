/*
 * The SQLite server's file: what may be wrong with it, who else may use it, and what is left
 * when its process dies.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/pool_fixture.h"
#include "tests/trace/store_fixture.h"
#include "tests/support.h"
#include "trace/error.h"
#include "trace/sqlite/sqlite.h"

#define ANN "ann", "cats"

static const struct bothy_server_options options = {.size = sizeof(options)};
static const struct bothy_server_options reading = {.size = sizeof(reading), .read_only = true};

/* ---- helpers ------------------------------------------------------------------------------ */

/* Open PATH and shut it again: what it says, and if that is an error, that the text names PATH and
 * WORD. */
static int open_error(const char *path, const struct bothy_server_options *with, const char *word)
{
	struct bothy_server_ops ops;
	void *self;
	int error = sqlite_open(path, with, &ops, &self);

	if (error == 0) {
		ops.destroy(self);
		return 0;
	}
	ck_assert_ptr_nonnull(trace_error());
	ck_assert_msg(strstr(trace_error(), path) != NULL, "<%s> does not name the file",
	              trace_error());
	ck_assert_msg(strstr(trace_error(), word) != NULL, "<%s> has no <%s>", trace_error(), word);
	return error;
}

/* The path of another file beside the test's. */
static const char *beside(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", store.directory, name);
	return path;
}

/* Run SQL on the test's file through a connection of the test's own. */
static void run_sql(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(store.path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
	              sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* The first column of the first row. */
static const char *ask_sql(const char *sql)
{
	static char text[256];
	sqlite3_stmt *statement;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(store.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	(void)snprintf(text, sizeof(text), "%s", (const char *)sqlite3_column_text(statement, 0));
	ck_assert_int_eq(sqlite3_finalize(statement), SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return text;
}

static void write_bytes(const char *path, off_t at, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, n, at), (ssize_t)n);
	(void)close(fd);
}

static int try_call(int n)
{
	struct bothy_call_start start = start_of(n, "op", 0, 1);
	struct bothy_call_part part = {.entity = "ann", .project = "cats", .start = &start};
	int error = 0;

	store.ops.calls_upsert(store.self, &part, 1, &error);
	return error;
}

static bool is_root(void)
{
	return geteuid() == 0;
}

/* Run FN in a child that may not write everywhere, as root may. */
static int as_nobody(int (*fn)(void *), void *arg);

struct task {
	int (*fn)(void *);
	void *arg;
};

static int drop_and_run(void *arg)
{
	const struct task *task = arg;

	if (is_root() && (setgid(65534) < 0 || setuid(65534) < 0))
		return 125;
	return task->fn(task->arg);
}

static int as_nobody(int (*fn)(void *), void *arg)
{
	struct task task = {fn, arg};

	return support_in_child(drop_and_run, &task);
}

/* What sqlite_open() says, as an exit code. */
static int open_in_child(void *arg)
{
	struct bothy_server_ops ops;
	void *self;

	return -sqlite_open(store.path, arg, &ops, &self);
}

/* ---- the path ----------------------------------------------------------------------------- */

START_TEST(a_path_that_can_not_be_opened_says_why)
{
	store_directory();
	ck_assert_int_eq(sqlite_open("", &options, &store.ops, &store.self), -EINVAL);
	ck_assert_ptr_nonnull(strstr(trace_error(), "no path"));
	ck_assert_int_eq(open_error(store.directory, &options, "directory"), -EISDIR);
	ck_assert_int_eq(open_error(beside("none/trace.db"), &options, "No such file"), -ENOENT);
	ck_assert_int_eq(open_error(beside("none.db"), &reading, ""), -ENOENT);
	ck_assert_int_eq(access(beside("none.db"), F_OK), -1);
	ck_assert_int_eq(open_error("/dev/null", &options, "regular"), -EBADMSG);
	write_bytes(store.path, 0, "", 0);
	ck_assert_int_eq(open_error(beside("trace.db/below"), &options, ""), -ENOTDIR);
	store_close();
}
END_TEST

START_TEST(a_path_is_taken_literally)
{
	const char *const names[] = {"a?mode=memory", "a%20b", "a b",        "file:x",
	                             ":memory:",      "'; --", "\xc3\xa9#&", "-x"};

	store_directory();
	ck_assert_int_eq(chdir(store.directory), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct stat status;

		ck_assert_int_eq(open_error(names[i], &options, ""), 0);
		ck_assert_int_eq(stat(names[i], &status), 0);
		ck_assert_int_eq(open_error(beside(names[i]), &reading, ""), 0);
	}
	ck_assert_int_eq(chdir("/"), 0);
	store_close();
}
END_TEST

START_TEST(a_relative_path_stays_the_same_file_wherever_the_process_goes)
{
	store_directory();
	ck_assert_int_eq(chdir(store.directory), 0);
	ck_assert_int_eq(sqlite_open("trace.db", &options, &store.ops, &store.self), 0);
	ck_assert_int_eq(chdir("/"), 0);
	put_call(ANN, 1, "op", 0, 1);
	flush();
	ck_assert_str_eq(calls(ANN, NULL), "1");
	store_close();
}
END_TEST

START_TEST(what_one_may_not_read_is_refused)
{
	store_open_file();
	store_shut();
	ck_assert_int_eq(chmod(store.path, 0), 0);
	ck_assert_int_eq(chmod(store.directory, 0755), 0);
	ck_assert_int_eq(as_nobody(open_in_child, (void *)&options), EACCES);
	ck_assert_int_eq(as_nobody(open_in_child, (void *)&reading), EACCES);
	store_close();
}
END_TEST

/* ---- what the file is --------------------------------------------------------------------- */

START_TEST(an_empty_file_is_a_new_database)
{
	store_directory();
	write_bytes(store.path, 0, "", 0);
	store_open();
	put_call(ANN, 1, "op", 0, 1);
	flush();
	store_shut();
	ck_assert_str_eq(ask_sql("PRAGMA journal_mode"), "wal");
	ck_assert_str_eq(ask_sql("PRAGMA user_version"), "1");
	ck_assert_str_eq(ask_sql("PRAGMA application_id"), "1114600552");
	store_close();
}
END_TEST

START_TEST(what_is_no_sqlite_file_is_refused_and_left_alone)
{
	static const char text[] = "This is a letter to somebody, and by no means a database. "
				   "It goes on for a while, so that it is longer than a header.";
	char found[sizeof(text)] = {0};
	int fd;

	store_directory();
	write_bytes(store.path, 0, text, 1); /* SQLite itself takes this one for an empty file */
	ck_assert_int_eq(open_error(store.path, &options, "not a database"), -EBADMSG);
	write_bytes(store.path, 0, text, sizeof(text));
	ck_assert_int_eq(open_error(store.path, &options, "not a database"), -EBADMSG);
	ck_assert_int_eq(open_error(store.path, &reading, "not a database"), -EBADMSG);
	fd = open(store.path, O_RDONLY);
	ck_assert_int_eq(read(fd, found, sizeof(found)), sizeof(text));
	(void)close(fd);
	ck_assert_str_eq(found, text);
	store_close();
}
END_TEST

START_TEST(another_programs_file_is_refused_and_left_alone)
{
	store_directory();
	run_sql("CREATE TABLE theirs (x)");
	ck_assert_int_eq(open_error(store.path, &options, "application_id"), -EMEDIUMTYPE);
	ck_assert_int_eq(open_error(store.path, &reading, "application_id"), -EMEDIUMTYPE);
	run_sql("PRAGMA application_id = 77; PRAGMA user_version = 1");
	ck_assert_int_eq(open_error(store.path, &options, "0x4d"), -EMEDIUMTYPE);
	ck_assert_str_eq(ask_sql("SELECT count(*) FROM sqlite_schema"), "1");
	ck_assert_str_eq(ask_sql("PRAGMA journal_mode"), "delete");
	store_close();
}
END_TEST

START_TEST(a_later_releases_file_is_refused)
{
	store_open_file();
	store_shut();
	run_sql("PRAGMA user_version = 2");
	ck_assert_int_eq(open_error(store.path, &options, "version 2"), -EPROTONOSUPPORT);
	ck_assert_int_eq(open_error(store.path, &reading, "version 2"), -EPROTONOSUPPORT);
	run_sql("PRAGMA user_version = 1");
	ck_assert_int_eq(open_error(store.path, &options, ""), 0);
	store_close();
}
END_TEST

START_TEST(a_file_cut_short_is_corrupt)
{
	store_open_file();
	store_shut();
	ck_assert_int_eq(truncate(store.path, 5000), 0);
	ck_assert_int_eq(open_error(store.path, &options, "malformed"), -EBADMSG);
	store_close();
}
END_TEST

/* Overwrite every page but the first. */
static void spoil_pages(void)
{
	static char junk[4096];
	struct stat status;

	memset(junk, 0x5a, sizeof(junk));
	ck_assert_int_eq(stat(store.path, &status), 0);
	for (off_t at = 4096; at < status.st_size; at += 4096)
		write_bytes(store.path, at, junk, sizeof(junk));
}

START_TEST(corrupt_pages_are_an_error_of_what_needs_them)
{
	int n = 0;

	store_open_file();
	for (int i = 1; i < 200; i++)
		put_call(ANN, i, "op", 0, 1);
	flush();
	store_shut();
	spoil_pages();
	if (sqlite_open(store.path, &options, &store.ops, &store.self) == 0) {
		struct bothy_calls_query query = {.size = sizeof(query)};

		ck_assert_int_eq(store.ops.calls_query(store.self, ANN, &query, NULL, &n),
		                 -EBADMSG);
		ck_assert_ptr_nonnull(strstr(trace_error(), store.path));
		ck_assert_int_eq(try_call(1), -EBADMSG);
		(void)store.ops.flush(store.self);
	}
	store_close();
}
END_TEST

/* ---- read only ---------------------------------------------------------------------------- */

START_TEST(read_only_reads_and_writes_nothing)
{
	struct bothy_object_version version = {.name = "x", .digest = "d", .json = "1", .bytes = 1};

	store_open_file();
	put_call(ANN, 1, "op", 0, 1);
	flush();
	store_shut();
	ck_assert_int_eq(sqlite_open(store.path, &reading, &store.ops, &store.self), 0);
	ck_assert_str_eq(calls(ANN, NULL), "1");
	ck_assert_int_eq(try_call(2), -EROFS);
	ck_assert_ptr_nonnull(strstr(trace_error(), store.path));
	ck_assert_int_eq(store.ops.obj_create(store.self, ANN, &version), -EROFS);
	ck_assert_int_eq(store.ops.table_create(store.self, ANN, "t", NULL, 0), -EROFS);
	ck_assert_int_eq(store.ops.file_create(store.self, ANN, "f", "x", 1), -EROFS);
	ck_assert_int_eq(store.ops.ensure_project(store.self, "ann", "new"), -EROFS);
	ck_assert_int_eq(store.ops.ensure_project(store.self, ANN), 0);
	ck_assert_int_eq(store.ops.flush(store.self), 0);
	ck_assert_str_eq(calls(ANN, NULL), "1");
	store_close();
}
END_TEST

START_TEST(read_only_sees_what_another_writes)
{
	struct bothy_server_ops ops;
	void *self;

	store_open_file();
	put_call(ANN, 1, "op", 0, 1);
	flush();
	ck_assert_int_eq(sqlite_open(store.path, &reading, &ops, &self), 0);
	put_call(ANN, 2, "op", 0, 1);
	flush();
	{
		struct store_under_test writer = store;

		store.ops = ops;
		store.self = self;
		ck_assert_str_eq(calls(ANN, NULL), "1 2");
		store = writer;
	}
	ops.destroy(self);
	store_close();
}
END_TEST

static int read_in_child(void *arg)
{
	int error = sqlite_open(store.path, arg, &store.ops, &store.self);

	return error < 0 ? -error : 100 + count_calls(ANN);
}

START_TEST(a_directory_that_can_not_be_written_is_read_all_the_same)
{
	store_open_file();
	put_call(ANN, 1, "op", 0, 1);
	put_call(ANN, 2, "op", 0, 1);
	flush();
	store_shut();
	ck_assert_int_eq(chmod(store.path, 0444), 0);
	ck_assert_int_eq(chmod(store.directory, 0555), 0);
	ck_assert_int_eq(as_nobody(read_in_child, (void *)&reading), 102);
	ck_assert_int_eq(as_nobody(open_in_child, (void *)&options), EROFS);
	ck_assert_int_eq(chmod(store.directory, 0755), 0);
	store_close();
}
END_TEST

START_TEST(commits_that_wait_in_the_wal_are_not_overlooked)
{
	const char *path;
	char copy[1024];

	store_open_file();
	put_call(ANN, 1, "op", 0, 1);
	flush();
	path = beside("copy");
	(void)snprintf(copy, sizeof(copy), "mkdir '%s' && cp '%s' '%s-wal' '%s'", path, store.path,
	               store.path, path);
	ck_assert_int_eq(system(copy), 0);
	store_shut();
	(void)snprintf(store.path, sizeof(store.path), "%.100s/trace.db", path);
	(void)snprintf(copy, sizeof(copy), "chmod -R a+rX,a-w '%s'; chmod 755 '%s'", path,
	               store.directory);
	ck_assert_int_eq(system(copy), 0);
	ck_assert_int_ne(as_nobody(read_in_child, (void *)&reading), 100);
	ck_assert_int_eq(chmod(path, 0755), 0);
	store_close();
}
END_TEST

/* ---- others at the same file -------------------------------------------------------------- */

/* Lock the test's file by SQL; unlocked by closing what is returned. */
static sqlite3 *lock_by(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(store.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	return db;
}

START_TEST(while_another_writes_writes_are_refused_and_reads_go_on)
{
	sqlite3 *other;

	store_open_file();
	put_call(ANN, 1, "op", 0, 1);
	flush();
	other = lock_by("BEGIN EXCLUSIVE");
	support_skip_pauses(false); /* for those behind fail at once for as long as it took */
	ck_assert_int_eq(try_call(2), -EBUSY);
	ck_assert_ptr_nonnull(strstr(trace_error(), store.path));
	ck_assert_uint_eq(support_paused_ms(), 5000);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(try_call(2), -EBUSY);
	ck_assert_uint_eq(support_paused_ms(), 5000); /* without another wait */
	support_skip_pauses(true);
	ck_assert_str_eq(calls(ANN, NULL), "1");
	ck_assert_int_eq(store.ops.ensure_project(store.self, ANN), 0);
	ck_assert_int_eq(store.ops.ensure_project(store.self, "ann", "new"), -EBUSY);
	ck_assert_int_eq(store.ops.flush(store.self), 0);
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
	put_call(ANN, 2, "op", 0, 1);
	flush();
	ck_assert_str_eq(calls(ANN, NULL), "1 2");
	store_close();
}
END_TEST

START_TEST(a_file_that_is_locked_is_not_opened)
{
	sqlite3 *other;

	store_directory();
	other = lock_by("PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; CREATE TABLE t (x)");
	support_skip_pauses(true);
	ck_assert_int_eq(open_error(store.path, &options, "locked"), -EBUSY);
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
	ck_assert_int_eq(open_error(store.path, &options, ""), 0);
	store_close();
}
END_TEST

/*
 * What several children do at once, or one that is killed, is done without Check's assertions:
 * each writes to the one file in which the runner learns of them.
 */

/* Open the file, which perhaps makes it: 0 or a negative errno. */
static int open_quietly(void)
{
	int error;

	/* On a machine that is busy the others may take longer than one waits for them. */
	do
		error = sqlite_open(store.path, &options, &store.ops, &store.self);
	while (error == -EBUSY);
	return error;
}

enum { PROCESSES = 4, EACH_WRITES = 60, TOGETHER = 3 };

/* Write some calls, and flush; again if the others took too long, for then none of them is stored. */
static int write_together(int first)
{
	int error;

	do {
		error = 0;
		for (int i = 0; i < TOGETHER && error == 0; i++)
			error = try_call(first + i);
		if (error == 0)
			error = store.ops.flush(store.self);
	} while (error == -EBUSY);
	return error;
}

/* Writes its own calls, some in a flush of their own. */
static int write_in_child(const void *arg)
{
	int first = 1 + *(const int *)arg * EACH_WRITES;
	int error = open_quietly();

	if (error < 0)
		return -error;
	for (int i = 0; i < EACH_WRITES && error == 0; i += TOGETHER)
		error = write_together(first + i);
	store.ops.destroy(store.self);
	return -error;
}

START_TEST(several_processes_may_make_and_fill_one_file)
{
	pid_t children[PROCESSES];

	store_directory();
	for (int i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(write_in_child(&i));
		ck_assert_int_gt(children[i], 0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
		ck_assert(WIFEXITED(status));
		ck_assert_int_eq(WEXITSTATUS(status), 0); /* else an errno */
	}
	store_open();
	ck_assert_int_eq(count_calls(ANN), PROCESSES * EACH_WRITES);
	ck_assert_str_eq(projects(), "ann/cats");
	store_shut();
	ck_assert_str_eq(ask_sql("PRAGMA integrity_check"), "ok");
	store_close();
}
END_TEST

/* ---- dying -------------------------------------------------------------------------------- */

enum { MOMENTS = 6, MOST = 1000 };

/* Writes calls in small flushes, and says through FD how many are durable. */
static _Noreturn void write_until_killed(int fd)
{
	if (open_quietly() < 0)
		_exit(1);
	for (int n = 1; n <= MOST; n++) {
		if (try_call(n) < 0)
			_exit(1);
		if (n % 5 == 0 &&
		    (store.ops.flush(store.self) < 0 || write(fd, &n, sizeof(n)) != sizeof(n)))
			_exit(1);
	}
	_exit(0);
}

/* Kill a writer once it has said that UNTIL calls are durable, at whatever it does then; how many
 * it said at last. */
static int kill_writer(int until)
{
	int ends[2], n, flushed = 0;
	pid_t child;

	ck_assert_int_eq(pipe(ends), 0);
	child = fork();
	if (child == 0)
		write_until_killed(ends[1]);
	ck_assert_int_gt(child, 0);
	(void)close(ends[1]);
	while (flushed < until && read(ends[0], &n, sizeof(n)) == sizeof(n))
		flushed = n;
	for (volatile int i = 0; i < until * 1009 % 30011; i++)
		continue; /* somewhere in the next one */
	(void)kill(child, SIGKILL);
	while (read(ends[0], &n, sizeof(n)) == sizeof(n))
		flushed = n;
	(void)close(ends[0]);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	return flushed;
}

START_TEST(after_kill_what_was_flushed_is_there_and_nothing_twice)
{
	unsigned seed = (unsigned)getpid();

	printf("seed %u\n", seed);
	store_directory();
	for (int i = 0; i < MOMENTS; i++) {
		int flushed, found;

		seed = seed * 1103515245u + 12345u;
		flushed = kill_writer((int)(seed >> 16) % (MOST / 2));
		ck_assert_str_eq(ask_sql("PRAGMA integrity_check"), "ok");
		store_open();
		found = count_calls(ANN);
		ck_assert_int_ge(found, flushed);
		ck_assert_int_eq(found % 5, 0); /* no part of a transaction */
		store_shut();
		ck_assert_int_eq(atoi(ask_sql("SELECT count(DISTINCT id) FROM call")), found);
		ck_assert_int_eq(unlink(store.path), 0);
	}
	store_close();
}
END_TEST

/* ---- no room ------------------------------------------------------------------------------ */

/* No file of this process may grow beyond BYTES. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static rlim_t file_limit(void)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	return limit.rlim_max;
}

static int try_file(char digest, size_t bytes)
{
	const char name[2] = {digest, '\0'};
	char *content = calloc(1, bytes);
	int error = store.ops.file_create(store.self, ANN, name, content, bytes);

	free(content);
	return error;
}

START_TEST(a_flush_without_room_stores_none_of_it_and_later_ones_work)
{
	store_open_file();
	(void)signal(SIGXFSZ, SIG_IGN);
	put_call(ANN, 1, "op", 0, 1);
	flush();
	limit_files(400000);
	put_call(ANN, 2, "op", 0, 1);
	ck_assert_int_eq(try_file('f', 1 << 20), 0); /* it waits in memory */
	ck_assert_int_eq(store.ops.flush(store.self), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(trace_error(), store.path));
	ck_assert_str_eq(calls(ANN, NULL), "1");
	put_call(ANN, 3, "op", 0, 1); /* there is room for a small one */
	flush();
	limit_files(file_limit());
	put_call("ann", "dogs", 4, "op", 0, 1);
	ck_assert_int_eq(try_file('f', 1 << 20), 0);
	flush();
	ck_assert_str_eq(calls(ANN, NULL), "1 3");
	ck_assert_str_eq(projects(), "ann/cats ann/dogs");
	store_shut();
	ck_assert_str_eq(ask_sql("PRAGMA integrity_check"), "ok");
	store_close();
}
END_TEST

START_TEST(what_no_transaction_has_room_for_is_told_by_the_flush)
{
	int error;

	store_open_file();
	(void)signal(SIGXFSZ, SIG_IGN);
	put_call(ANN, 1, "op", 0, 1);
	flush();
	limit_files(4 << 20);
	put_call("ann", "dogs", 2, "op", 0, 1);
	error = try_file('f', 20 << 20); /* more than the cache: it is written at once */
	ck_assert_int_eq(error, -ENOSPC);
	put_call("ann", "dogs", 3, "op", 0, 1);
	error = store.ops.flush(store.self);
	if (error == 0) /* then the file failed alone */
		ck_assert_str_eq(calls("ann", "dogs", NULL), "2 3");
	else
		ck_assert_str_eq(calls("ann", "dogs", NULL), "");
	put_call("ann", "dogs", 2, "op", 0, 1);
	put_call("ann", "dogs", 3, "op", 0, 1);
	flush();
	ck_assert_str_eq(calls("ann", "dogs", NULL), "2 3");
	limit_files(file_limit());
	ck_assert_int_eq(try_file('f', 20 << 20), 0);
	flush();
	store_shut();
	ck_assert_str_eq(ask_sql("PRAGMA integrity_check"), "ok");
	store_close();
}
END_TEST

START_TEST(after_a_flush_without_memory_later_ones_work)
{
	store_open_file();
	put_call(ANN, 1, "op", 0, 1);
	(void)sqlite3_hard_heap_limit64(1); /* nor is there memory to undo it */
	ck_assert_int_eq(store.ops.flush(store.self), -ENOMEM);
	(void)sqlite3_hard_heap_limit64(0);
	put_call(ANN, 2, "op", 0, 1);
	flush();
	ck_assert_str_eq(calls(ANN, NULL), "2");
	store_close();
}
END_TEST

START_TEST(a_statement_that_sqlite_refuses_fails_alone)
{
	struct bothy_call_start starts[] = {start_of(1, "op", 0, 1), start_of(2, "op", 0, 1),
	                                    start_of(3, "op", 0, 1)};
	struct bothy_call_part parts[3];
	int errors[3] = {0};

	store_open_file();
	run_sql("CREATE UNIQUE INDEX once ON call (display_name)");
	for (int i = 0; i < 3; i++) {
		starts[i].display_name = i < 2 ? "same" : "other";
		parts[i] = (struct bothy_call_part){"ann", "cats", &starts[i], NULL};
	}
	store.ops.calls_upsert(store.self, parts, 3, errors);
	ck_assert_int_eq(errors[0], 0);
	ck_assert_int_lt(errors[1], 0);
	ck_assert_ptr_nonnull(strstr(trace_error(), id_of(2)));
	ck_assert_int_eq(errors[2], 0);
	flush();
	ck_assert_str_eq(calls(ANN, NULL), "1 3");
	store_close();
}
END_TEST

START_TEST(what_is_flushed_to_a_deleted_file_is_an_error)
{
	store_open_file();
	put_call(ANN, 1, "op", 0, 1);
	flush();
	ck_assert_int_eq(rename(store.path, beside("moved")), 0);
	ck_assert_int_eq(try_call(2), 0);
	ck_assert_int_eq(store.ops.flush(store.self), -ENOENT);
	ck_assert_ptr_nonnull(strstr(trace_error(), store.path));
	ck_assert_int_eq(rename(beside("moved"), store.path), 0);
	put_call(ANN, 3, "op", 0, 1);
	flush();
	ck_assert_str_eq(calls(ANN, NULL), "1 3");
	store_close();
}
END_TEST

START_TEST(what_was_not_flushed_is_gone_at_the_end)
{
	store_open_file();
	put_call(ANN, 1, "op", 0, 1);
	flush();
	put_call(ANN, 2, "op", 0, 1);
	store_shut();
	store_open();
	ck_assert_str_eq(calls(ANN, NULL), "1");
	store_close();
}
END_TEST

START_TEST(readers_see_nothing_before_its_flush)
{
	store_open_file();
	put_call(ANN, 1, "op", 0, 1);
	ck_assert_str_eq(calls(ANN, NULL), "");
	flush();
	ck_assert_str_eq(calls(ANN, NULL), "1");
	store_close();
}
END_TEST

/* ---- forks -------------------------------------------------------------------------------- */

enum { FORKS = UNDER_THREAD_SANITIZER ? 5 : 20 };

static atomic_bool enough;

/* Without Check's assertions: they have a lock, which a child might inherit. */
static void *keep_busy(void *arg)
{
	const struct bothy_call_part *part = arg;
	int error = 0;

	while (!atomic_load(&enough) && error == 0) {
		store.ops.calls_upsert(store.self, part, 1, &error);
		if (error == 0)
			error = store.ops.flush(store.self);
	}
	return error == 0 ? arg : NULL;
}

/* The parent's file is refused; other stores work. */
static int open_others(void *arg)
{
	struct bothy_server_ops ops;
	void *self;
	bool refused = sqlite_open(store.path, &options, &ops, &self) == -ECHILD;

	(void)arg;
	if (sqlite_open(NULL, &options, &store.ops, &store.self) < 0)
		return 1;
	put_call(ANN, 1, "op", 0, 1);
	store_shut();
	(void)snprintf(store.path, sizeof(store.path), "%s/child.db", store.directory);
	if (sqlite_open(store.path, &options, &store.ops, &store.self) < 0)
		return 2;
	put_call(ANN, 1, "op", 0, 1);
	flush();
	store_shut();
	return refused && unlink(store.path) == 0 ? 0 : 3;
}

static void end_writer(pthread_t writer, struct bothy_call_part *part)
{
	atomic_store(&enough, true);
	ck_assert_ptr_eq(support_join(writer), part);
}

START_TEST(a_forked_child_opens_new_stores_and_not_its_parents)
{
	struct bothy_call_start start = start_of(1, "op", 0, 1);
	struct bothy_call_part part = {"ann", "cats", &start, NULL};
	pthread_t writer;

	store_open_file();
	writer = support_thread(keep_busy, &part);
	if (UNDER_ADDRESS_SANITIZER)
		end_writer(writer, &part);
	for (int i = 0; i < FORKS; i++)
		ck_assert_int_eq(support_in_child(open_others, NULL), 0);
	if (!UNDER_ADDRESS_SANITIZER)
		end_writer(writer, &part);
	store_shut();
	ck_assert_str_eq(ask_sql("PRAGMA integrity_check"), "ok");
	store_open();
	store_close();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_path_that_can_not_be_opened_says_why,
		a_path_is_taken_literally,
		a_relative_path_stays_the_same_file_wherever_the_process_goes,
		what_one_may_not_read_is_refused,
		an_empty_file_is_a_new_database,
		what_is_no_sqlite_file_is_refused_and_left_alone,
		another_programs_file_is_refused_and_left_alone,
		a_later_releases_file_is_refused,
		a_file_cut_short_is_corrupt,
		corrupt_pages_are_an_error_of_what_needs_them,
		read_only_reads_and_writes_nothing,
		read_only_sees_what_another_writes,
		a_directory_that_can_not_be_written_is_read_all_the_same,
		commits_that_wait_in_the_wal_are_not_overlooked,
		while_another_writes_writes_are_refused_and_reads_go_on,
		a_file_that_is_locked_is_not_opened,
		several_processes_may_make_and_fill_one_file,
		after_kill_what_was_flushed_is_there_and_nothing_twice,
		a_flush_without_room_stores_none_of_it_and_later_ones_work,
		what_no_transaction_has_room_for_is_told_by_the_flush,
		after_a_flush_without_memory_later_ones_work,
		a_statement_that_sqlite_refuses_fails_alone,
		what_is_flushed_to_a_deleted_file_is_an_error,
		what_was_not_flushed_is_gone_at_the_end,
		readers_see_nothing_before_its_flush,
		a_forked_child_opens_new_stores_and_not_its_parents,
	};

	return run_suite("sqlite", tests, sizeof(tests) / sizeof(tests[0]));
}
