/*
 * Submitting.
 *
 * A block is made and filled without the lock; with it the job is admitted, or refused and
 * released.  Until it is admitted it is in phase NEW, which nobody else can move, though
 * its group and its parent know it already.
 *
 * Locking: the pool's lock.  A submitter that waits for room parks with the lock released
 * (line.h).  Room that is handed to it is its own; what is not passed on yet (pool_room_locked())
 * is for whoever comes.
 */
#include "pool/submit.h"

#include <errno.h>

#include "pool/callback.h"
#include "pool/family.h"
#include "pool/future.h"
#include "pool/group.h"
#include "pool/project.h"
#include "pool/settle.h"
#include "pool/tally.h"
#include "pool/wait.h"
#include "pool/watchdog.h"
#include "pool/worker.h"
#include "sync/cleanup.h"
#include "sync/clock.h"
#include "sync/testing.h"
#include "tls/client.h"
#include "tls/context.h"

/* ---- room ---------------------------------------------------------------------------------- */

/* Wait until there is room for the caller, the pool closes, which it will see, or DEADLINE. */
static int block_locked(bothy_pool *pool, bothy_time deadline)
{
	struct blocked self = BLOCKED_INITIALIZER;
	int error = line_wait_locked(&pool->line, &self, pool, deadline);

	if (self.granted)
		pool->reserved--;
	return error;
}

static int room_locked(bothy_pool *pool, bothy_future *job)
{
	int error;

	if (pool_has_room_for_locked(pool) > 0)
		return 0;
	error = pool->options.when_full == BOTHY_BLOCK && pool_current() == NULL
	                ? block_locked(pool, job->deadline)
	                : -EAGAIN;
	job->since = clock_now();
	if (error < 0)
		tally_refused_locked(job->project);
	return error;
}

/* ---- admission -------------------------------------------------------------------------------- */

static bool is_inside(const bothy_pool *pool)
{
	const struct worker *worker = worker_current();

	return worker != NULL && worker->pool == pool && worker->hand.top != NULL;
}

static int open_locked(bothy_pool *pool)
{
	if (pool->phase == POOL_OPEN ||
	    (pool->phase == POOL_CLOSING && (is_inside(pool) || PLANTED(CLOSING_ACCEPTS))))
		return 0;
	return -ESHUTDOWN;
}

/* Whether the pool takes one more job of JOB's project now; it may wait for that. */
static int admission_locked(bothy_pool *pool, bothy_future *job, bool *ret_reserved)
{
	int error = limit_reserve_locked(job);

	if (error < 0)
		return error;
	*ret_reserved = true;
	error = open_locked(pool);
	if (error == 0)
		error = room_locked(pool, job);
	if (error == 0)
		error = open_locked(pool);
	if (error == 0 && job->deadline != BOTHY_FOREVER)
		error = watchdog_start_locked(pool);
	if (PLANTED(CLOSE_UNLOCKED)) {
		lock_release(&pool->lock);
		lock_acquire(&pool->lock);
	}
	return error;
}

/* A project for JOB, held for it: the handle, or by NAME. */
static int project_locked(bothy_pool *pool, const struct bothy_job *spec,
                          const struct project_name *name, bothy_future *job)
{
	if (spec->handle == NULL)
		return project_get_locked(pool, name, &job->project);
	spec->handle->holds++;
	job->project = spec->handle;
	return 0;
}

static void accept_locked(bothy_pool *pool, bothy_future *job, struct kicks *kicks)
{
	job_accept(job);
	project_push_locked(job);
	pool->live++;
	tally_submitted_locked(job->project);
	if (pool->staff_at != BOTHY_FOREVER)
		(void)worker_staff_locked(pool);
	pool_wake_worker_locked(pool, kicks);
	watchdog_queued_locked(pool, job->deadline, kicks);
}

/* JOB is refused: give up its project, and the room that was reserved for it in the pool. */
static void refuse_locked(bothy_pool *pool, bothy_future *job, struct kicks *kicks)
{
	pool_room_locked(pool, kicks);
	if (project_put_locked(job->project))
		pool->holds--; /* the caller has one */
	job->project = NULL;
}

static int admit_locked(bothy_pool *pool, bothy_future *job, struct kicks *kicks)
{
	bool reserved = false;
	int error = admission_locked(pool, job, &reserved);

	if (error == 0)
		accept_locked(pool, job, kicks);
	if (reserved)
		limit_unreserve_locked(job->project, kicks);
	if (error < 0)
		refuse_locked(pool, job, kicks);
	return error;
}

static int admit(bothy_pool *pool, const struct bothy_job *spec, const struct project_name *name,
                 bothy_future *job)
{
	struct kicks kicks = KICKS_INITIALIZER;
	int error;

	job->since = clock_stamp();
	/* Jobs that spawn are as many as there are workers, and would all be busy trying. */
	if (worker_current() == NULL)
		lock_acquire_soon(&pool->lock);
	else
		lock_acquire(&pool->lock);
	error = open_locked(pool);
	if (error == 0)
		error = project_locked(pool, spec, name, job);
	if (error == 0)
		error = admit_locked(pool, job, &kicks);
	lock_release(&pool->lock);
	wait_after_submit(kicks.n > 0);
	kicks_give(&kicks);
	if (error < 0)
		job_has_no_result(job);
	return error;
}

/* ---- jobs from outside -------------------------------------------------------------------------- */

static bothy_time deadline_of(const bothy_pool *pool, const struct bothy_job *spec)
{
	if (spec->deadline != 0)
		return spec->deadline;
	if (pool->options.default_timeout_ns == 0 || PLANTED(DEFAULT_TIMEOUT_UNUSED))
		return BOTHY_FOREVER;
	return clock_add(clock_now(), pool->options.default_timeout_ns);
}

/* Have JOB admitted.  Refused, its execution's hold is given up; accepted, *RET_FUTURE is a
 * hold if not NULL. */
static int enter(bothy_pool *pool, const struct bothy_job *spec, bothy_future *job,
                 bothy_future **ret_future)
{
	struct project_name name;
	int error = 0;

	if (spec->handle == NULL)
		error = project_name_init(&name, spec->entity, spec->project);
	if (error == 0) {
		if (ret_future != NULL)
			job_hold(job);
		group_add(job);
		error = admit(pool, spec, &name, job);
		if (error < 0) {
			group_leave(job);
			job_release(ret_future != NULL ? job : NULL);
		}
		if (spec->handle == NULL)
			project_name_fini(&name);
	}
	if (error < 0 && PLANTED(REFUSED_ARG_FREED))
		callback_run(job->arg_free, job->arg);
	if (error < 0) {
		family_leave(job);
		job_release(job);
		return error;
	}
	if (ret_future != NULL)
		*ret_future = job;
	return 0;
}

/* A child of PARENT, if that is not NULL. */
static int make(bothy_pool *pool, const struct bothy_job *spec, bothy_future *parent,
                bothy_future **ret_job)
{
	bothy_future *job;
	int error = job_new(spec, parent != NULL, worker_spares(), &pool->depot, &job);

	if (error < 0)
		return error;
	job->deadline = deadline_of(pool, spec);
	if (parent != NULL && parent->deadline < job->deadline && !PLANTED(CHILD_OUTLASTS_PARENT))
		job->deadline = parent->deadline;
	*ret_job = job;
	return 0;
}

int submit(bothy_pool *pool, const struct bothy_job *spec, bothy_future **ret_future)
{
	bothy_future *job;
	int error = make(pool, spec, NULL, &job);

	return error < 0 ? error : enter(pool, spec, job, ret_future);
}

/* The job whose context, or one entered inside it, the caller is in; NULL: none, as in a callback. */
static bothy_future *current_job(void)
{
	const struct worker *worker = worker_current();
	const bothy_context *context = context_current();

	return worker != NULL && context != NULL && context->job == worker->hand.top
	               ? worker->hand.top
	               : NULL;
}

/* As enter(), for a child of PARENT, if that is not NULL, which it has been joined to. */
static int enter_below(bothy_future *parent, bothy_pool *pool, const struct bothy_job *spec,
                       bothy_future *job, bothy_future **ret_future)
{
	int error = enter(pool, spec, job, ret_future);

	if (error < 0 || parent == NULL)
		return error;
	family_inherit_stop(parent);
	return pool_check(pool); /* its arg_free may have forked, and this be the child */
}

/* ---- submit and wait ------------------------------------------------------------------------------ */

/* JOB, run in place, has ended the thread. */
static void release(void *job)
{
	future_release(job);
}

int submit_and_wait(bothy_pool *pool, const struct bothy_job *spec, bothy_time deadline,
                    void **ret_result)
{
	bool lends_arg = spec->arg != NULL && spec->arg_bytes == 0 && spec->arg_free == NULL;
	bothy_future *parent = is_inside(pool) ? current_job() : NULL;
	bothy_future *job;
	int error = make(pool, spec, parent, &job);

	if (error < 0)
		return error;
	if (deadline < job->deadline)
		job->deadline = deadline;
	if (parent != NULL)
		family_join_run(parent, job);
	error = enter_below(parent, pool, spec, job, &job);
	if (error < 0)
		return error;
	cleanup_push(release, job);
	error = wait_all(&job, 1, BOTHY_FOREVER);
	cleanup_pop(0);
	if (error == -EAGAIN) { /* no spare thread: -EAGAIN must mean that JOB is the caller's */
		if (settle_withdraw(job)) {
			future_release(job);
			return error;
		}
		/* It has started, so it has a place of its own: this one may be kept. */
		error = wait_all(&job, 1, BOTHY_FOREVER - 1);
	}
	if (error < 0 && job_check(job) == 0)
		(void)family_cancel(job);
	if (lends_arg && job_check(job) == 0 && !PLANTED(RUN_LEAVES_ARGUMENT))
		wait_end(job);
	if (error == 0)
		error = future_result(job, ret_result);
	future_release(job);
	return error;
}

/* ---- children -------------------------------------------------------------------------------------- */

/* The job whose own context the caller is in. */
static int calling_job(bothy_future **ret_job)
{
	bothy_future *job = current_job();

	if (job == NULL)
		return -ENOENT;
	if (context_current()->entered)
		return -EPERM;
	*ret_job = job;
	return pool_check(worker_current()->pool);
}

/* What a child of JOB, whose context is current, starts with. */
static int inherit(bothy_future *child)
{
	bothy_context *context = context_current();

	if (table_count(&context->refs) == 0 && context->client->server == NULL)
		return 0;
	return capture_new(context, &job_extra(child)->inherited);
}

int submit_child(const struct bothy_job *spec, bothy_future **ret_future)
{
	struct bothy_job child_spec = *spec;
	bothy_future *parent, *child;
	bothy_pool *pool;
	int error = calling_job(&parent);

	if (error < 0)
		return error;
	pool = parent->project->pool;
	if (job_needs_server(spec) && pool->server == NULL)
		return -ENOTSUP;
	error = make(pool, spec, parent, &child);
	if (error < 0)
		return error;
	child_spec.handle = parent->project;
	error = inherit(child);
	if (pool_check(pool) < 0)
		return -ECHILD; /* the server has forked, and this is the child */
	if (error < 0) {
		job_release(child);
		return error;
	}
	family_join(parent, child);
	return enter_below(parent, pool, &child_spec, child, ret_future);
}
