/*
 * Projects: shares of time, limits, cancel.
 */
#include <errno.h>
#include <stdint.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

enum { SHORT_MS = 1, LONG_MS = 4 };

static int64_t long_took, short_took, apart_max;

/* Keep the place for *ARG ms; one worker runs all of these. */
static int keep_place(void *arg, void **ret_result)
{
	int ms = *(int *)arg;
	int64_t *took = ms == LONG_MS ? &long_took : &short_took;
	struct parker nobody = PARKER_INITIALIZER;

	(void)ret_result;
	(void)parker_park(&nobody, bothy_after_ms(ms));
	*took += ms;
	if (short_took < 2 * LONG_MS && long_took - short_took > apart_max)
		apart_max = long_took - short_took;
	return 0;
}

static void time_is_shared(void)
{
	int long_ms = LONG_MS, short_ms = SHORT_MS;

	long_took = short_took = apart_max = 0;
	pool_of(1);
	bothy_future_release(start(BOTHY_JOB(.fn = until_gate)));
	for (int i = 0; i < 4; i++)
		bothy_future_release(start(BOTHY_JOB(.entity = "long", .project = "p",
		                                     .fn = keep_place, .arg = &long_ms)));
	for (int i = 0; i < 2 * LONG_MS; i++)
		bothy_future_release(start(BOTHY_JOB(.entity = "short", .project = "p",
		                                     .fn = keep_place, .arg = &short_ms)));
	parker_wake(&gate);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	/* One job of each, and one that was started before anything was known of them. */
	SIM_CHECK(apart_max <= 2 * LONG_MS);
	finish();
}

/* A project that is known by its jobs' names alone is gone whenever one has ended, but not what it
 * owes: the other gets as much time. */
static void who_comes_back_by_name_still_owes(void)
{
	int long_ms = LONG_MS, short_ms = SHORT_MS;
	bothy_project *other;

	long_took = short_took = 0;
	pool_of(1);
	SIM_CHECK(bothy_project_open(pool, "short", "p", NULL, &other) == 0);
	bothy_future_release(start(BOTHY_JOB(.fn = until_gate)));
	for (int i = 0; i < 3 * LONG_MS; i++)
		bothy_future_release(
			start(BOTHY_JOB(.handle = other, .fn = keep_place, .arg = &short_ms)));
	parker_wake(&gate);
	for (int i = 0; i < 3; i++)
		SIM_CHECK(outcome(start(BOTHY_JOB(.entity = "long", .project = "p",
		                                  .fn = keep_place, .arg = &long_ms))) == 0);
	/* But for the last, and for one of the other's jobs. */
	SIM_CHECK(short_took >= long_took - LONG_MS - SHORT_MS);
	(void)!bothy_pool_close(pool, BOTHY_NOW);
	bothy_project_release(other);
	finish();
}

static bothy_project *project_with(struct bothy_project_options options)
{
	bothy_project *project;

	options.size = sizeof(options);
	SIM_CHECK(bothy_project_open(pool, "ann", "p", &options, &project) == 0);
	return project;
}

static int alone(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	SIM_CHECK(atom_add(&told, 1, relaxed) == 0);
	SIM_CHECK(atom_sub(&told, 1, relaxed) == 1);
	return 0;
}

static void one_at_a_time(void)
{
	bothy_project *project;

	pool_of(2);
	project = project_with((struct bothy_project_options){.max_running = 1});
	for (int i = 0; i < 3; i++)
		bothy_future_release(start(BOTHY_JOB(.fn = alone)));
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	bothy_project_release(project);
	finish();
}

/* The worker is parked when there is a token again. */
static void a_token_comes_back(void)
{
	bothy_project *project;

	pool_of(1);
	project = project_with((struct bothy_project_options){.rate_per_s = 1000});
	for (int i = 0; i < 3; i++)
		bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&ran) == 3);
	bothy_project_release(project);
	finish();
}

static void blocked_by_their_project(void)
{
	bothy_project *project;
	struct thread submitters[2];
	int errors[2];

	pool_with((struct bothy_pool_options){.workers = 1, .when_full = BOTHY_BLOCK});
	project = project_with((struct bothy_project_options){.queue_max = 1});
	for (int i = 0; i < 2; i++)
		submitters[i] = client(submit_one, &errors[i]);
	for (int i = 0; i < 2; i++) {
		thread_join(&submitters[i]);
		SIM_CHECK(errors[i] == 0);
	}
	bothy_project_release(project);
	finish();
}

static void cancel_project(void *project)
{
	SIM_CHECK(bothy_project_cancel(project) == 0);
}

static void project_cancel_against_start(void)
{
	bothy_project *project;
	bothy_future *future;
	struct thread canceler;

	pool_of(1);
	SIM_CHECK(bothy_project_open(pool, "ann", "p", NULL, &project) == 0);
	future = start(BOTHY_JOB(.fn = until_stopped, .arg = &freed, .arg_free = count));
	canceler = client(cancel_project, project);
	SIM_CHECK(outcome(future) == -ECANCELED);
	thread_join(&canceler);
	SIM_CHECK(atomic_load(&freed) == 1);
	bothy_project_release(project);
	finish();
}

static const struct scenario scenarios[] = {
	{"time_is_shared", time_is_shared, "TURNS_NOT_TIME"},
	{"who_comes_back_by_name_still_owes", who_comes_back_by_name_still_owes, "DEBT_FORGOTTEN"},
	{"project_cancel_against_start", project_cancel_against_start, "CANCEL_NOT_ATOMIC"},
	{"one_at_a_time", one_at_a_time, "MAX_RUNNING_IGNORED"},
	{"one_after_another", one_at_a_time, "REST_UNSEEN"},
	{"a_token_comes_back", a_token_comes_back, "TOKEN_WAKE_DROPPED"},
	{"blocked_by_their_project", blocked_by_their_project, "BLOCKED_WAKE_DROPPED"},
};

SCENARIOS(scenarios)
