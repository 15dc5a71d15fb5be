/*
 * idle: what the threads of a pool use while it has nothing to do: CPU time, and how often
 * they woke.  The pool has worked before, on jobs with deadlines too, so all the threads
 * that it ever has are there.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"

#define IDLE_WORKERS 4u

/* Of all threads but the one that asks. */
struct usage {
	uint64_t cpu_ns;
	uint64_t switches;
	unsigned threads;
};

/* The first number in "/proc/self/task/TID/FILE", or after PREFIX in its lines. */
static uint64_t number_in(const char *tid, const char *file, const char *prefix)
{
	char path[64], line[256];
	uint64_t number = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/self/task/%s/%s", tid, file);
	stream = fopen(path, "re");
	if (stream == NULL)
		return 0;
	while (fgets(line, sizeof(line), stream) != NULL) {
		if (strncmp(line, prefix, strlen(prefix)) == 0) {
			number = strtoull(line + strlen(prefix), NULL, 10);
			break;
		}
	}
	fclose(stream);
	return number;
}

static int read_usage(struct usage *ret_usage)
{
	DIR *tasks = opendir("/proc/self/task");
	struct usage usage = {0, 0, 0};
	struct dirent *entry;

	if (tasks == NULL)
		return -errno;
	while ((entry = readdir(tasks)) != NULL) {
		const char *tid = entry->d_name;

		if (!isdigit((unsigned char)tid[0]) || atol(tid) == (long)getpid())
			continue;
		usage.cpu_ns += number_in(tid, "schedstat", "");
		usage.switches += number_in(tid, "status", "voluntary_ctxt_switches:");
		usage.switches += number_in(tid, "status", "nonvoluntary_ctxt_switches:");
		usage.threads++;
	}
	closedir(tasks);
	*ret_usage = usage;
	return 0;
}

static int nothing(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return 0;
}

static int work(struct bench_pool *pool)
{
	struct bothy_job job =
		BOTHY_JOB(.handle = pool->project, .fn = nothing, .group = pool->group);
	int error = bench_drain(pool, 10000);

	for (unsigned i = 0; i < 1000 && error == 0; i++) {
		job.deadline = bothy_after_ms(i % 100 + 1);
		error = bothy_submit(pool->pool, &job, NULL);
	}
	return error < 0 ? error : bothy_group_wait(pool->group, BOTHY_FOREVER);
}

static int measure(struct bench_pool *pool, unsigned seconds)
{
	struct usage before, after;
	int error = work(pool);

	(void)poll(NULL, 0, 500);
	if (error == 0)
		error = read_usage(&before);
	(void)poll(NULL, 0, (int)seconds * 1000);
	if (error == 0)
		error = read_usage(&after);
	if (error < 0)
		return error;
	printf("{\"workload\":\"idle\",\"case\":\"\",\"peer\":\"bothy\",\"value\":%.6g,"
	       "\"unit\":\"us of CPU/s\",\"cpu\":%" PRIu64 ",\"sleeps_per_1000\":0,"
	       "\"switches\":%" PRIu64 ",\"threads\":%u,\"seconds\":%u}\n",
	       (double)(after.cpu_ns - before.cpu_ns) / 1000 / seconds,
	       after.cpu_ns - before.cpu_ns, after.switches - before.switches, after.threads,
	       seconds);
	return 0;
}

int idle_run(const struct bench_options *options)
{
	struct bench_pool pool;
	int error = bench_pool_start(IDLE_WORKERS, &pool);

	if (error < 0)
		return error;
	error = measure(&pool, options->seconds);
	bench_pool_stop(&pool);
	return error;
}
