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
#include "pool/transitions.h"
#include "sync/atomic.h"
#include "sync/cleanup.h"
#include "sync/fork.h"
#include "sync/holds.h"
#include "sync/testing.h"

/* ---- phases ---------------------------------------------------------------------- */

/* The table of transitions.h: what it does not name is followed by nothing. */
#define TO(phase) (1u << (phase))
#define ROW(from, followers) [from] = (followers),
static const unsigned legal[JOB_PHASE + 1] = {TRANSITIONS};
#undef ROW
#undef TO

/* An illegal transition is a bug in this folder, after which no outcome can be trusted. */
static void check_legal(unsigned from, unsigned to)
{
	if ((legal[from] & 1u << to) == 0)
		__builtin_trap();
}

void job_accept(bothy_future *job)
{
	check_legal(JOB_NEW, BOTHY_QUEUED);
	/* Relaxed: it is the submitter's own.  Release: pairs with the acquire in job_move() and
	 * job_state(). */
	atom_store(&job->state,
	           BOTHY_QUEUED | (atom_load(&job->state, relaxed) & ~(unsigned)JOB_PHASE), release);
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

bool job_claim(bothy_future *job, bothy_future **chain)
{
	if (!job_move(job, BOTHY_QUEUED, JOB_CLAIMED, 0))
		return false;
	job_chain(job, chain);
	return true;
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

unsigned job_clear(bothy_future *job, unsigned bits)
{
	/* As job_publish(). */
	return atom_and(&job->state, ~bits, acq_rel) & ~bits;
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

static bothy_future *pop_spare(struct job_stack *stack)
{
	bothy_future *job = stack->first;

	if (job == NULL)
		return NULL;
	stack->first = job->kept;
	stack->n--;
	TESTING_COUNT(spares_taken);
	__builtin_prefetch(stack->first, 1);
	return job;
}

/* One of the thread's own SPARES, or else of the POOL's. */
static bothy_future *take_spare(struct job_spares *own, struct job_depot *depot, bool with_extra)
{
	bothy_future *job = own != NULL ? pop_spare(&own->of[with_extra]) : NULL;

	if (job != NULL || depot == NULL)
		return job;
	lock_acquire(&depot->lock);
	job = pop_spare(&depot->spares.of[with_extra]);
	lock_release(&depot->lock);
	return job;
}

int job_new(const struct bothy_job *spec, bool with_extra, struct job_spares *own,
            struct job_depot *depot, bothy_future **ret_job)
{
	size_t bytes = sizeof(bothy_future), arg_at;
	bothy_future *job = NULL;

	with_extra = with_extra || wants_extra(spec);
	if (with_extra)
		bytes += sizeof(struct job_extra);
	arg_at = align_up(bytes);
	if (spec->arg_bytes > PTRDIFF_MAX - arg_at)
		return -ENOMEM;
	if (spec->arg_bytes == 0)
		job = take_spare(own, depot, with_extra);
	if (job == NULL)
		job = malloc(spec->arg_bytes == 0 ? bytes : arg_at + spec->arg_bytes);
	if (job == NULL)
		return -ENOMEM;
	TESTING_COUNT(blocks_made);
	memset(job, 0, PLANTED(BLOCK_NOT_CLEARED) ? 0 : bytes);
	fill(job, spec);
	job->plain = spec->arg_bytes == 0;
	if (spec->arg_bytes != 0 && !PLANTED(ARG_NOT_COPIED)) {
		job->arg = (char *)job + arg_at;
		memcpy(job->arg, spec->arg, spec->arg_bytes);
	}
	if (with_extra) {
		job->with_extra = true;
		job_extra(job)->tag = spec->tag;
		job_extra(job)->group = spec->group;
		if (spec->completions != NULL) {
			job_extra(job)->completions = completions_hold(spec->completions);
			atomic_init(&job->state, JOB_NEW | JOB_DELIVERS);
		}
	}
	*ret_job = job;
	return 0;
}

/* Under the address sanitizer no block is used again, so that it sees who still uses the last
 * one's. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEPS_NO_SPARES 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(KEEPS_NO_SPARES)
enum { KEEPS_SPARES = 0 };
#else
enum { KEEPS_SPARES = 1 };
#endif

static void push_spare(struct job_stack *stack, bothy_future *job)
{
	job->kept = stack->first;
	stack->first = job;
	stack->n++;
	TESTING_COUNT(spares_kept);
}

static void move_stack(struct job_stack *from, struct job_stack *to)
{
	bothy_future *last = from->first;

	if (last == NULL || to->n + from->n > SPARES_MAX)
		return;
	while (last->kept != NULL)
		last = last->kept;
	last->kept = to->first;
	to->first = from->first;
	to->n += from->n;
	*from = (struct job_stack){0};
}

void job_depot_init(struct job_depot *depot)
{
	depot->spares = (struct job_spares){0};
	lock_init(&depot->lock);
}

void job_depot_fini(struct job_depot *depot)
{
	job_spares_fini(&depot->spares);
	lock_fini(&depot->lock);
}

void job_depot_give(struct job_depot *depot, struct job_spares *spares)
{
	lock_acquire(&depot->lock);
	move_stack(&spares->of[0], &depot->spares.of[0]);
	move_stack(&spares->of[1], &depot->spares.of[1]);
	lock_release(&depot->lock);
	job_spares_fini(spares);
}

void job_spares_fini(struct job_spares *spares)
{
	for (int i = 0; i < 2; i++)
		while (spares->of[i].first != NULL)
			free(pop_spare(&spares->of[i]));
}

/* The last hold's end calls the server. */
static void release_inherited(void *inherited)
{
	capture_free(inherited);
}

static void job_free(bothy_future *job, struct job_spares *spares)
{
	bool with_extra = job->with_extra;

	if (with_extra) {
		completions_release(job_extra(job)->completions);
		if (job_extra(job)->inherited != NULL)
			callback_run(release_inherited, job_extra(job)->inherited);
	}
	stop_fini(&job->stop);
	free(job->error_text);
	TESTING_COUNT(blocks_freed);
	if (KEEPS_SPARES && spares != NULL && job->plain && spares->of[with_extra].n < SPARES_MAX)
		push_spare(&spares->of[with_extra], job);
	else
		free(job);
}

void job_hold(bothy_future *job)
{
	/* Relaxed: whoever adds a hold has one already, or a lock that keeps one there. */
	(void)atom_add(&job->holds, 1, relaxed);
}

static bool drop_hold(bothy_future *job)
{
	bool torn = PLANTED(RELEASE_NOT_ATOMIC);

	/* Acquire: as of the subtraction.  The last holder is the only one who could add one. */
	if (!torn && atom_load(&job->holds, acquire) == 1)
		return true;
	return holds_drop_or_tear(&job->holds, torn);
}

void job_release(bothy_future *job)
{
	job_release_to(job, NULL);
}

static void free_cut_short(void *job)
{
	job_free(job, NULL);
}

/* Free a result that nobody has taken; JOB too, should that end the thread. */
static void drop_result(bothy_future *job, void *result)
{
	cleanup_push(free_cut_short, job);
	callback_run(job->result_free, result);
	cleanup_pop(0);
}

void job_release_to(bothy_future *job, struct job_spares *spares)
{
	void *result;

	if (job == NULL || !drop_hold(job))
		return;
	result = atom_load(&job->result, relaxed);
	if (result != NULL && !PLANTED(RESULT_LEAKED))
		drop_result(job, result);
	job_free(job, spares);
}

int job_check(const bothy_future *job)
{
	return job->generation == fork_generation() ? 0 : -ECHILD;
}
