#include "pool/project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Without it uthash calls exit() when there is no memory. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "tls/client.h"

/* A project in its pool's table. */
struct project_entry {
	bothy_project project; /* the first member: one address for both */
	UT_hash_handle hh;
	char key[]; /* "entity/project": neither has a '/' */
};

/* ---- projects -------------------------------------------------------------------------- */

static int entry_new(bothy_pool *pool, const struct project_name *name,
                     struct project_entry **ret_entry)
{
	struct project_entry *entry = calloc(1, sizeof(*entry) + name->key_bytes);
	int error;

	if (entry == NULL)
		return -ENOMEM;
	entry->project.pool = pool;
	entry->project.soonest = BOTHY_FOREVER;
	memcpy(entry->key, name->key, name->key_bytes);
	error = client_new(pool->server, name->entity, name->project, &entry->project.client);
	if (error < 0) {
		free(entry);
		return error;
	}
	*ret_entry = entry;
	return 0;
}

static void entry_free(struct project_entry *entry)
{
	client_release(entry->project.client);
	free(entry);
}

static int project_add_locked(bothy_pool *pool, const struct project_name *name,
                              struct project_entry **ret_entry)
{
	struct project_entry *entry;
	int error = entry_new(pool, name, &entry);

	if (error < 0)
		return error;
	HASH_ADD_KEYPTR(hh, pool->projects, entry->key, name->key_bytes, entry);
	if (entry->hh.tbl == NULL) { /* how uthash reports that it had no memory */
		entry_free(entry);
		return -ENOMEM;
	}
	pool->holds++;
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
	entry->project.holds++;
	*ret_project = &entry->project;
	return 0;
}

bool project_put_locked(bothy_project *project)
{
	struct project_entry *entry = (struct project_entry *)project;

	if (--project->holds > 0)
		return false;
	HASH_DELETE(hh, project->pool->projects, entry);
	entry_free(entry);
	return true;
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

/* Put PROJECT at the end of the ring, if it has jobs and may run them. */
static void ring_enter_locked(bothy_project *project)
{
	bothy_pool *pool = project->pool;
	bothy_project *turn = pool->turn;

	if (project->next != NULL || project->first == NULL ||
	    project->lost >= pool->options.lost_per_project)
		return;
	if (turn == NULL) {
		project->next = project->prev = project;
		pool->turn = project;
		return;
	}
	project->next = turn;
	project->prev = turn->prev;
	turn->prev->next = project;
	turn->prev = project;
}

static void ring_leave_locked(bothy_project *project)
{
	bothy_pool *pool = project->pool;

	if (project->next == NULL)
		return;
	if (pool->turn == project)
		pool->turn = project->next != project ? project->next : NULL;
	project->next->prev = project->prev;
	project->prev->next = project->next;
	project->next = project->prev = NULL;
}

void project_push_locked(bothy_future *job)
{
	bothy_project *project = job->project;

	job->queue.prev = project->last;
	job->queue.next = NULL;
	if (project->last != NULL)
		project->last->queue.next = job;
	else
		project->first = job;
	project->last = job;
	job->queued = true;
	if (job->deadline < project->soonest)
		project->soonest = job->deadline;
	ring_enter_locked(project);
}

void project_unlink_locked(bothy_future *job)
{
	bothy_project *project = job->project;

	if (!job->queued)
		return;
	if (project->sweep == job)
		project->sweep = job->queue.next;
	if (job->queue.prev != NULL)
		job->queue.prev->queue.next = job->queue.next;
	else
		project->first = job->queue.next;
	if (job->queue.next != NULL)
		job->queue.next->queue.prev = job->queue.prev;
	else
		project->last = job->queue.prev;
	job->queued = false;
	if (project->first == NULL)
		ring_leave_locked(project);
}

bothy_future *project_pop_locked(bothy_pool *pool)
{
	bothy_project *project = pool->turn;
	bothy_future *job;

	if (project == NULL)
		return NULL;
	job = project->first;
	pool->turn = project->next;
	project_unlink_locked(job);
	return job;
}

void project_lost_locked(bothy_project *project)
{
	project->lost++;
	if (project->lost >= project->pool->options.lost_per_project)
		ring_leave_locked(project);
}

void project_found_locked(bothy_project *project)
{
	project->lost--;
	ring_enter_locked(project);
}

/* ---- handles ------------------------------------------------------------------------------- */

int project_open(bothy_pool *pool, const char *entity, const char *project,
                 bothy_project **ret_project)
{
	struct project_name name;
	int error = project_name_init(&name, entity, project);

	if (error < 0)
		return error;
	lock_acquire(&pool->lock);
	error = pool->phase != POOL_OPEN ? -ESHUTDOWN
	                                 : project_get_locked(pool, &name, ret_project);
	lock_release(&pool->lock);
	project_name_fini(&name);
	return error;
}

void project_release(bothy_project *project)
{
	bothy_pool *pool;

	if (project == NULL || pool_check(project->pool) < 0)
		return;
	pool = project->pool;
	lock_acquire(&pool->lock);
	if (project_put_locked(project))
		pool_release_locked(pool);
	else
		lock_release(&pool->lock);
}
