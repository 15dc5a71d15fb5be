#include "stress/saboteurs/intact.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stress/ledger.h"
#include "stress/producer.h"
#include "stress/saboteurs/saboteur.h"
#include "stress/stress.h"
#include "stress/violation.h"
#include "tests/support.h"
#ifdef BOTHY_TESTING
#include "sync/testing.h"
#endif

void intact_stats(struct bothy_pool_stats *ret_stats)
{
	*ret_stats = (struct bothy_pool_stats){.size = sizeof(*ret_stats)};
	violation_call("bothy_pool_stats", bothy_pool_stats(stress.pool, ret_stats));
}

bothy_time intact_limit(void)
{
	return stress_now() + (bothy_time)stress.options.hang_seconds * 1000000000;
}

static void end_unless_settled(const char *call, int error)
{
	if (error == 0)
		return;
	violation(VIOLATION_HANG, "%s: expected the end of a saboteur, seen %d after %u s", call,
	          error, stress.options.hang_seconds);
	fflush(NULL);
	_exit(1);
}

void intact_await(bothy_future *future)
{
	end_unless_settled("bothy_future_wait", bothy_future_wait(future, intact_limit()));
}

void intact_await_group(bothy_group *group)
{
	end_unless_settled("bothy_group_wait", bothy_group_wait(group, intact_limit()));
}

/* ---- at rest ---------------------------------------------------------------------------------- */

static bool is_at_rest(const struct bothy_pool_stats *s)
{
	uint64_t live = ledger_sum(LEDGER_WORKERS_BEGUN) - ledger_sum(LEDGER_WORKERS_ENDED);

	return s->queued + s->running + s->overdue == 0 &&
	       s->waiting + s->lost + s->narrowed == 0 && live == s->threads;
}

void intact_await_rest(const char *after)
{
	bothy_time limit = intact_limit();
	struct bothy_pool_stats s;

	do {
		sched_yield();
		intact_stats(&s);
	} while (!is_at_rest(&s) && stress_now() < limit);
	if (!is_at_rest(&s))
		violation(VIOLATION_HANG,
		          "after %s: expected a pool at rest, seen %" PRIu64 " queued, %" PRIu64
		          " running, %" PRIu64 " overdue, %u threads of %" PRIu64
		          " that have begun and not ended, %u waiting, %u lost, narrowed by %u",
		          after, s.queued, s.running, s.overdue, s.threads,
		          ledger_sum(LEDGER_WORKERS_BEGUN) - ledger_sum(LEDGER_WORKERS_ENDED),
		          s.waiting, s.lost, s.narrowed);
}

void intact_await_ledger(void)
{
	bothy_time limit = intact_limit();

	while (!ledger_is_quiet() && stress_now() < limit)
		sched_yield();
}

static void check_books(const char *after, const struct bothy_pool_stats *s)
{
	uint64_t sum =
		s->done + s->failed + s->canceled + s->expired + s->timed_out + s->thread_exited;

	if (s->submitted != sum || s->submitted != ledger_sum(LEDGER_ACCEPTED))
		violation(VIOLATION_STATS,
		          "after %s: expected %" PRIu64 " jobs accepted and settled, seen %" PRIu64
		          " and %" PRIu64,
		          after, ledger_sum(LEDGER_ACCEPTED), s->submitted, sum);
	if (s->threads < INTACT_WORKERS || s->threads > INTACT_WORKERS + INTACT_SPARES)
		violation(VIOLATION_STATS,
		          "after %s: expected %u threads, and up to %u spare ones, seen %u", after,
		          INTACT_WORKERS, INTACT_SPARES, s->threads);
	intact_await_ledger();
	ledger_balance_quiet();
}

/* ---- how many run at once ----------------------------------------------------------------------- */

#define ABOVE 3u

struct capacity {
	_Atomic unsigned inside;
	_Atomic bool open;
};

static int stand_inside(void *arg, void **ret_result)
{
	struct capacity *capacity = arg;

	(void)ret_result;
	atomic_fetch_add(&capacity->inside, 1);
	while (!atomic_load(&capacity->open))
		sched_yield();
	ledger_count(LEDGER_STARTED);
	return 0;
}

/* They have a deadline, far away: so the pool has its watchdog, which is one thread more, from the first
 * check on. */
static void submit_all(struct capacity *capacity, bothy_future **ret_futures, unsigned n)
{
	bothy_time deadline = intact_limit() * 2;

	for (unsigned i = 0; i < n; i++) {
		char project[16];

		snprintf(project, sizeof(project), "capacity-%u", i);
		stress_need("a probe",
		            bothy_submit(stress.pool,
		                         &BOTHY_JOB(.entity = "probe", .project = project,
		                                    .fn = stand_inside, .arg = capacity,
		                                    .deadline = deadline),
		                         &ret_futures[i]));
		ledger_count(LEDGER_ACCEPTED);
		ledger_count(LEDGER_ARGS_FREED); /* there is no function for it */
	}
}

/* All places are taken by jobs that stay: so what is queued stays so. */
static void check_full(const char *after, struct capacity *capacity)
{
	bothy_time limit = intact_limit();
	struct bothy_pool_stats s;

	do {
		sched_yield();
		intact_stats(&s);
	} while ((s.running < INTACT_WORKERS || atomic_load(&capacity->inside) < s.running) &&
	         stress_now() < limit);
	if (s.running != INTACT_WORKERS || s.queued != ABOVE ||
	    atomic_load(&capacity->inside) != INTACT_WORKERS)
		violation(VIOLATION_STATS,
		          "after %s: expected %u of %u jobs to run at once, seen %" PRIu64
		          " running, %u inside, %" PRIu64 " queued",
		          after, INTACT_WORKERS, INTACT_WORKERS + ABOVE, s.running,
		          atomic_load(&capacity->inside), s.queued);
}

static void check_capacity(const char *after)
{
	struct capacity capacity = {0, false};
	bothy_future *futures[INTACT_WORKERS + ABOVE];

	submit_all(&capacity, futures, INTACT_WORKERS + ABOVE);
	check_full(after, &capacity);
	atomic_store(&capacity.open, true);
	for (unsigned i = 0; i < INTACT_WORKERS + ABOVE; i++) {
		intact_await(futures[i]);
		ledger_count(ledger_outcome(bothy_future_state(futures[i])));
		bothy_future_release(futures[i]);
	}
}

void intact_check(const char *after)
{
	struct bothy_pool_stats s;

	intact_await_rest(after);
	intact_stats(&s);
	check_books(after, &s);
	check_capacity(after);
	intact_run_honest(200);
	intact_await_rest(after);
}

/* ---- what is left ----------------------------------------------------------------------------- */

/* The number after NAME in /proc/self/status. */
static long from_status(const char *name)
{
	FILE *file = fopen("/proc/self/status", "r");
	size_t length = strlen(name);
	char line[128];
	long value = -1;

	if (file == NULL)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, length) == 0)
			(void)sscanf(line + length, "%ld", &value);
	fclose(file);
	return value;
}

static unsigned others(void)
{
	struct bothy_pool_stats s;

	intact_stats(&s);
	return (unsigned)from_status("Threads:") - s.threads;
}

/* Blocks of jobs that the pool keeps for the next ones.  Only test builds say how many they are; for
 * the others, twice as many as it keeps of either kind. */
#ifdef BOTHY_TESTING
#define BLOCKS_KEPT 0
static long kept_blocks(void)
{
	return (long)(atomic_load(&testing_counts.spares_kept) -
	              atomic_load(&testing_counts.spares_taken));
}
#else
#define BLOCKS_KEPT 4096
static long kept_blocks(void)
{
	return 0;
}
#endif

void intact_measure(struct intact_measure *ret_measure)
{
	struct bothy_pool_stats s;

	intact_stats(&s);
	*ret_measure = (struct intact_measure){
		.blocks = support_live_allocations() - kept_blocks(),
		.threads = s.threads,
		.others = others(),
	};
}

/* A thread, with what it keeps for its next job, is so many blocks at most; some contexts' memory
 * is in two. */
#define BLOCKS_FOR_THREAD 8
#define BLOCKS_FOR_MEMORY 16

static bool is_as_before(const struct intact_measure *before, const struct intact_measure *now)
{
	long most = before->blocks + BLOCKS_FOR_MEMORY + BLOCKS_KEPT;

	if (now->threads > before->threads)
		most += BLOCKS_FOR_THREAD * (long)(now->threads - before->threads);
	return now->blocks <= most && now->others == before->others;
}

/* A worker frees the blocks of a whole hand's jobs after they have settled, and a thread that has left
 * its pool takes a moment to end. */
void intact_compare(const char *after, const struct intact_measure *before,
                    struct intact_measure *ret_now)
{
	bothy_time limit = intact_limit();

	do {
		sched_yield();
		intact_measure(ret_now);
	} while (!is_as_before(before, ret_now) && stress_now() < limit);
	if (!is_as_before(before, ret_now))
		violation(VIOLATION_CONSERVATION,
		          "after %s: expected what was there before, %ld blocks on the heap and %u "
		          "threads beside the pool's %u, seen %ld and %u beside %u",
		          after, before->blocks, before->others, before->threads, ret_now->blocks,
		          ret_now->others, ret_now->threads);
}

/* ---- honest jobs ------------------------------------------------------------------------------ */

static struct producer *honest;

static struct producer *start(uint64_t jobs)
{
	static unsigned producers;
	struct producer *producer;

	atomic_store(&stress.enough, false);
	stress_need("a producer", producer_start(producers++ % 250, jobs, &producer));
	return producer;
}

void intact_run_honest(uint64_t n)
{
	producer_join(start(n));
}

void intact_honest_start(void)
{
	honest = start(UINT64_MAX);
}

void intact_honest_end(void)
{
	atomic_store(&stress.enough, true);
	producer_join(honest);
}
