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
#include "pool/dirt.h"
#include "pool/family.h"
#include "pool/group.h"
#include "pool/hygiene.h"
#include "pool/project.h"
#include "pool/settle.h"
#include "pool/take.h"
#include "pool/tally.h"
#include "pool/wait.h"
#include "sync/atomic.h"
#include "sync/cleanup.h"
#include "sync/clock.h"
#include "sync/fork.h"
#include "sync/testing.h"
#include "tls/client.h"

/* ---- the outcome --------------------------------------------------------------------------- */

/* What fn said, as the future will tell it: 0, a positive error, or the stop reason. */
static unsigned phase_of_code(const struct run *run, int *ret_code)
{
	int code = run->code;

	*ret_code = code;
	if (PLANTED(CANCEL_SETTLES) && stop_reason(run->spec.stop) == -ECANCELED)
		return BOTHY_CANCELED;
	if (code == 0)
		return BOTHY_DONE;
	if (code < 0 && code == stop_reason(run->spec.stop))
		return code == -ETIMEDOUT ? BOTHY_TIMED_OUT : BOTHY_CANCELED;
	if (code < 0)
		*ret_code = code == INT_MIN ? INT_MAX : -code;
	return BOTHY_FAILED;
}

static unsigned phase_of(const struct run *run, int *ret_code)
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
	if (!run->spec.watched && run->spec.deadline != BOTHY_FOREVER &&
	    clock_now() >= run->spec.deadline) {
		*ret_code = -ETIMEDOUT;
		return BOTHY_TIMED_OUT;
	}
	return phase_of_code(run, ret_code);
}

/* Hand the result and the text over to the claimed job. */
static void give_outcome(struct run *run)
{
	bothy_future *job = run->job;

	if (!PLANTED(ERROR_TEXT_LOST)) {
		job->error_text = run->error_text;
		run->error_text = NULL;
	}
	if (run->phase == BOTHY_TIMED_OUT || run->phase == BOTHY_THREAD_EXITED)
		return;
	if (job_extra(job) != NULL && job_extra(job)->completions != NULL)
		job_extra(job)->delivered_result = run->result;
	else
		/* Relaxed: published by job_publish(). */
		atom_store(&job->result, run->result, relaxed);
	run->result = NULL;
}

/* After something of the user's: in a child that it has forked, no step is left to be done.  The job
 * may be gone. */
static void see_fork(struct run *run)
{
	if (run->generation != fork_generation())
		run->stage = RUN_LEAVES;
}

/* What nobody will have, also since the deadline was faster. */
static void drop_rest(struct run *run)
{
	free(run->error_text);
	run->error_text = NULL;
	if (run->result == NULL || PLANTED(LATE_RESULT_LEAKED))
		return;
	callback_run(run->job->result_free, run->result);
	see_fork(run);
}

/* ---- the end ----------------------------------------------------------------------------------- */

static void note_finish_error(const struct run *run)
{
	bothy_pool *pool = run->worker->pool;

	lock_acquire(&pool->lock);
	pool->stats.finish_failed += !PLANTED(FINISH_ERROR_LOST);
	pool->stats.finish_error = run->finish_error;
	lock_release(&pool->lock);
}

static void keep_books_in_place(const struct run *run)
{
	bothy_pool *pool = run->worker->pool;
	struct kicks kicks = KICKS_INITIALIZER;

	lock_acquire(&pool->lock);
	if (run->claimed)
		tally_ran_locked(run->job->project, run->phase);
	else
		tally_overdue_ended_locked(run->job->project);
	run->worker->hand.top = run->job->below;
	pool_jobs_ended_locked(pool, run->job->project, 1, &kicks);
	lock_release(&pool->lock);
	kicks_give(&kicks);
}

static void keep_books(const struct run *run)
{
	struct worker *worker = run->worker;

	if (worker == NULL)
		return;
	if (run->finish_error < 0)
		note_finish_error(run);
	if (run->in_place) {
		keep_books_in_place(run);
		return;
	}
	/* The one reading for a job: its end, and the start of the next. */
	worker->now = clock_stamp();
	hand_end(&worker->hand, run->phase, !run->claimed, worker->now);
}

static void settle(struct run *run)
{
	run->phase = phase_of(run, &run->outcome);
	if (PLANTED(FAILED_IS_DONE) && run->phase == BOTHY_FAILED)
		run->phase = BOTHY_DONE;
	run->claimed = job_move(run->job, BOTHY_RUNNING, JOB_CLAIMED, 0);
	if (run->claimed)
		give_outcome(run);
	keep_books(run);
	family_leave(run->job);
}

static void publish(struct run *run)
{
	if (run->claimed)
		settle_publish(run->job, run->phase, run->outcome, JOB_RUNS);
	else
		settle_ended(run->job);
	see_fork(run);
}

/* Whether RUN's job may stay in its group for as long as the worker has others in its hand:
 * no result of its would be kept with it. */
static bool may_leave_later(const struct run *run)
{
	const bothy_future *job = run->job;

	return run->worker != NULL && !run->in_place && run->claimed && job->result_free == NULL &&
	       job_extra(job) != NULL && job_extra(job)->group != NULL &&
	       job_extra(job)->inherited == NULL;
}

static void leave(struct run *run)
{
	bothy_future *job = run->job;

	if (may_leave_later(run)) {
		job->kept = run->worker->settled;
		run->worker->settled = job;
		return;
	}
	if (run->claimed || PLANTED(LATE_LEAVES_GROUP))
		group_leave(job); /* if not, the deadline was faster, and settles it first */
	job_release_to(job, run->worker != NULL ? &run->worker->spares : NULL);
}

static void end_context(struct run *run)
{
	int told = run->code;
	char *text = NULL;

	if (run->context->stage == CONTEXT_IDLE)
		return;
	if (run->exited)
		told = -EOWNERDEAD;
	else if (told == -EOWNERDEAD) /* what it returned: it has not ended the thread */
		told = EOWNERDEAD;
	run->finish_error = context_end(run->context, told, &text);
	run->error_text = text;
}

/* Whether STEP of RUN is still to be done; it is not any more. */
static bool comes_to(struct run *run, enum run_stage step)
{
	if (run->stage >= step)
		return false;
	run->stage = step;
	return true;
}

/* Tell what was FOUND, and what a strict look finds; a strict pool's context takes no memory to the
 * next job. */
static void look_at_thread(struct run *run, uint32_t found)
{
	struct worker *worker = run->worker;

	dirt_look(worker, found, run->job->project, run->refusal == 0 ? run->context->id : 0);
	see_fork(run);
	if (pool_is_strict(worker->pool))
		context_renew(run->context);
}

static void free_argument(struct run *run)
{
	if (run->job->arg_free == NULL || (PLANTED(ARG_KEPT_BY_EXIT) && run->exited))
		return;
	callback_run(run->job->arg_free, run->job->arg);
	see_fork(run);
}

static void put_thread_right(struct run *run)
{
	uint32_t found = hygiene_reset();

	if (run->worker != NULL && dirt_wants_look(run->worker, found) &&
	    comes_to(run, RUN_CHECKS))
		look_at_thread(run, found);
}

/* All that follows fn; again from where it was if it is cut short. */
static void finish_run(struct run *run)
{
	if (PLANTED(ARG_FREED_FIRST) && comes_to(run, RUN_FREES))
		callback_run(run->job->arg_free, run->job->arg);
	if (!PLANTED(SETTLED_BEFORE_REFS_GONE))
		end_context(run);
	see_fork(run);
	if (comes_to(run, RUN_FREES))
		free_argument(run);
	put_thread_right(run);
	if (comes_to(run, RUN_SETTLES))
		settle(run);
	if (comes_to(run, RUN_DROPS))
		drop_rest(run);
	if (comes_to(run, RUN_PUBLISHES))
		publish(run);
	if (PLANTED(SETTLED_BEFORE_REFS_GONE))
		end_context(run);
	if (comes_to(run, RUN_LEAVES))
		leave(run);
	run->stage = RUN_NONE;
}

void run_cut_short(struct run *run)
{
	if (run->stage == RUN_NONE)
		return;
	run->exited = true;
	finish_run(run);
}

/* ---- the beginning ------------------------------------------------------------------------------- */

static void call(struct run *run)
{
	bothy_future *job = run->job;

	if (run->refusal == 0)
		run->refusal = context_begin(run->context, &run->spec, &run->error_text);
	if (run->refusal == 0)
		run->code = job->fn(job->arg, &run->result);
	else
		run->code = run->refusal;
}

/* Do all of RUN, on a thread that may be as any is. */
static void run_all(struct run *run)
{
	(void)hygiene_reset();
	call(run);
	finish_run(run);
}

/* RUN is that of JOB, which is on top of WORKER's stack, in CONTEXT. */
static void run_init(struct run *run, struct worker *worker, bothy_future *job,
                     bothy_context *context)
{
	*run = (struct run){
		.stage = RUN_RUNS,
		.in_place = job->below != NULL,
		.generation = job->generation,
		.job = job,
		.worker = worker,
		.context = context,
		.spec =
			{
				.client = job->project->client,
				.inherited =
					job_extra(job) != NULL ? job_extra(job)->inherited : NULL,
				.fallback = worker->pool->options.refs,
				.flags = job->flags & (BOTHY_ENSURE_PROJECT | BOTHY_TRACE),
				.name = job->name,
				.deadline = job->deadline,
				.stop = &job->stop,
				.job = job,
				.watched = true,
			},
		.refusal = worker->start_error,
	};
	worker->start_error = 0;
}

void run_taken(struct run *run, struct worker *worker)
{
	run_init(run, worker, worker->hand.top, &worker->context);
	call(run);
	finish_run(run);
}

/* ---- in place -------------------------------------------------------------------------------------- */

/* What a job that runs in place of a wait needs. */
struct place {
	struct run run;
	bothy_context context;
};

static void leave_place(void *arg)
{
	struct place *place = arg;

	run_cut_short(&place->run);
	context_fini(&place->context);
}

/* On a thread that is as any job may find it, but for what hygiene_save() keeps. */
static bool run_in_fit_place(struct worker *worker, bothy_future *job)
{
	bothy_pool *pool = worker->pool;
	struct place place;
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
		take_in_place_locked(job, &kicks);
		(void)job_begun(job, worker->hand.top, 0);
		worker->hand.top = job;
		pool_wake_worker_locked(pool, &kicks); /* its place in a hand may be another's */
	}
	lock_release(&pool->lock);
	kicks_give(&kicks);
	if (!starts)
		return false;
	hygiene_save(&hygiene);
	context_init(&place.context);
	run_init(&place.run, worker, job, &place.context);
	cleanup_push(leave_place, &place);
	run_all(&place.run);
	cleanup_pop(1);
	hygiene_restore(&hygiene);
	return true;
}

static bool run_in_place_strictly(struct worker *worker, bothy_future *job)
{
	struct thread_state found; /* what the waiting job has made of the thread */
	bool ran;

	if (!dirt_set_aside(worker, &found))
		return false;
	ran = run_in_fit_place(worker, job);
	dirt_take_back(&found);
	return ran;
}

bool run_in_place(struct worker *worker, bothy_future *job)
{
	return pool_is_strict(worker->pool) ? run_in_place_strictly(worker, job)
	                                    : run_in_fit_place(worker, job);
}

/* ---- without a pool ---------------------------------------------------------------------------------- */

/* The one job of bothy_run_here(), and what it needs. */
struct here {
	bothy_client *client;
	bothy_future *job;
	struct run run;
	bothy_context context;
};

static void here_fini(void *arg)
{
	struct here *here = arg;

	run_cut_short(&here->run);
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
	error = job_new(spec, false, NULL, NULL, &here->job);
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

	/* The deadline that nobody watches outside is nobody's to watch inside, either. */
	if (!PLANTED(NESTED_OUTLASTS_JOB))
		job->deadline = wait_limit(job->deadline);
	here->run = (struct run){
		.stage = RUN_RUNS,
		.generation = job->generation,
		.job = job,
		.context = &here->context,
		.spec =
			{
				.client = here->client,
				.fallback = BOTHY_REFS_SAME_PROJECT,
				.flags = job->flags & (BOTHY_ENSURE_PROJECT | BOTHY_TRACE),
				.name = job->name,
				.deadline = job->deadline,
				/* In a job, its requests are this one's too. */
				.stop = outer != NULL && outer->stop != NULL ? outer->stop
	                                                                     : &job->stop,
				.watched = false,
			},
	};

	job_accept(job);
	(void)job_move(job, BOTHY_QUEUED, BOTHY_RUNNING, JOB_RUNS | JOB_STARTED);
	if (job->deadline != BOTHY_FOREVER && clock_now() >= job->deadline)
		here->run.refusal = -ETIMEDOUT;
	hygiene_save(&hygiene);
	run_all(&here->run);
	hygiene_restore(&hygiene);
}

int run_here(bothy_server *server, const struct bothy_job *spec, void **ret_result)
{
	struct here here = {.run = {.stage = RUN_NONE}};
	int code = here_init(&here, server, spec);

	if (code < 0)
		return code;
	cleanup_push(here_fini, &here);
	here_run(&here);
	code = job_check(here.job) < 0 ? -ECHILD : here.job->code;
	if (ret_result != NULL)
		/* Relaxed: this thread wrote it. */
		*ret_result = atom_swap(&here.job->result, NULL, relaxed);
	cleanup_pop(1);
	return code;
}
