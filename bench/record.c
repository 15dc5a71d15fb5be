/*
 * record: calls a second into SQLite, each of a job of its own, with 200 bytes of inputs, until
 * the flush says that they are durable; beside the same rows written by one thread straight
 * through libsqlite3, 50 to a transaction, with the same schema and settings.  The two take turns,
 * and the ratio is of each pair.
 *
 * record_cost: what recording a call each costs jobs of 100 us of CPU time, the writer's share
 * included, on as many workers as cores: throughput with over throughput without.
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "bench/bench.h"

#define CALLS 200000u
#define COST_JOBS 40000u
#define MOST_ROUNDS 100u

static char inputs[200 + 1]; /* a JSON object of 200 bytes */

static void make_inputs(void)
{
	int length = snprintf(inputs, sizeof(inputs),
	                      "{\"model\": \"hunspell\", \"threshold\": 0.25, \"word\": \"");

	memset(inputs + length, 'x', sizeof(inputs) - 1 - (size_t)length);
	memcpy(inputs + sizeof(inputs) - 3, "\"}", 3);
}

static double cpu_seconds(void)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- a folder for the files --------------------------------------------------------------------- */

static char folder[] = "bench-record-XXXXXX";

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
	(void)info, (void)kind, (void)where;
	return remove(path);
}

static void remove_folder(void)
{
	(void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int make_folder(void)
{
	return mkdtemp(folder) != NULL ? 0 : -errno;
}

/* ---- Bothy -------------------------------------------------------------------------------------------- */

static int record_call(void *arg, void **ret_result)
{
	bothy_call *call;
	int error = bothy_call_begin("bench", inputs, &call);

	(void)arg, (void)ret_result;
	return error < 0 ? error : bothy_call_end(call, "true", NULL);
}

static int submit_all(bothy_pool *pool, bothy_fn *fn, size_t n, bothy_group *group)
{
	struct bothy_job job =
		BOTHY_JOB(.entity = "team", .project = "bench", .fn = fn, .group = group);
	int error = 0;

	for (size_t i = 0; i < n && error == 0; i++)
		error = bothy_submit(pool, &job, NULL);
	return error;
}

/* Run N jobs on a pool on SERVER, which may be NULL; until what they recorded is stored. */
static int run_jobs(bothy_server *server, unsigned workers, bothy_fn *fn, size_t n)
{
	const struct bothy_pool_options options = {.size = sizeof(options),
	                                           .workers = workers,
	                                           .queue_max = 4096,
	                                           .when_full = BOTHY_BLOCK};
	bothy_pool *pool;
	bothy_group *group;
	bothy_client *client = NULL;
	int error = bothy_pool_new(server, &options, &pool);

	if (error < 0)
		return error;
	error = bothy_group_new(&group);
	if (error == 0) {
		error = submit_all(pool, fn, n, group);
		if (error == 0)
			error = bothy_group_wait(group, BOTHY_FOREVER);
		bothy_group_release(group);
	}
	bothy_pool_free(pool);
	if (error == 0 && server != NULL) {
		error = bothy_client_new(server, "team", "bench", &client);
		if (error == 0)
			error = bothy_client_flush(client, BOTHY_FOREVER);
		bothy_client_release(client);
	}
	return error;
}

static int open_file(const char *name, bothy_server **ret_server, char *path, size_t bytes)
{
	int length = snprintf(path, bytes, "sqlite:%s/%s", folder, name);

	return length < (int)bytes ? bothy_server_open(path, NULL, ret_server) : -ENAMETOOLONG;
}

static int record_by_bothy(const char *name, unsigned workers, size_t n, double *ret_rate,
                           double *ret_cpu_us)
{
	char path[256];
	bothy_server *server;
	int error = open_file(name, &server, path, sizeof(path));
	double cpu = cpu_seconds();
	int64_t start = bench_now();

	if (error < 0)
		return error;
	error = run_jobs(server, workers, record_call, n);
	*ret_rate = (double)n / ((double)(bench_now() - start) / 1e9);
	*ret_cpu_us = (cpu_seconds() - cpu) / (double)n * 1e6;
	bothy_server_release(server);
	return error;
}

/* ---- libsqlite3 alone ------------------------------------------------------------------------------------ */

/* A UUID, version 7, that is greater than the one before. */
static void make_id(unsigned char id[16], uint64_t n)
{
	uint64_t ms = (uint64_t)time(NULL) * 1000;

	for (int i = 0; i < 6; i++)
		id[i] = (unsigned char)(ms >> (40 - 8 * i));
	id[6] = 0x70;
	id[7] = 0;
	for (int i = 0; i < 8; i++)
		id[8 + i] = (unsigned char)(n >> (56 - 8 * i));
	id[8] |= 0x80;
}

static int insert(sqlite3_stmt *statement, uint64_t n)
{
	unsigned char id[16], trace[16];
	int64_t now = bench_now();

	make_id(id, 2 * n);
	make_id(trace, 2 * n + 1);
	sqlite3_bind_int64(statement, 1, 1);
	sqlite3_bind_blob(statement, 2, id, sizeof(id), SQLITE_STATIC);
	sqlite3_bind_blob(statement, 3, trace, sizeof(trace), SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, "bench", -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 5, now);
	sqlite3_bind_text(statement, 6, "{}", -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 7, inputs, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 8, now);
	sqlite3_bind_text(statement, 9, "true", -1, SQLITE_STATIC);
	(void)sqlite3_step(statement);
	return sqlite3_reset(statement);
}

static int insert_all(sqlite3 *db, sqlite3_stmt *statement, size_t n)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < n && rc == SQLITE_OK; i++) {
		if (i % 50 == 0)
			rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
		if (rc == SQLITE_OK)
			rc = insert(statement, i);
		if (rc == SQLITE_OK && (i % 50 == 49 || i == n - 1))
			rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	return rc == SQLITE_OK ? 0 : -EIO;
}

static int plain_write(const char *path, size_t n, double *ret_rate)
{
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;
	int64_t start;
	int error = -EIO;

	if (sqlite3_open(path, &db) == SQLITE_OK &&
	    sqlite3_exec(db,
	                 "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	                 "PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000;"
	                 "INSERT INTO project (id, entity, project) VALUES (1, 'team', 'bench')",
	                 NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db,
	                       "INSERT INTO call (project, id, trace, op, started, attributes,"
	                       " inputs, ended, output) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	                       -1, &statement, NULL) == SQLITE_OK) {
		start = bench_now();
		error = insert_all(db, statement, n);
		*ret_rate = (double)n / ((double)(bench_now() - start) / 1e9);
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return error;
}

/* Bothy makes the schema, and steps aside. */
static int record_by_sqlite(const char *name, size_t n, double *ret_rate)
{
	char path[256];
	bothy_server *server;
	int error = open_file(name, &server, path, sizeof(path));

	if (error < 0)
		return error;
	bothy_server_release(server);
	return plain_write(path + strlen("sqlite:"), n, ret_rate);
}

/* ---- the two in turn ---------------------------------------------------------------------------------------- */

struct pairs {
	double bothy[MOST_ROUNDS], sqlite[MOST_ROUNDS], ratio[MOST_ROUNDS], cpu_us[MOST_ROUNDS];
	unsigned n;
};

static int record_pair(struct pairs *pairs, unsigned workers, size_t calls)
{
	unsigned i = pairs->n;
	char name[32];
	int error;

	snprintf(name, sizeof(name), "sqlite-%u", i);
	error = record_by_sqlite(name, calls, &pairs->sqlite[i]);
	snprintf(name, sizeof(name), "bothy-%u", i);
	if (error == 0)
		error = record_by_bothy(name, workers, calls, &pairs->bothy[i], &pairs->cpu_us[i]);
	pairs->ratio[i] = pairs->bothy[i] / pairs->sqlite[i];
	pairs->n++;
	return error;
}

static void print_figures(const char *workload, const char *name, const char *unit, double *values,
                          unsigned n)
{
	qsort(values, n, sizeof(values[0]), bench_compare);
	printf("{\"workload\":\"%s\",\"case\":\"\",\"peer\":\"%s\",\"value\":%.3g,"
	       "\"unit\":\"%s\",\"min\":%.3g,\"max\":%.3g,\"rounds\":%u}\n",
	       workload, name, values[n / 2], unit, values[0], values[n - 1], n);
}

int record_run(const struct bench_options *options)
{
	static struct pairs pairs;
	size_t calls = options->jobs > 0 ? options->jobs : CALLS;
	unsigned rounds = options->rounds < MOST_ROUNDS ? options->rounds : MOST_ROUNDS;
	int error = make_folder();

	make_inputs();
	for (unsigned i = 0; i < rounds && error == 0; i++)
		error = record_pair(&pairs, options->workers, calls);
	remove_folder();
	if (error < 0)
		return error;
	print_figures("record", "bothy", "calls/s", pairs.bothy, rounds);
	print_figures("record", "sqlite", "calls/s", pairs.sqlite, rounds);
	print_figures("record", "bothy/sqlite", "ratio", pairs.ratio, rounds);
	print_figures("record", "bothy", "us of CPU a call", pairs.cpu_us, rounds);
	return 0;
}

/* ---- what it costs jobs ---------------------------------------------------------------------------------------- */

static void work(void)
{
	int64_t end = bench_thread_now() + 100000;

	while (bench_thread_now() < end)
		;
}

static int work_only(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	work();
	return 0;
}

static int work_and_record(void *arg, void **ret_result)
{
	work();
	return record_call(arg, ret_result);
}

struct cost {
	double rate, cpu;
};

static int measure(bothy_server *server, unsigned workers, bothy_fn *fn, size_t n,
                   struct cost *ret_cost)
{
	double cpu = cpu_seconds();
	int64_t start = bench_now();
	int error = run_jobs(server, workers, fn, n);

	ret_cost->rate = (double)n / ((double)(bench_now() - start) / 1e9);
	ret_cost->cpu = cpu_seconds() - cpu;
	return error;
}

static int cost_pair(unsigned i, unsigned workers, size_t n, double *ret_ratio, double *ret_cpu_us)
{
	struct cost without, with;
	char name[32], path[256];
	bothy_server *server;
	int error = measure(NULL, workers, work_only, n, &without);

	if (error < 0)
		return error;
	snprintf(name, sizeof(name), "cost-%u", i);
	error = open_file(name, &server, path, sizeof(path));
	if (error < 0)
		return error;
	error = measure(server, workers, work_and_record, n, &with);
	bothy_server_release(server);
	*ret_ratio = with.rate / without.rate;
	*ret_cpu_us = (with.cpu - without.cpu) / (double)n * 1e6;
	return error;
}

int record_cost_run(const struct bench_options *options)
{
	static double ratio[MOST_ROUNDS], cpu_us[MOST_ROUNDS];
	size_t jobs = options->jobs > 0 ? options->jobs : COST_JOBS;
	unsigned rounds = options->rounds < MOST_ROUNDS ? options->rounds : MOST_ROUNDS;
	int error = make_folder();

	make_inputs();
	for (unsigned i = 0; i < rounds && error == 0; i++)
		error = cost_pair(i, options->workers, jobs, &ratio[i], &cpu_us[i]);
	remove_folder();
	if (error < 0)
		return error;
	print_figures("record_cost", "bothy", "throughput with / without", ratio, rounds);
	print_figures("record_cost", "bothy", "us of CPU a call", cpu_us, rounds);
	return 0;
}
