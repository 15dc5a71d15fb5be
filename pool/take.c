#include "pool/take.h"

#include "pool/project.h"
#include "pool/tally.h"
#include "pool/watchdog.h"
#include "sync/clock.h"
#include "sync/testing.h"

enum { PASSED_OVER_AT_ONCE = 64 };

/* What the jobs of a hand are to take altogether, if there are several. */
#define HAND_NS (50 * 1000 * CLOCK_SLOWNESS)

/* A job of PROJECT, or several, the first of whose deadlines is DEADLINE, have left its queue. */
static void left_queue_locked(bothy_project *project, bothy_time deadline, struct kicks *kicks)
{
	limit_started_locked(project, kicks);
	limit_left_locked(project, kicks);
	if (deadline != BOTHY_FOREVER)
		watchdog_want_locked(project->pool, deadline, kicks);
}

void take_in_place_locked(bothy_future *job, struct kicks *kicks)
{
	project_unlink_locked(job);
	tally_started_locked(job->project);
	left_queue_locked(job->project, job->deadline, kicks);
}

/* Whether JOB, at the head of its queue, can start; if not, it is queued no more. */
static bool can_start_locked(bothy_future *job, struct take *take)
{
	if (PLANTED(JOB_LOST) && job->project->pool->stats.submitted % 256 == 0) {
		project_unlink_locked(job);
		return false;
	}
	if (take->now >= job->deadline && !PLANTED(EXPIRED_RUNS)) {
		(void)job_claim(job, &take->expired);
		project_unlink_locked(job);
		return false;
	}
	if (job_phase(job_state(job)) == BOTHY_QUEUED)
		return true;
	project_unlink_locked(job); /* who has claimed it keeps its books */
	return false;
}

/* The next job that can start; NULL: none, or take->more. */
static bothy_future *next_locked(bothy_pool *pool, struct take *take)
{
	for (int i = 0; i < PASSED_OVER_AT_ONCE; i++) {
		bothy_future *job = project_next_job_locked(pool);

		if (job == NULL || can_start_locked(job, take))
			return job;
	}
	take->more = true;
	return NULL;
}

/* How long JOB will take, as far as is known; HAND_NS, and it is alone in a hand, if that is
 * nothing, or if the next of its project may not be allowed to start. */
static int64_t expected_ns(const bothy_future *job)
{
	const bothy_project *project = job->project;
	bool alone = project->flow.average == 0 || project->options.max_running != 0 ||
	             project->options.rate_per_s != 0 || (job->flags & BOTHY_OWN_THREAD) != 0;

	return alone ? HAND_NS : project->flow.average;
}

/* How many jobs, of which JOB is the first, can go into HAND together, and which of their
 * deadlines is first.  Where several projects have jobs, or the one has any out of order, their
 * turns come one by one. */
static unsigned count_locked(const struct hand *hand, bothy_future *job, bothy_time now,
                             int64_t expected, bothy_time *ret_deadline)
{
	const struct order *order = &job->project->order;
	bool alone = fair_is_alone(&job->project->pool->fair) && order->root == NULL;
	unsigned n = 0;

	*ret_deadline = BOTHY_FOREVER;
	do {
		n++;
		if (job->deadline < *ret_deadline)
			*ret_deadline = job->deadline;
		expected += expected_ns(job);
		job = order_next(order, job);
	} while (alone && job != NULL && hand->count + n < HAND_MAX && now < job->deadline &&
	         expected + expected_ns(job) < HAND_NS);
	return n;
}

/* The first job in any case, and those that come next as long as all of them are short. */
static void fill_locked(struct worker *worker, struct take *take)
{
	bothy_pool *pool = worker->pool;
	struct hand *hand = &worker->hand;
	bothy_future *job = next_locked(pool, take);
	int64_t expected = 0;
	bool more = true;

	hand->filled_at = take->now;
	while (job != NULL && more) {
		bothy_project *project = job->project;
		int64_t each = expected_ns(job);
		bothy_time deadline;
		unsigned n = count_locked(hand, job, take->now, expected, &deadline);

		/* Somebody must see to it that no job waits behind one that takes longer than was to
		 * be expected. */
		if (hand->count + n > 1 && !watchdog_tick_locked(pool, &take->kicks)) {
			if (hand->count > 0)
				break;
			more = false;
			n = 1;
		}
		hand_add_locked(hand, project, n);
		expected += n * each;
		left_queue_locked(project, deadline, &take->kicks);
		if (hand->count == HAND_MAX || expected >= HAND_NS)
			break;
		job = more ? next_locked(pool, take) : NULL;
		more = job != NULL && expected + expected_ns(job) < HAND_NS;
	}
	worker->brisk = hand->count > 0 && expected < HAND_NS;
	if (worker->brisk)
		pool->brisk++;
}

/* Give the only job of WORKER's hand a thread of its own: whether there is one. */
static bool move_to_own_thread_locked(struct worker *worker)
{
	worker->start_error = worker_start_locked(worker->pool, &worker->hand);
	if (worker->start_error < 0)
		return false;
	worker->placed = false; /* the other one has it */
	return true;
}

/* Whether WORKER, whose hand was filled, is to start what is there. */
static bool keeps_locked(struct worker *worker)
{
	const bothy_future *job = worker->hand.slots[0].job;

	worker->pool->busy++;
	worker->placed = true;
	if ((job->flags & BOTHY_OWN_THREAD) != 0 && !PLANTED(OWN_THREAD_SHARED))
		return !move_to_own_thread_locked(worker);
	return true;
}

bool take_locked(struct worker *worker, struct take *take)
{
	bothy_pool *pool = worker->pool;

	take->more = false;
	worker->start_error = 0;
	while (pool->busy < pool_places_locked(pool) + PLANTED(PLACES_OFF_BY_ONE) && !take->more) {
		fill_locked(worker, take);
		if (worker->hand.count == 0)
			break;
		if (keeps_locked(worker)) {
			project_time_moved_locked(pool);
			return true;
		}
	}
	return false;
}
