/*
 * Rooms: as in the pool's own queue (submit.c), room is handed to whoever waits (line.h).  A
 * submitter has it reserved from here until its job is in the queue, also while it
 * waits for the pool's room.
 *
 * Tokens: a project without one is in pool->due, by the time of its next, and not in the fair
 * queue.  The watchdog gives it its turn back then; no time is read for it but by whoever
 * starts a job.
 *
 * Invariants, whenever the lock is free
 *   - queued + reserved <= queue_max, but for what was there when it was configured;
 *   - nobody waits for room that is there;
 *   - the watchdog will look no later than the first time in `due`.
 */
#include "pool/limit.h"

#include <errno.h>
#include <stddef.h>

#include "pool/project.h"
#include "pool/tally.h"
#include "pool/watchdog.h"
#include "sync/clock.h"
#include "sync/testing.h"

/* ---- room -------------------------------------------------------------------------------- */

static bool is_full_locked(const bothy_project *project)
{
	size_t max = project->options.queue_max;

	return max != 0 &&
	       project->stats.queued + project->reserved >= max + PLANTED(QUEUE_MAX_OFF_BY_ONE);
}

static int block_locked(bothy_project *project, bothy_time deadline)
{
	struct blocked self = BLOCKED_INITIALIZER;
	int error = line_wait_locked(&project->line, &self, project->pool, deadline);

	if (!self.granted && error == 0)
		project->reserved++; /* it closes, as the caller will see */
	return error;
}

int limit_reserve_locked(bothy_future *job)
{
	bothy_project *project = job->project;
	int error = -EAGAIN;

	if (!is_full_locked(project)) {
		project->reserved++;
		return 0;
	}
	if (project->pool->options.when_full == BOTHY_BLOCK && pool_current() == NULL)
		error = block_locked(project, job->deadline);
	job->since = clock_now();
	if (error < 0)
		tally_refused_locked(project);
	return error;
}

void limit_room_locked(bothy_project *project, struct kicks *kicks)
{
	while (!line_is_empty(&project->line) && !is_full_locked(project)) {
		project->reserved++;
		line_grant_locked(&project->line, kicks);
	}
}

void limit_left_locked(bothy_project *project, struct kicks *kicks)
{
	limit_room_locked(project, kicks);
	pool_room_locked(project->pool, kicks);
}

void limit_unreserve_locked(bothy_project *project, struct kicks *kicks)
{
	project->reserved--;
	if (!PLANTED(PROJECT_ROOM_KEPT))
		limit_room_locked(project, kicks);
}

/* ---- tokens ------------------------------------------------------------------------------- */

static bothy_project *project_of(struct heap_item *item)
{
	return (bothy_project *)((char *)item - offsetof(struct bothy_project, rate.item));
}

bool limit_waits_locked(const bothy_project *project)
{
	return project->rate.item.at != 0;
}

/* Have PROJECT wait, if it has no token at NOW. */
static void wait_for_token_locked(bothy_project *project, bothy_time now, struct kicks *kicks)
{
	struct limit_rate *rate = &project->rate;
	bothy_time next = rate->full_at - rate->slack;

	if (next <= now || PLANTED(BUCKET_NEVER_EMPTY))
		return;
	heap_put(&project->pool->due, &rate->item, next);
	project_update_locked(project);
	if (!PLANTED(TOKEN_WAKE_DROPPED))
		watchdog_want_locked(project->pool, next, kicks);
}

void limit_started_locked(bothy_project *project, struct kicks *kicks)
{
	struct limit_rate *rate = &project->rate;
	bothy_time now;

	if (rate->interval == 0)
		return;
	now = clock_now();
	if (rate->full_at < now)
		rate->full_at = now;
	rate->full_at = clock_add(rate->full_at, rate->interval);
	wait_for_token_locked(project, now, kicks);
}

bothy_time limit_due_locked(bothy_pool *pool, bothy_time now)
{
	struct heap *due = &pool->due;

	while (due->count > 0 && heap_first_key(due) <= now) {
		struct heap_item *item = heap_first(due);

		heap_remove(due, item);
		project_update_locked(project_of(item));
	}
	return due->count > 0 ? heap_first_key(due) : BOTHY_FOREVER;
}

/* ---- options ------------------------------------------------------------------------------- */

int limit_prepare_locked(bothy_pool *pool, const struct bothy_project_options *options)
{
	int error;

	if (options->rate_per_s == 0)
		return 0;
	error = heap_reserve(&pool->due, pool->project_count);
	if (error < 0 || pool->phase == POOL_EXITING) /* nothing starts, and who would join it? */
		return error;
	return watchdog_start_locked(pool);
}

/* A token's, rounded up: with less there would be more starts a second. */
static int64_t interval_of(int64_t rate_per_s)
{
	return rate_per_s > 0 ? (1000000000 + rate_per_s - 1) / rate_per_s : 0;
}

/* No bucket is emptier than empty, by the measure that it has now. */
static void forgive_locked(struct limit_rate *rate, bothy_time now)
{
	bothy_time empty = clock_add(now, rate->slack + rate->interval);

	if (rate->full_at > empty)
		rate->full_at = empty;
}

void limit_changed_locked(bothy_project *project, struct kicks *kicks)
{
	const struct bothy_project_options *options = &project->options;
	struct limit_rate *rate = &project->rate;
	bothy_time now;

	heap_remove(&project->pool->due, &rate->item);
	rate->interval = interval_of(options->rate_per_s);
	rate->slack = rate->interval * ((int64_t)options->burst - 1 + PLANTED(BURST_OFF_BY_ONE));
	if (rate->interval > 0) {
		now = clock_now();
		forgive_locked(rate, now);
		wait_for_token_locked(project, now, kicks);
	}
	limit_room_locked(project, kicks);
}

void limit_fini_locked(bothy_project *project)
{
	heap_remove(&project->pool->due, &project->rate.item);
}
