#include "pool/dirt.h"

#include "pool/hygiene.h"
#include "pool/process_state.h"
#include "pool/project.h"
#include "pool/starter.h"
#include "pool/tally.h"
#include "sync/cleanup.h"
#include "sync/testing.h"
#include "tls/client.h"
#include "tls/context.h"

void dirt_begin(struct worker *worker)
{
	if (!pool_is_strict(worker->pool))
		return;
	thread_state_read(starter_id(worker->pool->starter), &worker->base);
}

/* ---- looking ------------------------------------------------------------------------------ */

/* Put the thread right: what was not, and in *RET_LEFT what is not, of what was not known yet. */
static uint32_t put_thread_right(struct worker *worker, uint32_t *ret_left)
{
	uint32_t left = 0;
	uint32_t changed = thread_state_put(&worker->base, &left);

	changed &= ~(left & worker->stains);
	*ret_left = left & ~worker->stains;
	worker->stains |= left;
	return worker->own ? 0 : changed;
}

/* What of the process's own state WORKER's thread does not share. */
static uint32_t has_of_its_own(const struct worker *worker)
{
	uint32_t own = 0;

	if (worker->base.private_fs || (worker->stains & BOTHY_DIRT_PRIVATE_FS) != 0)
		own |= BOTHY_DIRT_CWD;
	if (worker->base.private_files || (worker->stains & BOTHY_DIRT_PRIVATE_FILES) != 0)
		own |= BOTHY_DIRT_STDIO;
	return own;
}

static uint32_t look_strictly(struct worker *worker, uint32_t *ret_left)
{
	uint32_t changed = put_thread_right(worker, ret_left);

	return changed | process_watch_look(&worker->pool->process, has_of_its_own(worker));
}

/* ---- telling ------------------------------------------------------------------------------ */

static void resume(void *suspended)
{
	context_resume(suspended);
}

static void call_user(const bothy_pool *pool, const struct bothy_dirt *dirt)
{
	if (pool->options.on_dirty == NULL)
		return;
	cleanup_push(resume, context_suspend());
	pool->options.on_dirty(pool->options.user, dirt);
	cleanup_pop(1);
}

/* What on_dirty has left is nobody's job's: it is put right, and that is all; but a thread that it
 * costs is counted. */
static void put_right_after_user(struct worker *worker)
{
	bothy_pool *pool = worker->pool;
	bool fit = worker->stains == 0;
	uint32_t left;

	(void)hygiene_reset();
	if (!pool_is_strict(pool))
		return;
	(void)put_thread_right(worker, &left);
	if (!fit || left == 0 || worker->own)
		return;
	lock_acquire(&pool->lock);
	tally_retired_locked(pool, NULL);
	lock_release(&pool->lock);
}

static void tell(struct worker *worker, bothy_project *project, struct bothy_dirt *dirt)
{
	bothy_pool *pool = worker->pool;

	dirt->size = sizeof(*dirt);
	if (project != NULL) {
		dirt->entity = project->client->entity;
		dirt->project = project->client->project;
	}
	lock_acquire(&pool->lock);
	tally_dirtied_locked(pool, project);
	if (dirt->retired)
		tally_retired_locked(pool, project);
	lock_release(&pool->lock);
	call_user(pool, dirt);
	if (worker_in_forked_child(worker))
		return;
	put_right_after_user(worker);
	/* It may have put back what is the process's: no job has done that. */
	if ((dirt->changed & BOTHY_DIRT_PROCESS) != 0)
		(void)process_watch_look(&pool->process, has_of_its_own(worker));
}

/* A thread of BOTHY_OWN_THREAD ends with its job, which may make of it what it likes. */
void dirt_look(struct worker *worker, uint32_t found, bothy_project *project, uint64_t context)
{
	bool fit = worker->stains == 0;
	uint32_t changed = worker->own ? 0 : found;
	uint32_t left = 0;
	struct bothy_dirt dirt;

	if (worker_in_forked_child(worker))
		return;
	if (pool_is_strict(worker->pool))
		changed |= look_strictly(worker, &left);
	/* What costs a thread is told in any case. */
	changed &= worker->pool->options.dirt_mask | left;
	if (changed == 0)
		return;
	dirt = (struct bothy_dirt){
		.context = context,
		.changed = changed,
		.restored = changed & ~(left | BOTHY_DIRT_PROCESS),
		.retired = left != 0 && fit && !worker->own,
	};
	tell(worker, project, &dirt);
}

/* ---- in place ------------------------------------------------------------------------------- */

bool dirt_set_aside(const struct worker *worker, struct thread_state *ret_found)
{
	uint32_t left = 0;

	thread_state_read(worker->base.reference, ret_found);
	(void)thread_state_put(&worker->base, &left);
	if (left != 0)
		dirt_take_back(ret_found);
	return left == 0;
}

void dirt_take_back(const struct thread_state *found)
{
	uint32_t left;

	(void)thread_state_put(found, &left);
}
