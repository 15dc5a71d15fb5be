/*
 * Locking.  `pool_lock` is held while the pool's figures are read, so that the pool is
 * freed before or after.
 */
#include "stress/observer.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "stress/ledger.h"
#include "stress/stress.h"
#include "stress/task.h"
#include "stress/violation.h"

#define EVERY_MS 200

static pthread_t observer;
static int ends[2]; /* a pipe: a byte there ends the thread */
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static bool pool_gone; /* guarded by pool_lock */

static bool read_stats(struct bothy_pool_stats *stats)
{
	int error = -ECHILD;

	*stats = (struct bothy_pool_stats){.size = sizeof(*stats)};
	pthread_mutex_lock(&pool_lock);
	if (!pool_gone) {
		error = bothy_pool_stats(stress.pool, stats);
		violation_call("bothy_pool_stats", error);
	}
	pthread_mutex_unlock(&pool_lock);
	return error == 0;
}

static uint64_t settled(const struct bothy_pool_stats *s)
{
	return s->done + s->failed + s->canceled + s->expired + s->timed_out + s->thread_exited;
}

static void check_stats(const struct bothy_pool_stats *s)
{
	uint64_t sum = settled(s) + s->queued + s->running;

	if (s->submitted != sum)
		violation(VIOLATION_STATS,
		          "pool stats while it runs: expected submitted %" PRIu64
		          " to be the sum of the rest, seen %" PRIu64,
		          s->submitted, sum);
}

static void show_line(const struct bothy_pool_stats *s, const struct bothy_pool_stats *before)
{
	fprintf(stderr,
	        "\r%9" PRIu64 " jobs, %8" PRIu64 "/s, queue %5" PRIu64 ", done %" PRIu64
	        ", failed %" PRIu64 ", canceled %" PRIu64 ", expired %" PRIu64 ", late %" PRIu64
	        ", exits %" PRIu64 "\033[K",
	        settled(s), (settled(s) - settled(before)) * 1000 / EVERY_MS, s->queued, s->done,
	        s->failed, s->canceled, s->expired, s->timed_out, s->thread_exited);
	fflush(stderr);
}

static _Noreturn void give_up(const struct bothy_pool_stats *s)
{
	violation(VIOLATION_HANG,
	          "expected progress, seen none for %u s; pool: submitted %" PRIu64
	          ", settled %" PRIu64 ", queued %" PRIu64 ", running %" PRIu64 ", overdue %" PRIu64
	          ", threads %u, waiting %u, lost %u, narrowed %u",
	          stress.options.hang_seconds, s->submitted, settled(s), s->queued, s->running,
	          s->overdue, s->threads, s->waiting, s->lost, s->narrowed);
	tasks_report_left();
	fflush(NULL);
	_exit(1);
}

static void *observer_main(void *unused)
{
	struct pollfd watched = {.fd = ends[0], .events = POLLIN};
	struct bothy_pool_stats stats = {.size = sizeof(stats)}, before = stats;
	bool shown = isatty(STDERR_FILENO) && !stress.options.json;
	bothy_time start = stress_now(), moved = start, now;
	uint64_t progress = 0;

	(void)unused;
	while (poll(&watched, 1, EVERY_MS) == 0) {
		before = stats;
		if (read_stats(&stats))
			check_stats(&stats);
		now = stress_now();
		if (ledger_progress() != progress)
			moved = now;
		progress = ledger_progress();
		if (now - moved > (bothy_time)stress.options.hang_seconds * 1000000000)
			give_up(&stats);
		if (stress.options.seconds > 0 &&
		    now - start > (bothy_time)stress.options.seconds * 1000000000)
			atomic_store(&stress.enough, true);
		if (shown)
			show_line(&stats, &before);
	}
	if (shown)
		fputs("\r\033[K", stderr);
	return NULL;
}

int observer_start(void)
{
	int error;

	if (pipe(ends) != 0)
		return -errno;
	error = -pthread_create(&observer, NULL, observer_main, NULL);
	if (error < 0) {
		close(ends[0]);
		close(ends[1]);
	}
	return error;
}

void observer_leave_pool(void)
{
	pthread_mutex_lock(&pool_lock);
	pool_gone = true;
	pthread_mutex_unlock(&pool_lock);
}

void observer_stop(void)
{
	close(ends[1]); /* which ends the poll() */
	pthread_join(observer, NULL);
	close(ends[0]);
}
