/*
 * Kinds of jobs that wait for others: for their children, for jobs of other tenants, for
 * each other.
 *
 * A wait that the library does not let begin (-EAGAIN: no spare thread is left) is given
 * up, so that no job keeps its worker from the very jobs it waits for.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>

#include "stress/bodies.h"
#include "stress/hygiene.h"
#include "stress/ledger.h"
#include "stress/stress.h"
#include "stress/violation.h"

#define CHILDREN 3u

struct brood {
	struct task *tasks[CHILDREN]; /* whose outcome is still to be collected */
	bothy_future *futures[CHILDREN];
	unsigned count;
};

/* ---- spawning ------------------------------------------------------------------- */

static enum task_kind child_kind(struct visit *visit)
{
	unsigned draw = rng_below(&visit->rng, 16);

	if (draw == 0 && visit->task->depth < 2)
		return KIND_PARENT;
	if (draw == 1)
		return KIND_FAIL;
	if (draw == 2)
		return KIND_EXPIRED;
	return draw == 3 ? KIND_NESTER : KIND_WORK;
}

static struct task *claim_child(struct visit *visit, enum task_kind kind,
                                enum task_delivery delivery, unsigned i)
{
	const struct task *task = visit->task;
	uint64_t number = task->number | (uint64_t)(i + 1) << (58 - 3 * task->depth);
	struct task *child =
		task_claim(kind, task->tenant, number, rng_next(&visit->rng), delivery);

	if (child == NULL)
		return NULL;
	child->depth = task->depth + 1;
	child->parcel = rng_one_in(&visit->rng, 8);
	if (kind == KIND_EXPIRED)
		child->deadline = BOTHY_NOW;
	visit_keep(visit, &child->kept);
	return child;
}

static void set_object_ref(struct visit *visit, struct task *child, char mark)
{
	bothy_ref *ref = visit_make_ref(visit, visit->tenant, "fresh", mark);

	if (ref == NULL)
		return;
	violation_call("bothy_object_set_ref", bothy_object_set_ref(&child->object, ref));
	bothy_ref_release(ref);
}

/* The child will inherit a ref of an object that is gone when it looks ... */
static void set_fresh(struct visit *visit, struct task *child)
{
	bothy_object_init(&child->object);
	set_object_ref(visit, child, 's');
	child->fresh = true;
}

/* ... and another is in its place. */
static void replace_fresh(struct visit *visit, struct task *child)
{
	bothy_object_fini(&child->object);
	bothy_object_init(&child->object);
	set_object_ref(visit, child, 'o');
	atomic_store_explicit(&child->gate, true, memory_order_release);
}

static int submit_child(struct visit *visit, struct task *child, bothy_group *group,
                        bothy_completions *completions, bothy_future **ret_future)
{
	struct bothy_job job;
	struct parcel parcel;
	bool fresh = child->fresh;
	int error;

	task_describe(child, &job, &parcel);
	job.group = group;
	job.completions = completions;
	if (fresh)
		task_join(child); /* it may have ended before the gate is opened */
	task_offer(child);
	error = bothy_spawn(&job, ret_future);
	if (error == 0)
		ledger_count(LEDGER_SPAWNED);
	else if (error != -EAGAIN)
		violation_call("bothy_spawn", error);
	if (fresh) {
		replace_fresh(visit, child);
		if (error != 0)
			bothy_object_fini(&child->object);
		task_drop(child);
	}
	task_settle_offer(child, error);
	return error;
}

static void discard(struct task *child)
{
	keepsakes_release(&child->kept);
	task_drop(child);
}

/* 0, or what kept the I-th child from being spawned; then it is gone. */
static int spawn(struct visit *visit, struct brood *brood, enum task_kind kind,
                 enum task_delivery delivery, bothy_group *group, bothy_completions *completions)
{
	unsigned i = brood->count;
	struct task *child = claim_child(visit, kind, delivery, i);
	int error;

	if (child == NULL)
		return -ENOMEM;
	if (kind == KIND_WORK && rng_one_in(&visit->rng, 3))
		set_fresh(visit, child);
	if (group != NULL && kind != KIND_EXPIRED) {
		visit->task->marks[i] = 0;
		child->mark = &visit->task->marks[i];
		child->parent = visit->task;
		task_join(visit->task);
	}
	brood->tasks[i] = child;
	error = submit_child(visit, child, group, completions,
	                     delivery == DELIVERY_FUTURE ? &brood->futures[i] : NULL);
	if (error < 0) {
		if (child->parent != NULL)
			task_drop(child->parent);
		discard(child);
		return error;
	}
	brood->count++;
	return 0;
}

static void spawn_all(struct visit *visit, struct brood *brood, enum task_delivery delivery,
                      bothy_group *group, bothy_completions *completions)
{
	unsigned n = 1 + rng_below(&visit->rng, CHILDREN);

	for (unsigned i = 0; i < n; i++) {
		if (spawn(visit, brood, child_kind(visit), delivery, group, completions) < 0)
			break;
	}
}

/* ---- waiting -------------------------------------------------------------------- */

/* What a wait in a job returned: whether it was given up. */
static bool gave_up(const struct visit *visit, const char *call, int error)
{
	hygiene_after_wait(visit->task);
	if (error == -EAGAIN)
		ledger_count(LEDGER_NO_SPARE);
	else
		violation_call(call, error);
	return error != 0;
}

int body_wait(struct visit *visit, bothy_future *future)
{
	int error;

	hygiene_before_wait();
	error = bothy_future_wait(future, BOTHY_FOREVER);
	hygiene_after_wait(visit->task);
	if (error == -EAGAIN)
		ledger_count(LEDGER_NO_SPARE);
	return error;
}

static void wait_one(struct visit *visit, struct task *child, bothy_future *future)
{
	int error = body_wait(visit, future);

	if (error != 0 && error != -EAGAIN)
		violation_call("bothy_future_wait in a job", error);
	if (error == 0)
		task_collect(child, future);
	else
		task_collect_later(child, future);
}

static void wait_by_future(struct visit *visit)
{
	struct brood brood = {.count = 0};

	spawn_all(visit, &brood, DELIVERY_FUTURE, NULL, NULL);
	for (unsigned i = 0; i < brood.count; i++)
		wait_one(visit, brood.tasks[i], brood.futures[i]);
}

static void wait_for_all(struct visit *visit)
{
	struct brood brood = {.count = 0};
	bool later;

	spawn_all(visit, &brood, DELIVERY_FUTURE, NULL, NULL);
	hygiene_before_wait();
	later = gave_up(visit, "bothy_future_wait_all in a job",
	                bothy_future_wait_all(brood.futures, brood.count, BOTHY_FOREVER));
	for (unsigned i = 0; i < brood.count; i++) {
		if (later)
			task_collect_later(brood.tasks[i], brood.futures[i]);
		else
			task_collect(brood.tasks[i], brood.futures[i]);
	}
}

/* The children may be gone, and their tasks be others' by now. */
static void check_marks(const struct visit *visit, const bool *marked, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (marked[i] && visit->task->marks[i] != 1)
			violation(VIOLATION_UNSEEN,
			          "job %" PRIu64 ": expected its group's child %u "
			          "ended, it is not",
			          visit->task->number, i);
	}
}

static void wait_for_group(struct visit *visit)
{
	struct brood brood = {.count = 0};
	bool marked[CHILDREN] = {false};
	bothy_group *group;
	unsigned n = 1 + rng_below(&visit->rng, CHILDREN);

	if (violation_call("bothy_group_new", bothy_group_new(&group)))
		return;
	for (unsigned i = 0; i < n; i++) {
		enum task_kind kind = child_kind(visit);

		if (spawn(visit, &brood, kind, DELIVERY_FORGET, group, NULL) < 0)
			break;
		marked[i] = kind != KIND_EXPIRED;
	}
	hygiene_before_wait();
	if (!gave_up(visit, "bothy_group_wait in a job", bothy_group_wait(group, BOTHY_FOREVER)))
		check_marks(visit, marked, brood.count);
	bothy_group_release(group);
}

/* Outcomes that nobody will see, for their queue is released: they are certain. */
static void abandon(struct brood *brood)
{
	for (unsigned i = 0; i < brood->count; i++) {
		if (brood->tasks[i] == NULL)
			continue;
		ledger_count(ledger_outcome(task_certain_state(brood->tasks[i])));
		task_drop(brood->tasks[i]);
	}
}

static void delivered(struct brood *brood, const struct bothy_completion *completion)
{
	for (unsigned i = 0; i < brood->count; i++) {
		if (brood->tasks[i] == completion->tag) {
			brood->tasks[i] = NULL;
			task_collect_completion(completion);
			return;
		}
	}
	violation(VIOLATION_OUTCOME, "a completion: expected one of the queue's own, seen another");
}

static void wait_by_completions(struct visit *visit)
{
	struct brood brood = {.count = 0};
	struct bothy_completion completion;
	bothy_completions *completions;

	if (violation_call("bothy_completions_new", bothy_completions_new(&completions)))
		return;
	spawn_all(visit, &brood, DELIVERY_COMPLETION, NULL, completions);
	for (unsigned i = 0; i < brood.count; i++) {
		hygiene_before_wait();
		if (gave_up(visit, "bothy_completions_next in a job",
		            bothy_completions_next(completions, BOTHY_FOREVER, &completion)))
			break;
		delivered(&brood, &completion);
	}
	bothy_completions_release(completions);
	abandon(&brood);
}

static void wait_for_none(struct visit *visit)
{
	struct brood brood = {.count = 0};

	spawn_all(visit, &brood, DELIVERY_FORGET, NULL, NULL);
}

int body_parent(struct visit *visit, void **ret_result)
{
	static void (*const ways[])(struct visit *) = {
		wait_by_future, wait_by_future, wait_for_all,  wait_for_all,
		wait_for_group, wait_for_group, wait_for_none, wait_by_completions,
	};

	(void)ret_result;
	ways[rng_below(&visit->rng, 8)](visit);
	return 0;
}

/* ---- a child that ends its thread, and perhaps this job's ----------------------- */

struct heir {
	struct visit *visit;
	struct task *task;
	bothy_future *future;
};

/* Called in any case: when the child has run in place, it took this job along. */
static void collect_heir(void *arg)
{
	struct heir *heir = arg;

	visit_deferred(heir->visit);
	wait_one(heir->visit, heir->task, heir->future);
}

int body_sire(struct visit *visit, void **ret_result)
{
	struct heir *heir = bothy_context_alloc(sizeof(*heir));
	struct brood brood = {.count = 0};

	(void)ret_result;
	if (heir == NULL || spawn(visit, &brood, KIND_EXITER, DELIVERY_FUTURE, NULL, NULL) < 0)
		return 0;
	*heir = (struct heir){visit, brood.tasks[0], brood.futures[0]};
	if (visit_defer(visit, collect_heir, heir))
		(void)body_wait(visit, heir->future);
	return 0;
}

/* ---- others' jobs --------------------------------------------------------------- */

int body_waiter(struct visit *visit, void **ret_result)
{
	(void)ret_result;
	if (visit->task->awaited != NULL)
		wait_one(visit, visit->task->awaited_task, visit->task->awaited);
	return 0;
}

/* Its wait has an end, so without a spare thread it keeps its worker: with few of them such
 * jobs could keep all workers from the very jobs they wait for. */
int body_runner(struct visit *visit, void **ret_result)
{
	const struct tenant *tenant = tenant_other(&visit->rng, visit->tenant);
	struct task *other = task_claim(KIND_WORK, tenant, visit->task->number | UINT64_C(1) << 62,
	                                rng_next(&visit->rng), DELIVERY_HERE);
	struct bothy_job job;
	struct parcel parcel;
	void *result = NULL;
	int code;

	(void)ret_result;
	if (other == NULL)
		return 0;
	if (stress.options.spares > 0) {
		task_drop(other);
		return 0;
	}
	task_describe(other, &job, &parcel);
	job.handle = tenant->handle;
	task_offer(other);
	hygiene_before_wait();
	code = bothy_run(stress.pool, &job, bothy_after_ms(1000 * 1000), &result);
	hygiene_after_wait(visit->task);
	task_settle_offer(other, code == -EAGAIN ? code : 0);
	if (code == -EAGAIN)
		task_drop(other);
	else
		task_collect_here(other, code, result);
	return 0;
}

enum { KNOT_MS = 200 };

/* Of two jobs that wait for each other, at least one must not. */
int body_knot(struct visit *visit, void **ret_result)
{
	struct knot *knot = visit->task->knot;
	bothy_time given_up = bothy_after_ms(KNOT_MS);
	bothy_future *other;
	int error;

	(void)ret_result;
	while ((other = atomic_load(&knot->futures[1 - visit->task->knot_side])) == NULL) {
		/* The producer may be waiting for room, and all workers be in such loops. */
		if (bothy_after_ms(0) >= given_up)
			atomic_store(&knot->cut, true);
		if (atomic_load(&knot->cut))
			return 0;
		sched_yield();
	}
	error = body_wait(visit, other);
	if (error == -EDEADLK)
		ledger_count(LEDGER_CYCLES);
	if (error == -EDEADLK || error == -EAGAIN)
		atomic_fetch_add(&knot->given_up, 1);
	else
		violation_call("bothy_future_wait in a cycle", error);
	return 0;
}
