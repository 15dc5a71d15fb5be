/*
 * What is checked, at any moment and however busy the machine is: of two flows that have begun
 * together, F has been charged, divided by its weight, no more than G, which still has jobs
 * queued, but for what runs at once:
 *
 *     F / weight(F) - G / weight(G) <= places * (longest(F) / weight(F) + longest / weight(G))
 *
 * For F's last start was F's turn: then its tag, with what its running jobs were guessed to
 * take, was no later than G's.  Since then F was charged one job of its own for each place at
 * most, and G's guesses, of which none was longer than the longest job of all, may have been
 * too long.  No time is measured here, it is all in what the pool says it charged; so there is
 * no tolerance, but that a place may take a few short jobs at once (BATCH_MOST).
 *
 * The longest job is not known from within: one that loses its core after it has returned is
 * charged for that too.  But its charge is part of what the project's figure has grown by when
 * it is next read.  That may be several jobs' charges, so the bound is wider than it need be,
 * and never too narrow.
 *
 * F is read before G: what G is charged between the two only makes the difference less.
 *
 * Locking.  `book` is held while figures are read and compared, and guards all that is kept
 * of them; the pool's own lock is taken under it.
 */
#include "stress/flood.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "stress/random.h"
#include "stress/stress.h"
#include "stress/violation.h"

/* Jobs are so long, and longer, that a batch of them is no more than BATCH_MOST. */
#define SHORTEST_US 50u
#define BATCH_MOST 2

#define COMPARE_EVERY 16u /* jobs */

enum { FLOOD, LONG, LIGHT, FLOWS = 8, GATE = FLOWS, ALL };

struct flow {
	bothy_project *project;
	unsigned weight;
	unsigned longest_us, shortest_us; /* of its jobs */
	uint64_t jobs;
	/* guarded by book */
	int64_t charged; /* when it was read last */
	int64_t longest; /* no job of it was charged more */
	uint64_t queued;
};

struct drop {
	struct flow *flow;
	unsigned us;
};

static bothy_pool *pool;
static bothy_group *group;
static struct flow flows[ALL];
static struct drop *drops;
static sem_t reached, opened;
static _Atomic uint64_t begun;

static pthread_mutex_t book = PTHREAD_MUTEX_INITIALIZER;
static uint64_t compared; /* guarded by book */

/* ---- what was charged ------------------------------------------------------------------- */

static void read_locked(struct flow *flow)
{
	struct bothy_project_stats stats = {.size = sizeof(stats)};
	int64_t charged;

	if (violation_call("bothy_project_stats", bothy_project_stats(flow->project, &stats)))
		return;
	charged = (int64_t)stats.charged_ns;
	if (charged - flow->charged > flow->longest)
		flow->longest = charged - flow->charged;
	flow->charged = charged;
	flow->queued = stats.queued;
}

static void read_all_locked(void)
{
	for (int i = 0; i < ALL; i++)
		read_locked(&flows[i]);
}

static int64_t longest_locked(void)
{
	int64_t longest = 0;

	for (int i = 0; i < ALL; i++)
		longest = flows[i].longest > longest ? flows[i].longest : longest;
	return longest;
}

/* F when it was charged CHARGED, with G as it is now; in ns times both weights. */
static void compare_locked(const struct flow *f, int64_t charged, const struct flow *g)
{
	int64_t at_once = (int64_t)stress.options.workers * BATCH_MOST;
	int64_t ahead = charged * g->weight - g->charged * f->weight;
	int64_t most = at_once * (f->longest * g->weight + longest_locked() * f->weight) +
	               2 * (int64_t)f->weight * g->weight; /* tags are whole numbers */

	compared++;
	if (ahead > most)
		violation(VIOLATION_SHARE,
		          "flow %td, of weight %u, ahead of flow %td, of weight %u: expected at "
		          "most %" PRId64 " ns of its own time, seen %" PRId64,
		          f - flows, f->weight, g - flows, g->weight, most / g->weight,
		          ahead / g->weight);
}

static void compare_all_locked(void)
{
	uint64_t taken = (uint64_t)stress.options.workers * BATCH_MOST;
	int64_t charged[FLOWS];

	read_all_locked();
	for (int i = 0; i < FLOWS; i++)
		charged[i] = flows[i].charged;
	read_all_locked();
	for (int f = 0; f < FLOWS; f++)
		for (int g = 0; g < FLOWS; g++)
			if (f != g && flows[g].queued > taken)
				compare_locked(&flows[f], charged[f], &flows[g]);
}

/* ---- jobs ------------------------------------------------------------------------------- */

static int64_t thread_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int run_drop(void *arg, void **ret_result)
{
	const struct drop *drop = arg;
	int64_t end = thread_now() + (int64_t)drop->us * 1000;
	bool compares = atomic_fetch_add(&begun, 1) % COMPARE_EVERY == 0;

	(void)ret_result;
	pthread_mutex_lock(&book);
	if (compares)
		compare_all_locked();
	else
		read_locked(drop->flow);
	pthread_mutex_unlock(&book);
	while (thread_now() < end)
		;
	return 0;
}

static void await(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0)
		;
}

/* Keeps its worker until all flows have their jobs. */
static int run_gate(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	sem_post(&reached);
	await(&opened);
	return 0;
}

static bool submit(struct flow *flow, bothy_fn *fn, void *arg)
{
	struct bothy_job job =
		BOTHY_JOB(.handle = flow->project, .fn = fn, .arg = arg, .group = group);

	return !violation_call("bothy_submit", bothy_submit(pool, &job, NULL));
}

static void close_gate(void)
{
	for (unsigned i = 0; i < stress.options.workers; i++) {
		if (submit(&flows[GATE], run_gate, NULL))
			await(&reached);
	}
}

static void open_gate(void)
{
	for (unsigned i = 0; i < stress.options.workers; i++)
		sem_post(&opened);
}

static void submit_all(struct rng *rng)
{
	struct drop *drop = drops;

	for (int i = 0; i < FLOWS; i++) {
		struct flow *flow = &flows[i];
		unsigned span = flow->longest_us - flow->shortest_us;

		for (uint64_t n = 0; n < flow->jobs; n++, drop++) {
			*drop = (struct drop){flow, flow->shortest_us + rng_below(rng, span)};
			(void)submit(flow, run_drop, drop);
		}
	}
}

/* ---- begin and end ---------------------------------------------------------------------- */

/* The flood and the long one are such that turns instead of time would show. */
static void draw_flows(struct rng *rng)
{
	uint64_t jobs = stress.options.flood;

	flows[FLOOD] = (struct flow){.weight = 1 + rng_below(rng, 4),
	                             .shortest_us = SHORTEST_US,
	                             .longest_us = 4 * SHORTEST_US,
	                             .jobs = jobs};
	flows[LONG] = (struct flow){.weight = 1 + rng_below(rng, 2),
	                            .shortest_us = 1000,
	                            .longest_us = 2000,
	                            .jobs = jobs / 10};
	for (int i = LIGHT; i < FLOWS; i++)
		flows[i] = (struct flow){.weight = 1 + rng_below(rng, 8),
		                         .shortest_us = SHORTEST_US,
		                         .longest_us = SHORTEST_US + 1 + rng_below(rng, 1000),
		                         .jobs = 1 + rng_below(rng, (unsigned)jobs / 10)};
	flows[GATE] = (struct flow){.weight = 1};
}

/* By CPU time all of them, or some by wall time. */
static bool open_flow(int i, bool mixed, struct rng *rng)
{
	bool wall = mixed && i != GATE && rng_one_in(rng, 2);
	const struct bothy_project_options options = {
		.size = sizeof(options),
		.weight = flows[i].weight,
		.charge = wall ? BOTHY_CHARGE_WALL : BOTHY_CHARGE_CPU,
	};
	char name[16];

	snprintf(name, sizeof(name), "flow-%d", i);
	return !violation_call(
		"bothy_project_open",
		bothy_project_open(pool, "flood", name, &options, &flows[i].project));
}

static bool begin(struct rng *rng)
{
	const struct bothy_pool_options options = {.size = sizeof(options),
	                                           .workers = stress.options.workers,
	                                           .queue_max = 1u << 22,
	                                           .name = "flood"};
	bool mixed = rng_one_in(rng, 2);
	uint64_t jobs = 0;

	sem_init(&reached, 0, 0);
	sem_init(&opened, 0, 0);
	draw_flows(rng);
	for (int i = 0; i < FLOWS; i++)
		jobs += flows[i].jobs;
	drops = calloc((size_t)jobs, sizeof(*drops));
	if (violation_call("memory for the flood", drops == NULL ? -ENOMEM : 0) ||
	    violation_call("bothy_pool_new", bothy_pool_new(NULL, &options, &pool)) ||
	    violation_call("bothy_group_new", bothy_group_new(&group)))
		return false;
	for (int i = 0; i < ALL; i++) {
		if (!open_flow(i, mixed, rng))
			return false;
	}
	return true;
}

static void await_all(void)
{
	uint64_t seen = 0;
	int error;

	while ((error = bothy_group_wait(group,
	                                 bothy_after_ms(1000ll * stress.options.hang_seconds))) ==
	       -ETIMEDOUT) {
		if (atomic_load(&begun) == seen) {
			violation(VIOLATION_HANG,
			          "the flood: expected progress, seen none for %u s",
			          stress.options.hang_seconds);
			fflush(NULL);
			_exit(1);
		}
		seen = atomic_load(&begun);
	}
	violation_call("bothy_group_wait", error);
}

/* The pool is closed: what it was charged is what its projects were, and something was
 * compared. */
static void check_sums(void)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};
	int64_t charged = 0;

	violation_call("bothy_pool_stats", bothy_pool_stats(pool, &stats));
	pthread_mutex_lock(&book);
	read_all_locked();
	for (int i = 0; i < ALL; i++)
		charged += flows[i].charged;
	if ((uint64_t)charged != stats.charged_ns)
		violation(VIOLATION_STATS,
		          "what the flood's flows were charged: expected the pool's %" PRIu64
		          " ns, seen %" PRId64,
		          stats.charged_ns, charged);
	if (compared == 0)
		violation(VIOLATION_SHARE, "flows compared: expected some, seen none");
	pthread_mutex_unlock(&book);
}

static void end(void)
{
	bothy_group_release(group);
	for (int i = 0; i < ALL; i++)
		bothy_project_release(flows[i].project);
	bothy_pool_free(pool);
	free(drops);
}

void flood_run(void)
{
	struct rng rng = {rng_seed(stress.options.seed, 300)};

	if (begin(&rng)) {
		close_gate();
		submit_all(&rng);
		open_gate();
		await_all();
		violation_call("bothy_pool_close", bothy_pool_close(pool, BOTHY_FOREVER));
		check_sums();
	}
	end();
}

uint64_t flood_compared(void)
{
	return compared;
}
