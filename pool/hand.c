#include "pool/hand.h"

#include "pool/project.h"
#include "pool/tally.h"
#include "sync/clock.h"
#include "sync/testing.h"

void hand_init(struct hand *hand)
{
	lock_init(&hand->lock);
}

void hand_fini(struct hand *hand)
{
	lock_fini(&hand->lock);
}

/* ---- jobs come and go --------------------------------------------------------------------- */

void hand_add_locked(struct hand *hand, bothy_project *project, unsigned n)
{
	int64_t charged = charge_begin_locked(project, n);

	for (unsigned i = 0; i < n; i++) {
		struct slot *slot = &hand->slots[hand->count++];

		slot->state = SLOT_HANDED;
		slot->timed = false;
		slot->job = order_first(&project->order);
		slot->charge = (struct charge){
			.project = project,
			.charged = charged,
			.weight = project->flow.weight,
			.cpu = project->options.charge == BOTHY_CHARGE_CPU,
		};
		project_hand_locked(slot->job, hand);
	}
	tally_handed_locked(project, n);
	project_update_locked(project);
}

/* SLOT's job is in no hand any more, and not started. */
static void undo_locked(struct slot *slot)
{
	bothy_future *job = slot->job;

	slot->state = SLOT_FREE;
	slot->job = NULL;
	job->place = JOB_NOWHERE;
	tally_handed_back_locked(job->project);
	charge_undo_locked(&slot->charge);
}

void hand_drop_locked(bothy_future *job)
{
	struct hand *hand = job->queue.hand;

	lock_acquire(&hand->lock);
	for (unsigned i = 0; i < hand->count; i++)
		if (hand->slots[i].state == SLOT_HANDED && hand->slots[i].job == job &&
		    !PLANTED(HAND_NOT_EMPTIED))
			undo_locked(&hand->slots[i]);
	lock_release(&hand->lock);
}

void hand_recall_locked(struct hand *hand)
{
	while (hand->count > hand->next && !PLANTED(HAND_KEPT)) {
		struct slot *slot = &hand->slots[--hand->count];
		bothy_future *job = slot->job;

		if (slot->state != SLOT_HANDED)
			continue;
		undo_locked(slot);
		if (PLANTED(RECALL_FORGETS) && hand->count > hand->next)
			continue;
		project_push_back_locked(job);
	}
}

bothy_time hand_soonest_locked(const struct hand *hand)
{
	bothy_time soonest = BOTHY_FOREVER;

	for (unsigned i = hand->next; i < hand->count; i++) {
		const struct slot *slot = &hand->slots[i];

		if (slot->state == SLOT_HANDED && slot->job->deadline < soonest)
			soonest = slot->job->deadline;
	}
	return soonest;
}

void hand_move_locked(struct hand *from, struct hand *to)
{
	to->slots[0] = from->slots[0];
	to->slots[0].job->queue.hand = to;
	to->count = 1;
	to->filled_at = from->filled_at;
	from->count = 0;
}

/* ---- the worker's part -------------------------------------------------------------------- */

/* NOW may be some time ago, so that it settles this only for deadlines that are far. */
static bool is_past(const bothy_future *job, bothy_time now)
{
	enum { FAR_NS = 1000 * 1000 * 1000 };

	return job->deadline - now < FAR_NS && clock_now() >= job->deadline &&
	       !PLANTED(EXPIRED_RUNS);
}

/* Start SLOT's job, unless it is too late, or somebody has claimed it, who will come for it. */
static bool start_locked(struct slot *slot, bothy_time now, bothy_future **expired)
{
	bothy_future *job = slot->job;

	if (slot->state != SLOT_HANDED)
		return false;
	if (is_past(job, now)) {
		(void)job_claim(job, expired);
		return false;
	}
	if (!job_move(job, BOTHY_QUEUED, BOTHY_RUNNING, JOB_RUNS | JOB_STARTED))
		return false;
	slot->state = SLOT_RUNS;
	slot->waited = job_begun(job, NULL, now);
	charge_start(&slot->charge, now);
	return true;
}

bothy_future *hand_start(struct hand *hand, bothy_time now, bothy_future **expired)
{
	bothy_future *job = NULL;

	lock_acquire(&hand->lock);
	while (job == NULL && *expired == NULL && hand->next < hand->count) {
		struct slot *slot = &hand->slots[hand->next++];

		if (start_locked(slot, now, expired))
			job = slot->job;
	}
	if (job != NULL)
		hand->top = job;
	lock_release(&hand->lock);
	return job;
}

struct slot *hand_running(struct hand *hand)
{
	return &hand->slots[hand->next - 1];
}

void hand_end(struct hand *hand, unsigned phase, bool overdue, bothy_time now)
{
	struct slot *slot = hand_running(hand);

	lock_acquire(&hand->lock);
	charge_stop(&slot->charge, now);
	slot->state = overdue ? SLOT_OVERDUE_ENDED : SLOT_ENDED;
	slot->phase = phase;
	hand->top = NULL;
	lock_release(&hand->lock);
}

/* ---- the books ---------------------------------------------------------------------------- */

static bool has_ended(const struct slot *slot)
{
	return slot->state == SLOT_ENDED || slot->state == SLOT_OVERDUE_ENDED;
}

static void record_times_locked(struct hand *hand)
{
	struct lock *lock = NULL;

	for (unsigned i = 0; i < hand->next; i++) {
		struct slot *slot = &hand->slots[i];

		if (!has_ended(slot) || slot->timed)
			continue;
		if (lock == NULL) {
			lock = &slot->charge.project->pool->times_lock;
			lock_acquire(lock);
		}
		tally_times_locked(slot->charge.project, slot->waited, slot->charge.ran);
		slot->timed = !PLANTED(TIMED_TWICE);
	}
	if (lock != NULL)
		lock_release(lock);
}

void hand_record_times(struct hand *hand)
{
	lock_acquire(&hand->lock);
	record_times_locked(hand);
	lock_release(&hand->lock);
}

/* What is folded of one project and weight, one after the other. */
struct fold {
	bothy_project *project; /* or NULL */
	unsigned n, weight;
	int64_t charged, took;
};

static void fold_end_locked(struct fold *fold, struct kicks *kicks)
{
	if (fold->project == NULL)
		return;
	charge_end_locked(fold->project, fold->n, fold->charged, fold->weight, fold->took);
	pool_jobs_ended_locked(fold->project->pool, fold->project, fold->n, kicks);
	*fold = (struct fold){.project = NULL};
}

static void fold_slot_locked(struct slot *slot, struct fold *fold, struct kicks *kicks)
{
	bothy_project *project = slot->charge.project;

	if (fold->project != project || fold->weight != slot->charge.weight)
		fold_end_locked(fold, kicks);
	if (slot->state == SLOT_ENDED)
		tally_hand_ran_locked(project, slot->phase);
	else
		tally_overdue_ended_locked(project);
	if (!PLANTED(FOLDED_TWICE))
		slot->state = SLOT_FREE;
	fold->project = project;
	fold->weight = slot->charge.weight;
	fold->n++;
	fold->charged += slot->charge.charged;
	fold->took += slot->charge.took;
}

void hand_fold_locked(struct hand *hand, struct kicks *kicks)
{
	struct fold fold = {.project = NULL};

	record_times_locked(hand);
	for (unsigned i = 0; i < hand->next; i++) {
		struct slot *slot = &hand->slots[i];

		if (slot->state == SLOT_HANDED)
			undo_locked(slot); /* somebody has claimed it, and will come */
		else if (has_ended(slot))
			fold_slot_locked(slot, &fold, kicks);
	}
	fold_end_locked(&fold, kicks);
}

void hand_clear_locked(struct hand *hand, struct kicks *kicks)
{
	hand_fold_locked(hand, kicks);
	hand->next = hand->count = 0;
}

void hand_read_locked(struct hand *hand, const bothy_project *project, uint64_t *queued,
                      uint64_t *running, struct kicks *kicks)
{
	lock_acquire(&hand->lock);
	hand_fold_locked(hand, kicks);
	for (unsigned i = 0; i < hand->count; i++) {
		const struct slot *slot = &hand->slots[i];

		if (project != NULL && slot->charge.project != project)
			continue;
		*queued += slot->state == SLOT_HANDED;
		*running += slot->state == SLOT_RUNS;
	}
	lock_release(&hand->lock);
}
