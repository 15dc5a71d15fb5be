#include "pool/project.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Without it uthash calls exit() when there is no memory. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "pool/settle.h"
#include "pool/worker.h"
#include "sync/testing.h"
#include "tls/client.h"

enum { DEBTORS_MAX = 1024 };

/* A project in its pool's table. */
struct project_entry {
	bothy_project project; /* the first member: one address for both */
	UT_hash_handle hh;
	char key[]; /* "entity/project": neither has a '/' */
};

/* ---- projects -------------------------------------------------------------------------- */

static void set_defaults_locked(bothy_project *project)
{
	project->options = (struct bothy_project_options){0};
	project_default_options(&project->options);
	fair_weigh(&project->pool->fair, &project->flow, project->options.weight);
}

static int entry_new(bothy_pool *pool, const struct project_name *name,
                     struct project_entry **ret_entry)
{
	struct project_entry *entry = calloc(1, sizeof(*entry) + name->key_bytes);
	int error;

	if (entry == NULL)
		return -ENOMEM;
	entry->project.pool = pool;
	entry->project.soonest = BOTHY_FOREVER;
	line_init(&entry->project.line);
	set_defaults_locked(&entry->project);
	memcpy(entry->key, name->key, name->key_bytes);
	error = client_new(pool->server, name->entity, name->project, &entry->project.client);
	if (error < 0) {
		free(entry);
		return error;
	}
	TESTING_COUNT(projects_made);
	*ret_entry = entry;
	return 0;
}

static void entry_free(struct project_entry *entry)
{
	TESTING_COUNT(projects_freed);
	client_release(entry->project.client);
	times_fini(&entry->project.times);
	free(entry);
}

static int project_add_locked(bothy_pool *pool, const struct project_name *name,
                              struct project_entry **ret_entry)
{
	struct project_entry *entry = NULL;
	int error = heap_reserve(&pool->fair.heap, pool->project_count + 1);

	if (error == 0)
		error = heap_reserve(&pool->debtors, DEBTORS_MAX);
	if (error == 0)
		error = entry_new(pool, name, &entry);
	if (error < 0)
		return error;
	HASH_ADD_KEYPTR(hh, pool->projects, entry->key, name->key_bytes, entry);
	if (entry->hh.tbl == NULL) { /* how uthash reports that it had no memory */
		entry_free(entry);
		return -ENOMEM;
	}
	pool->holds++;
	pool->project_count++;
	*ret_entry = entry;
	return 0;
}

int project_get_locked(bothy_pool *pool, const struct project_name *name,
                       bothy_project **ret_project)
{
	struct project_entry *entry;

	HASH_FIND(hh, pool->projects, name->key, name->key_bytes, entry);
	if (entry == NULL) {
		int error = project_add_locked(pool, name, &entry);

		if (error < 0)
			return error;
	}
	heap_remove(&pool->debtors, &entry->project.debtor);
	entry->project.holds++;
	*ret_project = &entry->project;
	return 0;
}

static void project_forget_locked(bothy_project *project)
{
	struct project_entry *entry = (struct project_entry *)project;

	heap_remove(&project->pool->debtors, &project->debtor);
	limit_fini_locked(project);
	HASH_DELETE(hh, project->pool->projects, entry);
	project->pool->project_count--;
	entry_free(entry);
}

static bothy_project *first_debtor_locked(bothy_pool *pool)
{
	struct heap_item *first = heap_first(&pool->debtors);

	if (first == NULL)
		return NULL;
	return (bothy_project *)((char *)first - offsetof(struct bothy_project, debtor));
}

/* PROJECT, which nobody holds, stays until its debt is paid. */
static void remember_locked(bothy_project *project)
{
	bothy_pool *pool = project->pool;

	if (pool->debtors.count == DEBTORS_MAX) {
		project_forget_locked(first_debtor_locked(pool));
		pool->holds--; /* there is PROJECT's */
	}
	heap_put(&pool->debtors, &project->debtor, project->flow.tag);
	limit_fini_locked(project);
	project->rate = (struct limit_rate){0};
	project->stats = (struct bothy_project_stats){0};
	times_fini(&project->times);
	set_defaults_locked(project);
}

bool project_put_locked(bothy_project *project)
{
	bothy_pool *pool = project->pool;

	if (--project->holds > 0)
		return false;
	if (pool->phase != POOL_EXITING && fair_owes(&pool->fair, &project->flow) &&
	    !PLANTED(DEBT_FORGOTTEN)) {
		remember_locked(project);
		return false;
	}
	project_forget_locked(project);
	return true;
}

/* A few at once: more than can have come since the last time. */
static void forget_paid_locked(bothy_pool *pool)
{
	enum { AT_ONCE = 8 };

	for (int i = 0; i < AT_ONCE && pool->debtors.count > 0; i++) {
		bothy_project *first = first_debtor_locked(pool);

		if (fair_owes(&pool->fair, &first->flow))
			return;
		project_forget_locked(first);
		pool->holds--; /* the calling worker has one */
	}
}

void project_forget_all_locked(bothy_pool *pool)
{
	while (pool->debtors.count > 0) {
		project_forget_locked(first_debtor_locked(pool));
		pool->holds--; /* the user, or a thread, has one */
	}
}

bothy_project *project_first_locked(bothy_pool *pool)
{
	return (bothy_project *)pool->projects;
}

bothy_project *project_next_locked(bothy_project *project)
{
	return ((struct project_entry *)project)->hh.next;
}

/* ---- turns ------------------------------------------------------------------------------- */

static bool may_start_locked(const bothy_project *project)
{
	unsigned max = project->options.max_running;

	if (max != 0 && project->places >= max + PLANTED(MAX_RUNNING_OFF_BY_ONE) &&
	    !PLANTED(MAX_RUNNING_IGNORED))
		return false;
	return project->cancelers == 0 && !limit_waits_locked(project) &&
	       (project->lost <
	                project->pool->options.lost_per_project + PLANTED(LOST_OFF_BY_ONE) ||
	        PLANTED(LOST_UNCOUNTED));
}

bool project_is_idle_locked(const bothy_project *project)
{
	return project->places == 0 && (project->order.count == 0 || project->kept);
}

/* Keep the fair queue as the head of project.h says. */
void project_update_locked(bothy_project *project)
{
	struct fair *fair = &project->pool->fair;

	if (project->order.count > 0 && may_start_locked(project)) {
		fair_enter(fair, &project->flow, project->places == 0 || project->kept);
		project->kept = false;
		return;
	}
	project->kept = project->order.count > 0;
	fair_leave(fair, &project->flow);
}

void project_runs_locked(bothy_project *project)
{
	project->places++;
	project_update_locked(project);
}

void project_rests_locked(bothy_project *project)
{
	project->places--;
	if (!PLANTED(REST_UNSEEN))
		project_update_locked(project);
}

void project_lost_locked(bothy_project *project)
{
	project->lost++;
	project_update_locked(project);
}

void project_found_locked(bothy_project *project)
{
	project->lost--;
	project_update_locked(project);
}

bothy_future *project_next_job_locked(bothy_pool *pool)
{
	bothy_project *project = (bothy_project *)fair_first(&pool->fair);

	return project != NULL ? order_first(&project->order) : NULL;
}

void project_time_moved_locked(bothy_pool *pool)
{
	int64_t by = fair_must_move_back(&pool->fair);

	forget_paid_locked(pool);
	if (by == 0)
		return;
	for (bothy_project *p = project_first_locked(pool); p != NULL; p = project_next_locked(p)) {
		fair_move_back(&pool->fair, &p->flow, by);
		if (p->debtor.at != 0)
			heap_put(&pool->debtors, &p->debtor, p->flow.tag);
	}
	fair_moved_back(&pool->fair, by);
}

/* ---- queues ------------------------------------------------------------------------------ */

static void pushed_locked(bothy_future *job)
{
	bothy_project *project = job->project;

	if (job->deadline < project->soonest)
		project->soonest = job->deadline;
	project_update_locked(project);
}

void project_push_locked(bothy_future *job)
{
	order_push(&job->project->order, job);
	pushed_locked(job);
}

void project_push_back_locked(bothy_future *job)
{
	bothy_pool *pool = job->project->pool;

	order_push_back(&job->project->order, job);
	pushed_locked(job);
	/* A sweep may have gone by meanwhile. */
	if (job->deadline < pool->queued_soonest)
		pool->queued_soonest = job->deadline;
}

static void remove_locked(bothy_future *job)
{
	bothy_project *project = job->project;

	for (struct project_walk *walk = project->walks; walk != NULL; walk = walk->other)
		if (walk->at == job)
			walk->at = order_next(&project->order, job);
	order_remove(&project->order, job);
}

void project_unlink_locked(bothy_future *job)
{
	if (job->place == JOB_HANDED)
		hand_drop_locked(job);
	if (job->place == JOB_NOWHERE)
		return;
	remove_locked(job);
	project_update_locked(job->project);
}

void project_hand_locked(bothy_future *job, struct hand *hand)
{
	remove_locked(job);
	job->place = JOB_HANDED;
	job->queue.hand = hand;
}

void project_walk_locked(bothy_project *project, struct project_walk *walk)
{
	walk->at = order_begin(&project->order);
	walk->other = project->walks;
	project->walks = walk;
}

bothy_future *project_walk_next_locked(bothy_project *project, struct project_walk *walk)
{
	bothy_future *job = walk->at;

	if (job != NULL)
		walk->at = order_next(&project->order, job);
	return job;
}

void project_walked_locked(bothy_project *project, struct project_walk *walk)
{
	struct project_walk **at = &project->walks;

	while (*at != walk)
		at = &(*at)->other;
	*at = walk->other;
}

/* ---- handles ------------------------------------------------------------------------------- */

void project_default_options(struct bothy_project_options *options)
{
	options->size = sizeof(*options);
	if (options->weight == 0)
		options->weight = 1;
	if (options->burst == 0)
		options->burst = 1;
}

static int configure_locked(bothy_project *project, const struct bothy_project_options *options,
                            struct kicks *kicks)
{
	int error = limit_prepare_locked(project->pool, options);

	if (error < 0)
		return error;
	project->options = *options;
	fair_weigh(&project->pool->fair, &project->flow, options->weight);
	limit_changed_locked(project, kicks);
	/* What was taken without a limit is to heed it. */
	if (options->max_running != 0 || options->rate_per_s != 0)
		worker_recall_shared_locked(project->pool, project, kicks);
	if (!PLANTED(LIMIT_CHANGE_UNSEEN))
		project_update_locked(project);
	if (!PLANTED(RAISE_UNTOLD))
		pool_wake_worker_locked(project->pool, kicks);
	return 0;
}

int project_open(bothy_pool *pool, const char *entity, const char *project,
                 const struct bothy_project_options *options, bothy_project **ret_project)
{
	struct kicks kicks = KICKS_INITIALIZER;
	bothy_project *found = NULL;
	struct project_name name;
	int error = project_name_init(&name, entity, project);

	if (error < 0)
		return error;
	lock_acquire(&pool->lock);
	error = pool->phase != POOL_OPEN ? -ESHUTDOWN : project_get_locked(pool, &name, &found);
	if (error == 0 && options != NULL)
		error = configure_locked(found, options, &kicks);
	if (error == 0)
		*ret_project = found;
	else if (found != NULL && project_put_locked(found))
		pool->holds--; /* the caller has one */
	lock_release(&pool->lock);
	kicks_give(&kicks);
	project_name_fini(&name);
	return error;
}

int project_configure(bothy_project *project, const struct bothy_project_options *options)
{
	struct kicks kicks = KICKS_INITIALIZER;
	int error;

	lock_acquire(&project->pool->lock);
	error = configure_locked(project, options, &kicks);
	lock_release(&project->pool->lock);
	kicks_give(&kicks);
	return error;
}

void project_stats(bothy_project *project, struct bothy_project_stats *ret_stats)
{
	uint64_t queued = 0, running = 0;

	lock_acquire(&project->pool->lock);
	worker_count_jobs_locked(project->pool, project, &queued, &running);
	*ret_stats = project->stats;
	ret_stats->queued += queued;
	ret_stats->running += running;
	ret_stats->lost = project->lost;
	ret_stats->places =
		project->places - (unsigned)queued; /* what is in hands has begun none */
	ret_stats->lent = project->lent;
	lock_release(&project->pool->lock);
}

/* ---- canceling --------------------------------------------------------------------------- */

/* Claim some of the jobs that WALK comes to; whether it is not through.  Those that have come
 * after the first UNTIL are not meant, or who submits on and on would never see the end. */
static bool claim_some_locked(bothy_project *project, struct project_walk *walk, uint32_t until,
                              bothy_future **chain)
{
	enum { AT_ONCE = 1024 };

	for (int i = 0; i < AT_ONCE; i++) {
		bothy_future *job = project_walk_next_locked(project, walk);

		if (job == NULL)
			return false;
		if ((int32_t)(job->queue.number - until) < 0 && job_claim(job, chain))
			project_unlink_locked(job);
	}
	return true;
}

/* The lock is released now and then, and stays so in a child that a callback has forked (false);
 * nothing of PROJECT's starts meanwhile. */
static bool cancel_queued_locked(bothy_project *project, struct kicks *kicks)
{
	bothy_pool *pool = project->pool;
	uint32_t until = (uint32_t)project->order.pushed;
	struct project_walk walk;
	bothy_future *chain = NULL;
	bool more = true;

	project_walk_locked(project, &walk);
	while (more) {
		more = claim_some_locked(project, &walk, until, &chain);
		lock_release(&pool->lock);
		kicks_give(kicks);
		settle_chain(&chain, BOTHY_CANCELED, -ECANCELED);
		if (pool_check(pool) < 0)
			return false;
		lock_acquire(&pool->lock);
	}
	project_walked_locked(project, &walk);
	return true;
}

void project_cancel(bothy_project *project)
{
	bothy_pool *pool = project->pool;
	struct kicks kicks = KICKS_INITIALIZER;

	lock_acquire(&pool->lock);
	project->cancelers++;
	project_update_locked(project);
	worker_recall_shared_locked(pool, project, &kicks);
	pool_wake_worker_locked(pool, &kicks);
	if (!PLANTED(PROJECT_UNSTOPPED))
		worker_stop_jobs_locked(pool, project);
	if (!cancel_queued_locked(project, &kicks))
		return;
	project->cancelers--;
	project_update_locked(project);
	pool_wake_worker_locked(pool, &kicks);
	lock_release(&pool->lock);
	kicks_give(&kicks);
}

void project_release(bothy_project *project)
{
	bothy_pool *pool;
	uint64_t holds;

	if (project == NULL || pool_check(project->pool) < 0)
		return;
	pool = project->pool;
	holds = PLANTED(HANDLE_UNLOCKED) ? project->holds : 0;
	lock_acquire(&pool->lock);
	if (PLANTED(HANDLE_UNLOCKED))
		project->holds = holds;
	if (project_put_locked(project))
		pool_release_locked(pool);
	else
		lock_release(&pool->lock);
}
