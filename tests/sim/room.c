/*
 * Submitters that wait for room.
 */
#include <errno.h>
#include <stddef.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

/* ---- room comes ------------------------------------------------------------------------- */

static void blocked_submitters(void)
{
	struct thread submitter;
	int error = 1;

	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	submitter = client(submit_one, &error);
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	thread_join(&submitter);
	SIM_CHECK(error == 0);
	finish();
	SIM_CHECK(atomic_load(&ran) == 3);
}

/* ---- no room, and the pool closes ------------------------------------------------------- */

/* The gate opens for those that have found out. */
static void submit_and_open(void *error)
{
	submit_one(error);
	parker_wake(&gate);
}

static void close_against_the_line(void)
{
	struct thread submitter;
	int error = 0;

	bothy_future_release(start(BOTHY_JOB(.fn = until_gate)));
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	submitter = client(submit_and_open, &error);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	thread_join(&submitter);
	SIM_CHECK(error == -ESHUTDOWN);
	SIM_CHECK(atomic_load(&ran) == 1);
}

static void close_against_the_pools_line(void)
{
	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	close_against_the_line();
	finish();
}

static bothy_project *project_of_one(void)
{
	struct bothy_project_options one = {.size = sizeof(one), .queue_max = 1};
	bothy_project *project;

	SIM_CHECK(bothy_project_open(pool, "ann", "p", &one, &project) == 0);
	return project;
}

static void close_against_a_projects_line(void)
{
	bothy_project *project;

	pool_with((struct bothy_pool_options){.workers = 1, .when_full = BOTHY_BLOCK});
	project = project_of_one();
	close_against_the_line();
	bothy_project_release(project);
	finish();
}

/* ---- who gives up ----------------------------------------------------------------------- */

static void submit_in_haste(void *ignored)
{
	int error = bothy_submit(pool,
	                         &BOTHY_JOB(.entity = "ann", .project = "p", .fn = run_once,
	                                    .deadline = bothy_after_ms(1)),
	                         NULL);

	(void)ignored;
	SIM_CHECK(error == -EAGAIN);
}

/* The hasty one may have its project's room, which the other waits for, and wait for the pool's. */
static void who_gives_up_passes_the_room_on(void)
{
	struct thread hasty, patient;
	bothy_project *project;
	int error = 1;

	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	project = project_of_one();
	for (int i = 0; i < 2; i++)
		bothy_future_release(start(BOTHY_JOB(.entity = "bob", .project = "p",
		                                     .fn = i == 0 ? until_gate : run_once)));
	hasty = client(submit_in_haste, NULL);
	patient = client(submit_one, &error);
	thread_join(&hasty);
	parker_wake(&gate);
	thread_join(&patient);
	SIM_CHECK(error == 0);
	bothy_project_release(project);
	finish();
	SIM_CHECK(atomic_load(&ran) == 2);
}

/* The hasty one stands before the patient one, behind it, or alone; one more comes when it has gone. */
static void who_gives_up_leaves_the_line_whole(void)
{
	struct thread hasty, patient, late;
	int errors[2] = {1, 1};

	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = 1, .when_full = BOTHY_BLOCK});
	for (int i = 0; i < 2; i++)
		bothy_future_release(start(BOTHY_JOB(.fn = i == 0 ? until_gate : run_once)));
	hasty = client(submit_in_haste, NULL);
	patient = client(submit_one, &errors[0]);
	thread_join(&hasty);
	late = client(submit_one, &errors[1]);
	parker_wake(&gate);
	thread_join(&patient);
	thread_join(&late);
	SIM_CHECK(errors[0] == 0 && errors[1] == 0);
	finish();
	SIM_CHECK(atomic_load(&ran) == 3);
}

/* ------------------------------------------------------------------------------------------ */

static const struct scenario scenarios[] = {
	{"blocked_submitters", blocked_submitters, "BLOCKED_WAKE_DROPPED"},
	{"close_against_the_pools_line", close_against_the_pools_line, "BLOCKED_UNTOLD"},
	{"close_against_a_projects_line", close_against_a_projects_line, "BLOCKED_UNTOLD"},
	{"who_gives_up_passes_the_room_on", who_gives_up_passes_the_room_on, "PROJECT_ROOM_KEPT"},
	{"who_gives_up_leaves_the_line_whole", who_gives_up_leaves_the_line_whole, "LINE_END_KEPT"},
};

SCENARIOS(scenarios)
