/*
 * Running a job.
 *
 * Order
 *   context installed -> fn -> context ended (deferred functions, locals, the server's
 *   finish, refs, memory) and uninstalled -> argument freed -> thread put right -> the
 *   books -> the outcome published -> the execution's hold released.
 *
 * If anything of the user's ends the thread on the way, a cleanup handler goes on from
 * there; struct run says how far it had come.  Jobs run in place have a handler each, and
 * the innermost runs first.
 *
 * Locking: the pool's, for the books.  The outcome is the runner's to write once it has
 * claimed the job, which a deadline may have done before it.
 */
#include "pool/run.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "pool/callback.h"
#include "pool/family.h"
#include "pool/hygiene.h"
#include "pool/project.h"
#include "pool/settle.h"
#include "pool/take.h"
#include "pool/tally.h"
#include "sync/atomic.h"
#include "sync/cleanup.h"
#include "sync/clock.h"
#include "sync/testing.h"
#include "tls/client.h"

struct run {
	bothy_future *job;
	struct worker *worker; /* NULL: bothy_run_here() */
	bothy_context *context;
	const struct context_spec *spec;
	/* how far it has come */
	bool exited; /* something ended the thread */
	bool arg_freed;
	bool settling;
	int finish_error;      /* what the server's finish said */
	int refusal;           /* why fn was not called: a negative errno */
	int code;
	void *result;
	char *error_text;
};

/* ---- the outcome --------------------------------------------------------------------------- */

/* What fn said, as the future will tell it: 0, a positive error, or the stop reason. */
static unsigned phase_of_code(struct run *run, int *ret_code)
{
	int code = run->code;

	*ret_code = code;
	if (code == 0)
		return BOTHY_DONE;
	if (code < 0 && code == stop_reason(run->spec->stop))
		return code == -ETIMEDOUT ? BOTHY_TIMED_OUT : BOTHY_CANCELED;
	if (code < 0)
		*ret_code = code == INT_MIN ? INT_MAX : -code;
	return BOTHY_FAILED;
}

static unsigned phase_of(struct run *run, int *ret_code)
{
	if (run->exited) {
		*ret_code = -EOWNERDEAD;
		return BOTHY_THREAD_EXITED;
	}
	if (run->refusal < 0) {
		*ret_code = run->refusal;
		return BOTHY_FAILED;
	}
	/* Nobody watches such a deadline; for the others the watchdog decides. */
	if (!run->spec->watched && run->spec->deadline != BOTHY_FOREVER &&
	    clock_now() >= run->spec->deadline) {
		*ret_code = -ETIMEDOUT;
		return BOTHY_TIMED_OUT;
	}
	return phase_of_code(run, ret_code);
}

static void drop_result(struct run *run)
{
	if (run->result != NULL)
		callback_run(run->job->result_free, run->result);
}

/* Hand the result and the text over to the claimed job. */
static void give_outcome(struct run *run, unsigned phase)
{
	bothy_future *job = run->job;

	if (PLANTED(ERROR_TEXT_LOST))
		free(run->error_text);
	else
		job->error_text = run->error_text;
	if (phase == BOTHY_TIMED_OUT || phase == BOTHY_THREAD_EXITED) {
		drop_result(run);
		return;
	}
	if (job->extra != NULL && job->extra->completions != NULL)
		job->extra->delivered_result = run->result;
	else
		/* Relaxed: published by job_publish(). */
		atom_store(&job->result, run->result, relaxed);
}

/* The deadline was faster: nobody will take what the job made. */
static void drop_outcome(struct run *run)
{
	drop_result(run);
	free(run->error_text);
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void keep_books(struct run *run, bool claimed, unsigned phase)
{
	bothy_pool *pool = run->worker->pool;

	lock_acquire(&pool->lock);
	if (claimed)
		tally_ran_locked(run->job->project, phase);
	else
		tally_overdue_ended_locked(run->job->project);
	if (run->finish_error < 0) {
		pool->stats.finish_failed++;
		pool->stats.finish_error = run->finish_error;
	}
	run->worker->top = run->job->below;
	lock_release(&pool->lock);
}

static void settle_run(struct run *run)
{
	bothy_future *job = run->job;
	int code;
	unsigned phase = phase_of(run, &code);
	bool claimed = job_move(job, BOTHY_RUNNING, JOB_CLAIMED, 0);

	if (PLANTED(FAILED_IS_DONE) && phase == BOTHY_FAILED)
		phase = BOTHY_DONE;
	if (claimed)
		give_outcome(run, phase);
	else
		drop_outcome(run);
	if (run->worker != NULL)
		keep_books(run, claimed, phase);
	family_leave(job);
	if (claimed)
		settle_publish(job, phase, code, JOB_RUNS);
	else
		settle_ended(job);
	job_release(job);
}

static void end_context(struct run *run)
{
	int told = run->exited ? -EOWNERDEAD : run->code;
	char *text = NULL;

	if (run->context->stage == CONTEXT_IDLE)
		return;
	run->finish_error = context_end(run->context, told, &text);
	run->error_text = text;
}

/* In a child that the job has forked there is no pool to tell. */
static bool in_forked_child(const struct worker *worker)
{
	return worker != NULL && pool_check(worker->pool) < 0;
}

/* All that follows fn; again from where it was if it is cut short. */
static void finish_run(struct run *run)
{
	bothy_future *job = run->job;

	end_context(run);
	if (in_forked_child(run->worker))
		return;
	if (!run->arg_freed) {
		run->arg_freed = true;
		callback_run(job->arg_free, job->arg);
	}
	hygiene_reset();
	if (!run->settling) {
		run->settling = true;
		settle_run(run);
	}
}

static void cut_short(void *arg)
{
	struct run *run = arg;

	run->exited = true;
	finish_run(run);
}

/* ---- the beginning ------------------------------------------------------------------------------- */

static void call(struct run *run)
{
	bothy_future *job = run->job;

	if (run->refusal == 0)
		run->refusal = context_begin(run->context, run->spec, &run->error_text);
	if (run->refusal == 0)
		run->code = job->fn(job->arg, &run->result);
	else
		run->code = run->refusal;
}

static void run_all(struct run *run)
{
	hygiene_reset();
	cleanup_push(cut_short, run);
	call(run);
	finish_run(run);
	cleanup_pop(0);
}

/* Run JOB, which is worker->top, in CONTEXT. */
static void run_on_worker(struct worker *worker, bothy_future *job, bothy_context *context)
{
	struct context_spec spec = {
		.client = job->project->client,
		.inherited = job->extra != NULL ? job->extra->inherited : NULL,
		.fallback = worker->pool->options.refs,
		.flags = job->flags & (BOTHY_ENSURE_PROJECT | BOTHY_TRACE),
		.name = job->name,
		.deadline = job->deadline,
		.stop = &job->stop,
		.job = job,
		.watched = true,
	};
	struct run run = {
		.job = job,
		.worker = worker,
		.context = context,
		.spec = &spec,
		.refusal = worker->start_error,
	};

	worker->start_error = 0;
	run_all(&run);
}

void run_taken(struct worker *worker)
{
	bothy_future *job = worker->top;

	worker->ended = job->project; /* once it is settled */
	run_on_worker(worker, job, &worker->context);
}

/* ---- in place -------------------------------------------------------------------------------------- */

/* What a job that runs in place of a wait needs. */
struct place {
	bothy_project *project;
	bothy_context context;
};

static void leave_place(void *arg)
{
	struct place *place = arg;
	bothy_pool *pool = place->project->pool;
	struct kicks kicks = KICKS_INITIALIZER;

	context_fini(&place->context);
	if (pool_check(pool) < 0)
		return;
	lock_acquire(&pool->lock);
	pool_job_ended_locked(pool, place->project, &kicks);
	lock_release(&pool->lock);
	kicks_give(&kicks);
}

bool run_in_place(struct worker *worker, bothy_future *job)
{
	bothy_pool *pool = worker->pool;
	struct place place = {.project = job->project};
	struct kicks kicks = KICKS_INITIALIZER;
	struct hygiene hygiene;
	bool starts;

	/* Under the lock, or who stops all jobs would find it neither queued nor on the stack; who
	 * cancels the project's has the stacks behind it, and comes to JOB yet. */
	lock_acquire(&pool->lock);
	starts = job->project->cancelers == 0 && !limit_waits_locked(job->project) &&
	         job_move(job, BOTHY_QUEUED, BOTHY_RUNNING, JOB_RUNS | JOB_STARTED);
	if (PLANTED(IN_PLACE_UNLOCKED)) {
		lock_release(&pool->lock);
		lock_acquire(&pool->lock);
	}
	if (starts) {
		take_started_locked(pool, job, 0, &kicks);
		job->below = worker->top;
		worker->top = job;
	}
	lock_release(&pool->lock);
	kicks_give(&kicks);
	if (!starts)
		return false;

	hygiene_save(&hygiene);
	context_init(&place.context);
	cleanup_push(leave_place, &place);
	run_on_worker(worker, job, &place.context);
	cleanup_pop(1);
	hygiene_restore(&hygiene);
	return true;
}

/* ---- without a pool ---------------------------------------------------------------------------------- */

/* The one job of bothy_run_here(), and what it needs. */
struct here {
	bothy_client *client;
	bothy_future *job;
	bothy_context context;
};

static void here_fini(void *arg)
{
	struct here *here = arg;

	context_fini(&here->context);
	job_release(here->job);
	client_release(here->client);
}

static int here_init(struct here *here, bothy_server *server, const struct bothy_job *spec)
{
	int error = context_ready();

	if (error < 0)
		return error;
	error = client_new(server, spec->entity, spec->project, &here->client);
	if (error < 0)
		return error;
	error = job_new(spec, false, &here->job);
	if (error < 0) {
		client_release(here->client);
		return error;
	}
	job_hold(here->job); /* to read the outcome by */
	context_init(&here->context);
	return 0;
}

static void here_run(struct here *here)
{
	struct hygiene hygiene;
	bothy_context *outer = context_current();
	bothy_future *job = here->job;
	struct context_spec spec = {
		.client = here->client,
		.fallback = BOTHY_REFS_SAME_PROJECT,
		.flags = job->flags & (BOTHY_ENSURE_PROJECT | BOTHY_TRACE),
		.name = job->name,
		.deadline = job->deadline,
		/* In a job, its requests are this one's too. */
		.stop = outer != NULL && outer->stop != NULL ? outer->stop : &job->stop,
		.watched = false,
	};
	struct run run = {
		.job = job,
		.context = &here->context,
		.spec = &spec,
	};

	job_accept(job);
	(void)job_move(job, BOTHY_QUEUED, BOTHY_RUNNING, JOB_RUNS | JOB_STARTED);
	if (job->deadline != BOTHY_FOREVER && clock_now() >= job->deadline)
		run.refusal = -ETIMEDOUT;
	hygiene_save(&hygiene);
	run_all(&run);
	hygiene_restore(&hygiene);
}

int run_here(bothy_server *server, const struct bothy_job *spec, void **ret_result)
{
	struct here here;
	int code = here_init(&here, server, spec);

	if (code < 0)
		return code;
	cleanup_push(here_fini, &here);
	here_run(&here);
	code = here.job->code;
	if (ret_result != NULL)
		/* Relaxed: this thread wrote it. */
		*ret_result = atom_swap(&here.job->result, NULL, relaxed);
	cleanup_pop(1);
	return code;
}
