#include "pool/take.h"

#include "pool/project.h"
#include "pool/tally.h"
#include "pool/watchdog.h"
#include "sync/clock.h"
#include "sync/testing.h"

void take_started_locked(bothy_pool *pool, bothy_future *job, bothy_time now,
                         struct kicks *kicks)
{
	project_unlink_locked(job);
	tally_started_locked(job->project);
	limit_started_locked(job->project, now, kicks);
	limit_room_locked(job->project, kicks);
	pool_room_locked(pool, kicks);
	if (job->deadline != BOTHY_FOREVER)
		watchdog_want_locked(pool, job->deadline, kicks);
}

static bool is_past(const bothy_future *job)
{
	return job->deadline != BOTHY_FOREVER && clock_now() >= job->deadline;
}

/* Start JOB, which is at the head of its queue: whether WORKER is to run it; if not, somebody
 * else is, or has claimed it. */
static bool start_locked(struct worker *worker, bothy_future *job, struct take *take)
{
	bothy_pool *pool = worker->pool;

	if (is_past(job) && !PLANTED(EXPIRED_RUNS)) {
		if (job_move(job, BOTHY_QUEUED, JOB_CLAIMED, 0)) {
			job->chain = take->expired;
			take->expired = job;
		}
		project_unlink_locked(job);
		return false;
	}
	/* If this fails it was claimed: whoever did that keeps its books. */
	if (!job_move(job, BOTHY_QUEUED, BOTHY_RUNNING, JOB_RUNS | JOB_STARTED)) {
		project_unlink_locked(job);
		return false;
	}
	charge_begin_locked(&worker->charge, job->project, take->now);
	take_started_locked(pool, job, take->now, &take->kicks);
	pool->busy++;
	if ((job->flags & BOTHY_OWN_THREAD) != 0 && !PLANTED(OWN_THREAD_SHARED)) {
		worker->start_error = worker_start_locked(pool, job, &worker->charge);
		if (worker->start_error == 0)
			return false;
	}
	worker->top = job;
	worker->placed = true;
	return true;
}

bool take_locked(struct worker *worker, struct take *take)
{
	enum { PASSED_OVER_AT_ONCE = 64 };
	bothy_pool *pool = worker->pool;

	take->more = false;
	for (int i = 0; pool->busy < pool_places_locked(pool); i++) {
		bothy_future *job;

		take->more = i == PASSED_OVER_AT_ONCE;
		job = take->more ? NULL : project_next_job_locked(pool);
		if (job == NULL)
			return false;
		if (PLANTED(JOB_LOST) && pool->stats.submitted % 256 == 0) {
			project_unlink_locked(job);
			continue;
		}
		if (start_locked(worker, job, take))
			return true;
	}
	return false;
}
