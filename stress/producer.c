/*
 * Each producer draws what it does from a generator of its own.  What it waits for, and
 * when, hangs on the pool; but nothing is drawn for that.
 */
#include "stress/producer.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "stress/bodies.h"
#include "stress/canceler.h"
#include "stress/ledger.h"
#include "stress/stress.h"
#include "stress/violation.h"

#define WINDOW 512u     /* futures at once */
#define BATCH 256u      /* jobs of a group */
#define MANY 8u         /* jobs of one bothy_submit_many() */
#define TOO_MANY 1000ul /* violations: it is of no use to go on */

struct pending {
	struct task *task;
	bothy_future *future;
	unsigned how; /* drawn: how it is waited for */
};

struct producer {
	pthread_t thread;
	unsigned index;
	uint64_t jobs, made;
	struct rng rng;
	struct pending window[WINDOW]; /* a ring */
	unsigned first, pending;
	bothy_completions *completions;
	_Atomic unsigned due; /* deliveries to come */
	bothy_group *group;
	unsigned counted; /* jobs of the group since the last wait */
	unsigned char marks[BATCH];
	bool marked[BATCH];
};

/* How one job is submitted. */
struct plan {
	enum task_kind kind;
	enum task_delivery delivery;
	uint64_t seed;
	const struct tenant *tenant;
	unsigned flags;
	unsigned how; /* drawn: what is left to the one who collects or cancels */
	bool here, by_handle, grouped, parcel;
};

/* ---- collecting ----------------------------------------------------------------- */

static void wait_outside(bothy_future *future, unsigned how)
{
	int error;

	switch (how % 4) {
	case 0: /* look, and look again */
		while ((error = bothy_future_wait(future, BOTHY_NOW)) == -ETIMEDOUT)
			sched_yield();
		break;
	case 1: /* for a short time, and again */
		while ((error = bothy_future_wait(future, stress_now() + 200000)) == -ETIMEDOUT)
			;
		break;
	default:
		error = bothy_future_wait(future, BOTHY_FOREVER);
		break;
	}
	violation_call("bothy_future_wait", error);
}

static void collect_first(struct producer *producer)
{
	struct pending pending = producer->window[producer->first];

	producer->first = (producer->first + 1) % WINDOW;
	producer->pending--;
	if (pending.task->kind == KIND_CANCELED && pending.how & 4)
		(void)bothy_future_cancel(pending.future);
	wait_outside(pending.future, pending.how);
	if (pending.task->kind == KIND_STOPPED)
		canceler_wait(pending.task);
	task_collect(pending.task, pending.future);
}

/* Wait for up to 16 at once, then collect them. */
static void collect_many(struct producer *producer)
{
	bothy_future *futures[16] = {NULL};
	unsigned n = producer->pending < 16 ? producer->pending : 16;

	for (unsigned i = 0; i < n; i++)
		futures[i] = producer->window[(producer->first + i) % WINDOW].future;
	violation_call("bothy_future_wait_all", bothy_future_wait_all(futures, n, BOTHY_FOREVER));
	for (unsigned i = 0; i < n; i++)
		collect_first(producer);
}

/* Whether a delivery came by DEADLINE. */
static bool collect_delivery(struct producer *producer, bothy_time deadline)
{
	struct bothy_completion completion;
	int error = bothy_completions_next(producer->completions, deadline, &completion);

	if (error == -ETIMEDOUT)
		return false;
	if (violation_call("bothy_completions_next", error))
		return false;
	atomic_fetch_sub(&producer->due, 1);
	task_collect_completion(&completion);
	return true;
}

/* Something is full: make room. */
static void relieve(struct producer *producer)
{
	while (collect_delivery(producer, BOTHY_NOW))
		;
	if (producer->pending > WINDOW / 2)
		collect_many(producer);
	else if (producer->pending > 0)
		collect_first(producer);
	else
		sched_yield();
}

static void push(struct producer *producer, struct task *task, bothy_future *future, unsigned how)
{
	unsigned at = (producer->first + producer->pending++) % WINDOW;

	producer->window[at] = (struct pending){task, future, how};
}

/* ---- groups --------------------------------------------------------------------- */

static void wait_for_group(struct producer *producer)
{
	violation_call("bothy_group_wait", bothy_group_wait(producer->group, BOTHY_FOREVER));
	for (unsigned i = 0; i < producer->counted; i++) {
		if (producer->marked[i] && producer->marks[i] != 1)
			violation(VIOLATION_UNSEEN,
			          "bothy_group_wait: expected all jobs ended, seen "
			          "one that is not");
	}
	memset(producer->marks, 0, sizeof(producer->marks));
	memset(producer->marked, 0, sizeof(producer->marked));
	producer->counted = 0;
}

static void join_group(struct producer *producer, struct task *task, struct bothy_job *job)
{
	unsigned i = producer->counted++;

	job->group = producer->group;
	if (task_must_run(task, task_certain_state(task))) {
		task->mark = &producer->marks[i];
		producer->marked[i] = true;
	}
}

/* ---- plans ---------------------------------------------------------------------- */

static enum task_kind draw_kind(struct rng *rng)
{
	unsigned draw = rng_below(rng, 100000);

	if (stress.options.honest)
		return (enum task_kind)(draw % 4 ? KIND_WORK : draw / 4 % KIND_STOPPED);
	if (stress.options.even)
		return (enum task_kind)(draw % KIND_LAST);
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		unsigned weight = task_kind_weight((enum task_kind)kind);

		if (draw < weight)
			return (enum task_kind)kind;
		draw -= weight;
	}
	return KIND_WORK;
}

static bool can_run_here(enum task_kind kind)
{
	return kind == KIND_WORK || kind == KIND_FAIL || kind == KIND_NESTER ||
	       kind == KIND_CAPTURER;
}

static enum task_delivery draw_delivery(struct rng *rng, enum task_kind kind)
{
	unsigned draw = rng_below(rng, 64);
	const struct task probe = {.kind = kind};

	if (kind == KIND_STOPPED)
		return DELIVERY_FUTURE;
	if (!task_is_certain(&probe))
		return draw % 2 ? DELIVERY_FUTURE : DELIVERY_COMPLETION;
	if (draw == 0)
		return DELIVERY_HERE;
	if (draw < 24)
		return DELIVERY_FORGET;
	if (draw < 40)
		return DELIVERY_FUTURE;
	return draw < 52 ? DELIVERY_COMPLETION : DELIVERY_NOTIFIED;
}

static unsigned draw_flags(struct rng *rng, enum task_kind kind)
{
	if (kind == KIND_UNMADE || rng_one_in(rng, 16))
		return BOTHY_ENSURE_PROJECT | (kind == KIND_OWNER ? BOTHY_OWN_THREAD : 0);
	return kind == KIND_OWNER ? BOTHY_OWN_THREAD : 0;
}

static void draw_plan(struct rng *rng, enum task_kind kind, struct plan *plan)
{
	*plan = (struct plan){.kind = kind, .seed = rng_next(rng)};
	plan->tenant = kind == KIND_UNMADE ? tenant_unmade() : tenant_random(rng);
	plan->delivery = draw_delivery(rng, kind);
	plan->flags = draw_flags(rng, kind);
	plan->how = rng_below(rng, 256);
	plan->here = plan->delivery == DELIVERY_HERE && can_run_here(kind) && rng_one_in(rng, 2);
	plan->by_handle = rng_one_in(rng, 2) && kind != KIND_UNMADE && !plan->here;
	plan->grouped = plan->delivery == DELIVERY_FORGET && rng_one_in(rng, 2);
	plan->parcel = rng_one_in(rng, 8);
	if (plan->here)
		plan->flags = 0;
}

static bothy_time deadline_for(const struct plan *plan)
{
	switch (plan->kind) {
	case KIND_EXPIRED:
		return plan->how & 1 ? BOTHY_NOW : stress_now() - 1;
	case KIND_RUSHED:
		return stress_now() + plan->how * (body_delay_ns() / 128 + 1000);
	case KIND_OUTLIVER:
	case KIND_STUCK: {
		int64_t delay = 2 * body_delay_ns() + 1000000;

		return stress_now() + (delay < 200000000 ? delay : 200000000);
	}
	default:
		return plan->how == 0 ? BOTHY_FOREVER : 0;
	}
}

/* ---- submitting ----------------------------------------------------------------- */

static struct task *claim(struct producer *producer, const struct plan *plan)
{
	uint64_t number = ((uint64_t)producer->index << 40) + ++producer->made;
	struct task *task;

	while ((task = task_claim(plan->kind, plan->tenant, number, plan->seed, plan->delivery)) ==
	       NULL)
		relieve(producer);
	task->here = plan->here;
	task->parcel = plan->parcel;
	task->deadline = deadline_for(plan);
	if (plan->kind == KIND_STOPPED && plan->how & 1) {
		task->children = producer->completions;
		task->children_due = &producer->due;
	}
	return task;
}

static void describe(struct producer *producer, const struct plan *plan, struct task *task,
                     struct bothy_job *ret_job, struct parcel *parcel)
{
	task_describe(task, ret_job, parcel);
	ret_job->flags = plan->flags;
	if (plan->by_handle) {
		ret_job->handle = plan->tenant->handle;
	} else {
		ret_job->entity = plan->tenant->entity;
		ret_job->project = plan->tenant->project;
	}
	if (plan->grouped)
		join_group(producer, task, ret_job);
	if (plan->delivery == DELIVERY_COMPLETION)
		ret_job->completions = producer->completions;
}

/* Until it is accepted. */
static void submit(struct producer *producer, struct task *task, const struct bothy_job *job,
                   bothy_future **ret_future)
{
	int error;

	for (;;) {
		task_offer(task);
		error = bothy_submit(stress.pool, job, ret_future);
		if (error == 0)
			return;
		task_settle_offer(task, error);
		if (error != -EAGAIN)
			violation_call("bothy_submit", error);
		relieve(producer);
	}
}

static void scribble(struct parcel *parcel)
{
	memset(parcel, 0xee, sizeof(*parcel));
}

static void submit_future(struct producer *producer, const struct plan *plan, struct task *task,
                          const struct bothy_job *job)
{
	bothy_future *future = NULL;

	if (producer->pending == WINDOW)
		collect_many(producer);
	submit(producer, task, job, &future);
	if (plan->kind == KIND_STOPPED)
		atomic_store_explicit(&task->future, future, memory_order_release);
	task_settle_offer(task, 0);
	if (plan->kind == KIND_CANCELED && !(plan->how & 4))
		(void)bothy_future_cancel(future);
	if (plan->how % 4 == 1)
		task_time(task, future);
	push(producer, task, future, plan->how >> 2);
}

static void submit_completion(struct producer *producer, const struct plan *plan, struct task *task,
                              const struct bothy_job *job)
{
	bool cancel = plan->kind == KIND_CANCELED;
	bothy_future *future = NULL;

	atomic_fetch_add(&producer->due, 1);
	submit(producer, task, job, cancel ? &future : NULL);
	task_settle_offer(task, 0);
	if (cancel)
		(void)bothy_future_cancel(future);
	bothy_future_release(future);
}

static void submit_notified(struct producer *producer, struct task *task,
                            const struct bothy_job *job)
{
	bothy_future *future = NULL;

	submit(producer, task, job, &future);
	task_settle_offer(task, 0);
	task_collect_later(task, future);
}

static void submit_forget(struct producer *producer, const struct plan *plan, struct task *task,
                          const struct bothy_job *job)
{
	bothy_future *future = NULL;

	submit(producer, task, job, plan->how & 1 ? &future : NULL);
	task_settle_offer(task, 0);
	bothy_future_release(future);
}

/* Submit and wait in one call: on the pool, or without one. */
static void run_here(struct producer *producer, const struct plan *plan, struct task *task,
                     const struct bothy_job *job)
{
	void *result = NULL;
	int code;

	for (;;) {
		task_offer(task);
		if (plan->here)
			code = bothy_run_here(stress.server, job, &result);
		else
			code = bothy_run(stress.pool, job, BOTHY_FOREVER, &result);
		if (code != -EAGAIN)
			break;
		task_settle_offer(task, code);
		relieve(producer);
	}
	task_settle_offer(task, 0);
	task_collect_here(task, code, result);
}

static void submit_plan(struct producer *producer, const struct plan *plan)
{
	struct task *task = claim(producer, plan);
	struct parcel parcel;
	struct bothy_job job;

	describe(producer, plan, task, &job, &parcel);
	switch (plan->delivery) {
	case DELIVERY_FORGET:
		submit_forget(producer, plan, task, &job);
		break;
	case DELIVERY_FUTURE:
		submit_future(producer, plan, task, &job);
		break;
	case DELIVERY_NOTIFIED:
		submit_notified(producer, task, &job);
		break;
	case DELIVERY_COMPLETION:
		submit_completion(producer, plan, task, &job);
		break;
	case DELIVERY_HERE:
		run_here(producer, plan, task, &job);
		break;
	}
	scribble(&parcel);
}

/* ---- special kinds
 * --------------------------------------------------------------------------------- */

/* A job, and another that waits for it and collects it. */
static void submit_waiter(struct producer *producer, struct plan *plan)
{
	struct plan first;
	struct task *task, *waiter;
	struct bothy_job job;
	struct parcel parcel;
	bothy_future *future = NULL;

	draw_plan(&producer->rng, rng_one_in(&producer->rng, 4) ? KIND_FAIL : KIND_WORK, &first);
	first.delivery = DELIVERY_FUTURE;
	first.here = first.grouped = false;
	if (rng_one_in(&producer->rng, 2))
		first.tenant = plan->tenant;
	task = claim(producer, &first);
	describe(producer, &first, task, &job, &parcel);
	submit(producer, task, &job, &future);
	task_settle_offer(task, 0);

	plan->delivery = DELIVERY_FORGET;
	plan->here = false;
	waiter = claim(producer, plan);
	waiter->awaited = future;
	waiter->awaited_task = task;
	describe(producer, plan, waiter, &job, &parcel);
	submit_forget(producer, plan, waiter, &job);
}

static struct task *claim_knot(struct producer *producer, const struct plan *plan,
                               struct knot *knot, unsigned side)
{
	struct task *task = claim(producer, plan);

	task->knot = knot;
	task->knot_side = side;
	return task;
}

/* The second job was refused: the first must not wait for it. */
static void cut_knot(struct knot *knot, struct task *const tasks[2], bothy_future *first)
{
	atomic_store(&knot->cut, true);
	task_drop(tasks[1]);
	wait_outside(first, 2);
	task_collect(tasks[0], first);
}

static void tie_knot(struct knot *knot, struct task *const tasks[2], bothy_future *const futures[2])
{
	atomic_store(&knot->futures[0], futures[0]);
	atomic_store(&knot->futures[1], futures[1]);
	violation_call("bothy_future_wait_all", bothy_future_wait_all(futures, 2, BOTHY_FOREVER));
	task_collect(tasks[0], futures[0]);
	task_collect(tasks[1], futures[1]);
	if (atomic_load(&knot->given_up) == 0 && !atomic_load(&knot->cut))
		violation(VIOLATION_CALL,
		          "two jobs that wait for each other: expected -EDEADLK for "
		          "one, both waits ended");
}

/* Two jobs that wait for each other. */
static void submit_knot(struct producer *producer, struct plan *plan)
{
	struct knot knot = {{NULL, NULL}, false, 0};
	struct plan second;
	struct task *tasks[2];
	bothy_future *futures[2] = {NULL, NULL};
	struct bothy_job job;
	struct parcel parcel;
	int error;

	plan->delivery = DELIVERY_FUTURE;
	plan->here = plan->grouped = false;
	second = *plan;
	if (rng_one_in(&producer->rng, 2))
		second.tenant = tenant_other(&producer->rng, plan->tenant);
	tasks[0] = claim_knot(producer, plan, &knot, 0);
	tasks[1] = claim_knot(producer, &second, &knot, 1);
	describe(producer, plan, tasks[0], &job, &parcel);
	submit(producer, tasks[0], &job, &futures[0]);
	task_settle_offer(tasks[0], 0);
	describe(producer, &second, tasks[1], &job, &parcel);
	task_offer(tasks[1]);
	error = bothy_submit(stress.pool, &job, &futures[1]);
	task_settle_offer(tasks[1], error);
	if (error != 0)
		cut_knot(&knot, tasks, futures[0]);
	else
		tie_knot(&knot, tasks, futures);
}

/* One call for N jobs: how many were accepted. */
static size_t offer_many(struct producer *producer, struct task *const *tasks,
                         const struct bothy_job *jobs, size_t n)
{
	bothy_future *futures[MANY];
	size_t accepted = 0;
	int error;

	for (size_t i = 0; i < n; i++)
		task_offer(tasks[i]);
	error = bothy_submit_many(stress.pool, jobs, n, futures, &accepted);
	if (error != 0 && error != -EAGAIN)
		violation_call("bothy_submit_many", error);
	if ((error == 0) != (accepted == n))
		violation(VIOLATION_CALL,
		          "bothy_submit_many: expected all accepted and 0, seen %zu of "
		          "%zu and %d",
		          accepted, n, error);
	for (size_t i = 0; i < n; i++) {
		int refusal = i == accepted ? error : -ECANCELED; /* that one's; later: untried */

		task_settle_offer(tasks[i], i < accepted ? 0 : refusal);
		if (i < accepted)
			push(producer, tasks[i], futures[i], (unsigned)tasks[i]->seed & 3);
	}
	return accepted;
}

/* Several with one call. */
static void submit_many(struct producer *producer)
{
	struct task *tasks[MANY];
	struct bothy_job jobs[MANY];
	struct parcel parcels[MANY];
	struct plan plan;
	unsigned n = 2 + rng_below(&producer->rng, MANY - 1);
	size_t done = 0;

	while (producer->pending + n > WINDOW)
		collect_many(producer);
	for (unsigned i = 0; i < n; i++) {
		draw_plan(&producer->rng, i % 4 == 3 ? KIND_FAIL : KIND_WORK, &plan);
		plan.delivery = DELIVERY_FUTURE;
		plan.here = plan.grouped = false;
		tasks[i] = claim(producer, &plan);
		describe(producer, &plan, tasks[i], &jobs[i], &parcels[i]);
	}
	while (done < n) {
		done += offer_many(producer, tasks + done, jobs + done, n - done);
		if (done < n)
			relieve(producer);
	}
}

/* ---- the thread
 * -------------------------------------------------------------------------------------- */

static void check_outside(void)
{
	const bothy_client *client = bothy_client_current();
	struct bothy_job job = BOTHY_JOB(.fn = body_run);
	int error = bothy_spawn(&job, NULL);

	if (bothy_context_id() != 0)
		violation(VIOLATION_CONTEXT_ID, "a producer: expected to be in no context");
	if (client == NULL || strcmp(bothy_client_entity(client), STRESS_GLOBAL) != 0)
		violation(VIOLATION_CLIENT, "a producer: expected the global client, seen %s",
		          client == NULL ? "none" : bothy_client_entity(client));
	if (error != -ENOENT)
		violation(VIOLATION_CALL, "bothy_spawn outside a job: expected %d, seen %d",
		          -ENOENT, error);
}

/* What is set outside any context counts by whom it names. */
static void set_outside(struct producer *producer)
{
	const struct tenant *tenant = tenant_random(&producer->rng);
	unsigned shared = rng_below(&producer->rng, SHARED_OBJECTS);
	bothy_ref *ref;

	if (violation_call("bothy_ref_new_object",
	                   bothy_ref_new_object(tenant->entity, tenant->project,
	                                        shared_name(shared), "o-outside", &ref)))
		return;
	ledger_count(LEDGER_REFS_MADE);
	violation_call("set_ref", shared_set(shared, ref));
	bothy_ref_release(ref);
}

static void submit_one(struct producer *producer)
{
	struct plan plan;

	draw_plan(&producer->rng, draw_kind(&producer->rng), &plan);
	if (plan.kind == KIND_WAITER)
		submit_waiter(producer, &plan);
	else if (plan.kind == KIND_KNOT)
		submit_knot(producer, &plan);
	else
		submit_plan(producer, &plan);
}

/* What a job sees is its own, wherever it is submitted. */
static void submit_in_context(struct producer *producer)
{
	const struct tenant *tenant = tenant_random(&producer->rng);
	bothy_context *context;

	if (violation_call(
		    "bothy_context_enter",
		    bothy_context_enter(NULL, tenant->entity, tenant->project, NULL, &context)))
		return;
	submit_one(producer);
	if (!tenant_is_client(tenant, bothy_client_current()))
		violation(VIOLATION_CLIENT, "a producer in a context: expected %s/%s, seen another",
		          tenant->entity, tenant->project);
	violation_call("bothy_context_exit", bothy_context_exit(context));
}

static void step(struct producer *producer)
{
	unsigned draw = rng_below(&producer->rng, 128);

	if (draw < 4)
		submit_in_context(producer);
	else if (draw < 6)
		submit_many(producer);
	else
		submit_one(producer);
	if (draw == 6) {
		check_outside();
		set_outside(producer);
	}
	if (producer->counted >= BATCH - MANY)
		wait_for_group(producer);
	if (draw == 7)
		while (collect_delivery(producer, BOTHY_NOW))
			;
}

/* Wait for a delivery by the descriptor. */
static void poll_for_delivery(struct producer *producer)
{
	struct pollfd watched = {.events = POLLIN};

	watched.fd = bothy_completions_fd(producer->completions);
	(void)poll(&watched, 1, 100);
	collect_delivery(producer, BOTHY_NOW);
}

static void collect_rest(struct producer *producer)
{
	while (producer->pending > 0)
		collect_first(producer);
	wait_for_group(producer);
	while (atomic_load(&producer->due) > 0) {
		if (atomic_load(&producer->due) % 2 == 0)
			poll_for_delivery(producer);
		else
			collect_delivery(producer, BOTHY_FOREVER);
	}
}

static void *producer_main(void *arg)
{
	struct producer *producer = arg;

	while (producer->made < producer->jobs && !atomic_load(&stress.enough) &&
	       violations_total() < TOO_MANY)
		step(producer);
	collect_rest(producer);
	return NULL;
}

int producer_start(unsigned index, uint64_t jobs, struct producer **ret_producer)
{
	struct producer *producer = calloc(1, sizeof(*producer));
	int error;

	if (producer == NULL)
		return -ENOMEM;
	producer->index = index;
	producer->jobs = jobs;
	producer->rng.state = rng_seed(stress.options.seed, index);
	error = bothy_completions_new(&producer->completions);
	if (error < 0)
		goto fail_completions;
	error = bothy_group_new(&producer->group);
	if (error < 0)
		goto fail_group;
	error = -pthread_create(&producer->thread, NULL, producer_main, producer);
	if (error < 0)
		goto fail_thread;
	*ret_producer = producer;
	return 0;

fail_thread:
	bothy_group_release(producer->group);
fail_group:
	bothy_completions_release(producer->completions);
fail_completions:
	free(producer);
	return error;
}

void producer_join(struct producer *producer)
{
	pthread_join(producer->thread, NULL);
	bothy_group_release(producer->group);
	bothy_completions_release(producer->completions);
	free(producer);
}
