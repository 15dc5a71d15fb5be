/*
 * Blocks and phases of jobs.
 *
 * Locking: none.  `state` and `holds` are atomic; job.h says what guards the rest.
 */
#include "pool/job.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "pool/callback.h"
#include "pool/completions.h"
#include "pool/group.h"
#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/testing.h"

/* ---- phases ---------------------------------------------------------------------- */

#define TO(phase) (1u << (phase))
#define SETTLED                                                                          \
	(TO(BOTHY_DONE) | TO(BOTHY_FAILED) | TO(BOTHY_CANCELED) | TO(BOTHY_EXPIRED) |    \
	 TO(BOTHY_TIMED_OUT) | TO(BOTHY_THREAD_EXITED))

/* The legal transitions: from each phase, the phases that may follow. */
static const unsigned legal[] = {
	[BOTHY_QUEUED] = TO(BOTHY_RUNNING) | TO(JOB_CLAIMED),
	[BOTHY_RUNNING] = TO(JOB_CLAIMED),
	[BOTHY_DONE] = 0,
	[BOTHY_FAILED] = 0,
	[BOTHY_CANCELED] = 0,
	[BOTHY_EXPIRED] = 0,
	[BOTHY_TIMED_OUT] = 0,
	[BOTHY_THREAD_EXITED] = 0,
	[JOB_CLAIMED] = SETTLED,
	[JOB_NEW] = TO(BOTHY_QUEUED),
};

/* An illegal transition is a bug in this folder, after which no outcome can be trusted. */
static void check_legal(unsigned from, unsigned to)
{
	if ((legal[from] & TO(to)) == 0)
		__builtin_trap();
}

void job_accept(bothy_future *job)
{
	check_legal(JOB_NEW, BOTHY_QUEUED);
	/* Release: pairs with the acquire in job_move() and job_state(). */
	atom_store(&job->state, BOTHY_QUEUED, release);
}

/* For tests: what a compare-and-swap is there to prevent. */
static bool move_without_atomicity(bothy_future *job, unsigned from, unsigned to, unsigned bits)
{
	unsigned state = atom_load(&job->state, acquire);

	if (job_phase(state) != from)
		return false;
	atom_store(&job->state, (state & ~(unsigned)JOB_PHASE) | to | bits, release);
	return true;
}

bool job_move(bothy_future *job, unsigned from, unsigned to, unsigned bits)
{
	unsigned state;

	check_legal(from, to);
	if ((PLANTED(START_NOT_ATOMIC) && to == BOTHY_RUNNING) ||
	    (PLANTED(CANCEL_NOT_ATOMIC) && from == BOTHY_QUEUED && to == JOB_CLAIMED) ||
	    (PLANTED(EXPIRY_NOT_ATOMIC) && from == BOTHY_RUNNING))
		return move_without_atomicity(job, from, to, bits);

	state = atom_load(&job->state, relaxed);
	while (job_phase(state) == from) {
		/* Acquire: pairs with the release of the move before; release: with the
		 * acquire in job_state(). */
		if (atom_cas(&job->state, &state, (state & ~(unsigned)JOB_PHASE) | to | bits,
		             acq_rel))
			return true;
	}
	return false;
}

unsigned job_publish(bothy_future *job, unsigned phase, unsigned drop)
{
	unsigned state = atom_load(&job->state, relaxed);

	for (;;) {
		unsigned settled = (state & ~(JOB_PHASE | drop)) | phase;

		check_legal(job_phase(state), phase);
		/* Release: the outcome is there for who acquires this; acquire: pairs with
		 * the release in settle_watch(). */
		if (atom_cas(&job->state, &state, settled, acq_rel))
			return settled;
	}
}

unsigned job_state(bothy_future *job)
{
	/* Acquire: pairs with the release in job_move() and in settle.c. */
	return atom_load(&job->state, acquire);
}

/* ---- blocks ------------------------------------------------------------------------ */

static size_t align_up(size_t bytes)
{
	return (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

static bool wants_extra(const struct bothy_job *spec)
{
	return spec->group != NULL || spec->completions != NULL;
}

static void fill(bothy_future *job, const struct bothy_job *spec)
{
	job->fn = spec->fn;
	job->arg = spec->arg;
	job->arg_free = spec->arg_free;
	job->result_free = spec->result_free;
	job->deadline = spec->deadline != 0 ? spec->deadline : BOTHY_FOREVER;
	job->priority = (int8_t)spec->priority;
	job->flags = (uint16_t)spec->flags;
	job->name = spec->name;
	job->generation = fork_generation();
	job->family = (uint8_t)fork_stripe(job);
	atomic_init(&job->state, JOB_NEW);
	atomic_init(&job->holds, 1);
}

int job_new(const struct bothy_job *spec, bool with_extra, bothy_future **ret_job)
{
	size_t extra_at = align_up(sizeof(bothy_future));
	size_t arg_at = extra_at;
	bothy_future *job;

	with_extra = with_extra || wants_extra(spec);
	if (with_extra)
		arg_at += align_up(sizeof(struct job_extra));
	if (spec->arg_bytes > PTRDIFF_MAX - arg_at)
		return -ENOMEM;
	job = malloc(arg_at + spec->arg_bytes);
	if (job == NULL)
		return -ENOMEM;
	TESTING_COUNT(blocks_made);
	memset(job, 0, arg_at);
	fill(job, spec);
	if (spec->arg_bytes != 0) {
		job->arg = (char *)job + arg_at;
		memcpy(job->arg, spec->arg, spec->arg_bytes);
	}
	if (with_extra) {
		job->extra = (struct job_extra *)((char *)job + extra_at);
		job->extra->tag = spec->tag;
		if (spec->group != NULL)
			job->extra->group = group_hold(spec->group);
		if (spec->completions != NULL)
			job->extra->completions = completions_hold(spec->completions);
	}
	*ret_job = job;
	return 0;
}

static void job_free(bothy_future *job)
{
	if (job->extra != NULL) {
		group_release(job->extra->group);
		completions_release(job->extra->completions);
		capture_release(job->extra->inherited);
	}
	stop_fini(&job->stop);
	free(job->error_text);
	free(job);
	TESTING_COUNT(blocks_freed);
}

void job_hold(bothy_future *job)
{
	/* Relaxed: whoever adds a hold has one already, or a lock that keeps one there. */
	(void)atom_add(&job->holds, 1, relaxed);
}

static bool drop_hold(bothy_future *job)
{
	if (PLANTED(RELEASE_NOT_ATOMIC)) {
		unsigned holds = atom_load(&job->holds, acquire);

		atom_store(&job->holds, holds - 1, release);
		return holds == 1;
	}
	/* Release: what this holder did to the block; acquire: what the others did, before
	 * the last one frees it. */
	return atom_sub(&job->holds, 1, acq_rel) == 1;
}

void job_release(bothy_future *job)
{
	void *result;

	if (job == NULL || !drop_hold(job))
		return;
	result = atom_load(&job->result, relaxed);
	if (result != NULL && !PLANTED(RESULT_LEAKED))
		callback_run(job->result_free, result);
	job_free(job);
}

int job_check(const bothy_future *job)
{
	return job->generation == fork_generation() ? 0 : -ECHILD;
}
