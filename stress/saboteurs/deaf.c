/*
 * Jobs that never look at their stop request.
 *
 * They go by rounds.  Each ends when it passes the round's gate, which opens once the pool has
 * been seen to go on without them: each settled at its deadline though it runs, their workers
 * replaced up to lost_max and the pool narrowed beyond that, their projects held up, and all
 * others served.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "stress/saboteurs/families.h"
#include "stress/saboteurs/intact.h"
#include "stress/stress.h"
#include "stress/violation.h"

/* ---- the gate --------------------------------------------------------------------------------- */

static int gate;

static void gate_begin(void)
{
	gate = eventfd(0, EFD_NONBLOCK);
	stress_need("a gate", gate < 0 ? -errno : 0);
}

static void gate_open(void)
{
	if (eventfd_write(gate, 1) != 0)
		violation_call("eventfd_write", -errno);
}

/* Nobody is at it any more. */
static void gate_close(void)
{
	eventfd_t count;

	(void)eventfd_read(gate, &count);
}

static void pass_gate(void)
{
	struct pollfd watched = {.fd = gate, .events = POLLIN};

	while (poll(&watched, 1, -1) < 0) /* a signal, where a job has let them in */
		;
}

/* ---- past their deadlines ---------------------------------------------------------------------- */

/* In whichever way it ends, it has timed out. */
static int stay_deaf(struct saboteur *saboteur, void **ret_result)
{
	pass_gate();
	saboteur_expect(saboteur, "the stop request that it has not looked at", -ETIMEDOUT,
	                bothy_stop_requested());
	*ret_result = sabotage_result();
	sabotage_set_ref(saboteur);
	sabotage_defer(saboteur, sabotage_set_ref);
	switch (saboteur->seed % 4) {
	case 0:
		return 0;
	case 1:
		return bothy_fail(3, "too late");
	case 2:
		return -ETIMEDOUT;
	default:
		pthread_exit(NULL);
	}
}

#define MOST (INTACT_WORKERS + INTACT_LOST_MAX)

struct round {
	struct gang *gang;
	unsigned n, deaf; /* those that have started */
	struct saboteur *saboteurs[MOST];
	struct saboteur *queued; /* in a project that must wait; or NULL */
};

/* Until a deadline.  Longer, when some of them did not start in time. */
static int64_t delay_ns;

/* Saboteurs FIRST..END-1: no more than there are places. */
static void submit_wave(struct round *round, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		struct saboteur *saboteur = saboteur_next(round->gang);
		struct bothy_job job = saboteur_job(saboteur);

		saboteur->project = i; /* for only one of each may be lost */
		job.deadline = stress_now() + delay_ns;
		round->saboteurs[i] = saboteur;
		saboteur_submit(saboteur, &job);
	}
}

static void await_deadlines(struct round *round, unsigned first, unsigned end)
{
	unsigned late = 0;

	for (unsigned i = first; i < end; i++) {
		struct saboteur *saboteur = round->saboteurs[i];
		bothy_future *future = saboteur_future(saboteur);

		intact_await(future);
		if (bothy_future_state(future) != BOTHY_TIMED_OUT)
			continue;
		saboteur_expect(saboteur, "still running", 1, bothy_future_running(future));
		late++;
	}
	round->deaf += late;
	if (late < end - first && delay_ns < 1000000000)
		delay_ns += delay_ns / 8;
	else if (delay_ns > 1000000)
		delay_ns -= delay_ns / 16;
}

static unsigned narrowed_by(unsigned lost)
{
	return lost > INTACT_LOST_MAX ? lost - INTACT_LOST_MAX : 0;
}

/* The pool says how many are stuck. */
static void await_lost(const struct round *round)
{
	struct bothy_pool_stats s;
	bothy_time limit = intact_limit();

	do {
		sched_yield();
		intact_stats(&s);
	} while ((s.lost != round->deaf || s.narrowed != narrowed_by(round->deaf)) &&
	         stress_now() < limit);
	if (s.lost != round->deaf || s.narrowed != narrowed_by(round->deaf) ||
	    s.overdue != round->deaf)
		violation(VIOLATION_STATS,
		          "%s: expected %u lost and overdue, narrowed by %u, seen %u lost, %" PRIu64
		          " overdue, narrowed by %u",
		          round->gang->sabotage->name, round->deaf, narrowed_by(round->deaf),
		          s.lost, s.overdue, s.narrowed);
}

static struct saboteur *submit_helper(struct gang *gang, unsigned project)
{
	struct saboteur *helper = saboteur_new(gang, NULL, saboteur_behaves, IS(DONE));
	struct bothy_job job = saboteur_job(helper);

	helper->project = project;
	job.flags = 0;
	saboteur_submit(helper, &job);
	return helper;
}

/* Others go on, if there is a place left; the stuck one's project waits. */
static void check_others(struct round *round)
{
	struct saboteur *stuck = NULL, *other;

	for (unsigned i = 0; i < round->n; i++)
		if (bothy_future_running(saboteur_future(round->saboteurs[i])))
			stuck = round->saboteurs[i];
	if (stuck == NULL)
		return;
	round->queued = submit_helper(round->gang, stuck->project);
	if (narrowed_by(round->deaf) >= INTACT_WORKERS)
		return;
	other = submit_helper(round->gang, GANG_PROJECTS - 1);
	intact_await(saboteur_future(other));
	saboteur_expect(round->queued, "the state of a job whose project is stuck", BOTHY_QUEUED,
	                bothy_future_state(saboteur_future(round->queued)));
}

/* They end, and nothing of them is left. */
static void end_round(struct round *round)
{
	struct bothy_pool_stats s;
	bothy_time limit = intact_limit();

	gate_open();
	do {
		sched_yield();
		intact_stats(&s);
	} while (s.lost + s.narrowed + s.overdue > 0 && stress_now() < limit);
	if (s.lost + s.narrowed + s.overdue > 0)
		violation(VIOLATION_STATS,
		          "%s: expected none lost or overdue in the end, seen %u and %" PRIu64
		          ", narrowed by %u",
		          round->gang->sabotage->name, s.lost, s.overdue, s.narrowed);
	if (round->queued != NULL)
		intact_await(saboteur_future(round->queued));
	gate_close();
}

/* One wave takes all places, the next those of the threads that replaced the first. */
static void run_round(struct round *round)
{
	for (unsigned first = 0; first < round->n; first += INTACT_WORKERS) {
		unsigned rest = round->n - first;
		unsigned end = first + (rest < INTACT_WORKERS ? rest : INTACT_WORKERS);

		submit_wave(round, first, end);
		await_deadlines(round, first, end);
		await_lost(round);
	}
	check_others(round);
	end_round(round);
}

/* Mostly two more than can be replaced; now and then all places there are.  Until so many have
 * started, and run past their deadlines. */
static void run_rounds(struct gang *gang)
{
	uint64_t left = gang->jobs;

	gate_begin();
	delay_ns = 1000000;
	for (unsigned i = 0; left > 0; i++) {
		struct round round = {.gang = gang, .n = i % 8 == 7 ? MOST : INTACT_LOST_MAX + 2};

		if (round.n > left)
			round.n = (unsigned)left;
		run_round(&round);
		left -= round.deaf;
	}
	close(gate);
}

/* Hooks ran, though late. */
static void check_gang(const struct gang *gang)
{
	for (uint64_t i = 0; i < atomic_load(&gang->claimed); i++)
		saboteur_expect(&gang->slots[i], "hooks called", gang->slots[i].planned,
		                gang->slots[i].seen);
}

/* ---- canceled ---------------------------------------------------------------------------------- */

static const int answers[] = {0, -ECANCELED, 4};

static int ignore_cancel(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	pass_gate();
	saboteur_expect(saboteur, "the stop request that it has not looked at", -ECANCELED,
	                bothy_stop_requested());
	return answers[saboteur->seed % 3];
}

/* What it returned counts. */
static void check_answer(const struct saboteur *saboteur)
{
	static const enum bothy_state states[] = {BOTHY_DONE, BOTHY_CANCELED, BOTHY_FAILED};

	saboteur_expect(saboteur, "state", (int)states[saboteur->seed % 3], (int)saboteur->state);
}

static void cancel(struct saboteur *saboteur)
{
	bothy_future *future = saboteur_future(saboteur);

	while (atomic_load(&saboteur->runs) == 0)
		sched_yield();
	violation_call("bothy_future_cancel", bothy_future_cancel(future));
	saboteur_expect(saboteur, "state while it runs on", BOTHY_RUNNING,
	                (int)bothy_future_state(future));
}

static void run_canceled(struct gang *gang)
{
	enum { AT_ONCE = INTACT_WORKERS - 1 };

	gate_begin();
	for (uint64_t done = 0; done < gang->jobs; done += AT_ONCE) {
		struct saboteur *saboteurs[AT_ONCE];
		unsigned n = gang->jobs - done < AT_ONCE ? (unsigned)(gang->jobs - done) : AT_ONCE;

		for (unsigned i = 0; i < n; i++)
			saboteur_submit(saboteurs[i] = saboteur_next(gang), NULL);
		for (unsigned i = 0; i < n; i++)
			cancel(saboteurs[i]);
		gate_open();
		for (unsigned i = 0; i < n; i++) {
			intact_await(saboteur_future(saboteurs[i]));
			saboteur_collect(saboteurs[i]);
		}
		gate_close();
	}
	close(gate);
}

const struct sabotage sabotage_deaf[] = {
	{"deaf", "runs on past its deadline and grace", stay_deaf, IS(TIMED_OUT) | IS(EXPIRED),
         .helpers = 7, .run = run_rounds, .check_gang = check_gang},
	{"deaf-own-thread", "... on a thread of its own", stay_deaf, IS(TIMED_OUT) | IS(EXPIRED),
         .flags = BOTHY_OWN_THREAD, .helpers = 7, .run = run_rounds, .check_gang = check_gang},
	{"deaf-canceled", "runs on though it is canceled", ignore_cancel,
         IS(DONE) | IS(CANCELED) | IS(FAILED), .code = 4, .run = run_canceled,
         .check = check_answer},
	{.name = NULL},
};
