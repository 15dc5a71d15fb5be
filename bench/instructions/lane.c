#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/instructions/work.h"

#define HOUR_MS 3600000

bothy_pool *lane_pool;
bothy_project *lane_project;
bothy_time lane_deadline;

static sem_t held, go_on;

void must(const char *what, int error)
{
	if (error == 0)
		return;
	fprintf(stderr, "bothy-instructions: %s: %s\n", what, strerror(abs(error)));
	exit(1);
}

static void take(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0)
		must("can't wait", errno == EINTR ? 0 : errno);
}

static int hold(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	(void)sem_post(&held);
	take(&go_on);
	return 0;
}

static void submit_hold(void)
{
	struct bothy_job job =
		BOTHY_JOB(.handle = lane_project, .fn = hold, .deadline = lane_deadline);

	must("can't submit", bothy_submit(lane_pool, &job, NULL));
}

void lane_start(void)
{
	struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};

	(void)sem_init(&held, 0, 0);
	(void)sem_init(&go_on, 0, 0);
	lane_deadline = bothy_after_ms(HOUR_MS);
	must("can't start a pool", bothy_pool_new(NULL, &options, &lane_pool));
	must("can't open a project",
	     bothy_project_open(lane_pool, LANE_ENTITY, LANE_PROJECT, NULL, &lane_project));
	submit_hold();
	take(&held);
}

void lane_turn(void)
{
	submit_hold();
	(void)sem_post(&go_on);
	take(&held);
}
