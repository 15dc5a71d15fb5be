/*
 * Jobs that wait for themselves, alone or in a ring.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "stress/saboteurs/families.h"
#include "stress/saboteurs/intact.h"
#include "stress/stress.h"
#include "stress/violation.h"

/* ---- alone ---------------------------------------------------------------------------------- */

static int wait_for_self(struct saboteur *saboteur, void **ret_result)
{
	bothy_future *self = saboteur_future(saboteur);
	bothy_future *twice[] = {self, self};
	bothy_time later = stress_now() + INT64_C(60000000000);

	(void)ret_result;
	saboteur_expect(saboteur, "bothy_future_wait(itself)", -EDEADLK,
	                bothy_future_wait(self, BOTHY_FOREVER));
	saboteur_expect(saboteur, "bothy_future_wait(itself), for a minute", -EDEADLK,
	                bothy_future_wait(self, later));
	saboteur_expect(saboteur, "bothy_future_wait(itself), now", -ETIMEDOUT,
	                bothy_future_wait(self, BOTHY_NOW));
	saboteur_expect(saboteur, "bothy_future_wait_all(itself, itself)", -EDEADLK,
	                bothy_future_wait_all(twice, 2, BOTHY_FOREVER));
	saboteur_expect(saboteur, "bothy_group_wait(its own)", -EDEADLK,
	                bothy_group_wait(saboteur->own, BOTHY_FOREVER));
	saboteur_expect(saboteur, "bothy_group_wait(its own), for a minute", -EDEADLK,
	                bothy_group_wait(saboteur->own, later));
	bothy_group_release(saboteur->own);
	return 0;
}

static void run_alone(struct gang *gang)
{
	for (uint64_t i = 0; i < gang->jobs; i++) {
		struct saboteur *saboteur = saboteur_next(gang);
		struct bothy_job job = saboteur_job(saboteur);
		bothy_group *group;

		if (violation_call("bothy_group_new", bothy_group_new(&group)))
			return;
		saboteur->own = group;
		job.group = group;
		saboteur_submit(saboteur, &job);
		if (i % 32 == 31)
			intact_await(saboteur_future(saboteur));
	}
}

/* ---- in rings --------------------------------------------------------------------------------- */

#define LARGEST 10u
#define RINGS 3u /* at once, so that there is a spare thread for each that waits */

struct ring {
	unsigned size;
	struct saboteur *members[LARGEST];
	bothy_group *groups[LARGEST]; /* each member's own */
	_Atomic unsigned deadlocks;
};

/* The next one in the ring. */
static unsigned next_of(const struct saboteur *saboteur)
{
	const struct ring *ring = saboteur->own;
	unsigned i = 0;

	while (ring->members[i] != saboteur)
		i++;
	return (i + 1) % ring->size;
}

static int wait_for_next(const struct saboteur *saboteur)
{
	const struct ring *ring = saboteur->own;
	unsigned next = next_of(saboteur);
	bothy_future *future = saboteur_future(ring->members[next]);

	switch (saboteur->seed % 3) {
	case 0:
		return bothy_future_wait(future, BOTHY_FOREVER);
	case 1:
		return bothy_future_wait_all(&future, 1, BOTHY_FOREVER);
	default:
		return bothy_group_wait(ring->groups[next], BOTHY_FOREVER);
	}
}

static int wait_in_ring(struct saboteur *saboteur, void **ret_result)
{
	struct ring *ring = saboteur->own;
	int error = wait_for_next(saboteur);

	(void)ret_result;
	if (error == -EDEADLK)
		atomic_fetch_add(&ring->deadlocks, 1);
	else
		violation_call("a wait in a ring", error);
	return 0;
}

static void ring_start(struct gang *gang, struct ring *ring, unsigned size)
{
	bool one_project = rng_one_in(&gang->rng, 2);

	*ring = (struct ring){.size = size};
	for (unsigned i = 0; i < size; i++) {
		ring->members[i] = saboteur_next(gang);
		ring->members[i]->own = ring;
		if (one_project)
			ring->members[i]->project = ring->members[0]->project;
		stress_need("a group", bothy_group_new(&ring->groups[i]));
	}
	for (unsigned i = 0; i < size; i++) {
		struct bothy_job job = saboteur_job(ring->members[i]);

		job.group = ring->groups[i];
		saboteur_submit(ring->members[i], &job);
	}
}

/* Their futures are theirs, too, until the last of them has settled. */
static void ring_end(const struct gang *gang, struct ring *ring)
{
	for (unsigned i = 0; i < ring->size; i++)
		intact_await_group(ring->groups[i]);
	for (unsigned i = 0; i < ring->size; i++) {
		saboteur_collect(ring->members[i]);
		bothy_group_release(ring->groups[i]);
	}
	if (ring->size > 0 && atomic_load(&ring->deadlocks) == 0)
		violation(VIOLATION_OUTCOME, "%s: expected -EDEADLK for one of %u, all waits ended",
		          gang->sabotage->name, ring->size);
}

static void run_rings(struct gang *gang, unsigned size)
{
	struct ring rings[RINGS] = {{.size = 0}};
	uint64_t count = (gang->jobs + size - 1) / size;

	for (uint64_t i = 0; i < count + RINGS; i++) {
		struct ring *ring = &rings[i % RINGS];

		ring_end(gang, ring);
		if (i < count)
			ring_start(gang, ring, size);
		else
			ring->size = 0;
	}
}

static void run_twos(struct gang *gang)
{
	run_rings(gang, 2);
}

static void run_threes(struct gang *gang)
{
	run_rings(gang, 3);
}

static void run_tens(struct gang *gang)
{
	run_rings(gang, LARGEST);
}

const struct sabotage sabotage_waits[] = {
	{"wait-self", "waits for itself, and for its own group", wait_for_self, IS(DONE),
         .run = run_alone},
	{"wait-2", "two that wait for each other", wait_in_ring, IS(DONE), .helpers = 1,
         .run = run_twos},
	{"wait-3", "three in a ring", wait_in_ring, IS(DONE), .helpers = 2, .run = run_threes},
	{"wait-10", "ten in a ring", wait_in_ring, IS(DONE), .helpers = LARGEST, .run = run_tens},
	{.name = NULL},
};
