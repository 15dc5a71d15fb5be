#include "stress/bodies.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "stress/hygiene.h"
#include "stress/ledger.h"
#include "stress/reuse.h"
#include "stress/stress.h"
#include "stress/violation.h"

typedef int body_fn(struct visit *visit, void **ret_result);

static body_fn *const bodies[] = {
#define BODY_ROW(name, text, weight, states) body_##text,
	KINDS(BODY_ROW)
#undef BODY_ROW
};

/* ---- the thread ----------------------------------------------------------------- */

struct worker {
	pthread_t self;
};

static _Thread_local struct {
	unsigned long jobs;
	bool doomed; /* it had a job that wanted a thread of its own */
} thread;

int worker_begin(void *user, void **ret_worker_local)
{
	struct worker *worker = malloc(sizeof(*worker));

	(void)user;
	if (worker == NULL)
		return -ENOMEM;
	worker->self = pthread_self();
	*ret_worker_local = worker;
	ledger_count(LEDGER_WORKERS_BEGUN);
	return 0;
}

void worker_end(void *user, void *worker_local)
{
	(void)user;
	if (bothy_context_id() != 0)
		violation(VIOLATION_CALLBACK, "worker_fini: expected no context, seen one");
	ledger_count(LEDGER_WORKERS_ENDED);
	free(worker_local);
}

static void check_thread(const struct task *task)
{
	const struct worker *worker = bothy_worker_local();

	if (task->here)
		return;
	if (worker == NULL || !pthread_equal(worker->self, pthread_self()))
		violation(VIOLATION_THREAD,
		          "job %" PRIu64 " (%s): expected its thread's worker local, "
		          "seen %s",
		          task->number, task_kind_name(task),
		          worker == NULL ? "none" : "another's");
	if (thread.doomed)
		violation(VIOLATION_THREAD,
		          "job %" PRIu64 " (%s): expected not to run where a job had "
		          "a thread of its own, it does",
		          task->number, task_kind_name(task));
	if (task->kind == KIND_OWNER && thread.jobs > 0)
		violation(VIOLATION_THREAD,
		          "job %" PRIu64 ": expected a thread of its own, seen one "
		          "that has run %lu",
		          task->number, thread.jobs);
	thread.jobs++;
	thread.doomed = task->kind == KIND_OWNER;
}

static _Atomic int64_t delay;

int64_t body_delay_ns(void)
{
	return atomic_load_explicit(&delay, memory_order_relaxed);
}

/* ---- first to last -------------------------------------------------------------- */

static void check_start(struct task *task, void *const *ret_result, int seen_errno)
{
	if (!task->here)
		hygiene_check(task, seen_errno);
	if (atomic_fetch_add_explicit(&task->runs, 1, memory_order_relaxed) != 0)
		violation(VIOLATION_RUN,
		          "job %" PRIu64 " (%s): expected to run once, it runs again", task->number,
		          task_kind_name(task));
	if (*ret_result != NULL)
		violation(VIOLATION_RESULT,
		          "job %" PRIu64 " (%s): expected a NULL result to begin "
		          "with, seen one",
		          task->number, task_kind_name(task));
	check_thread(task);
	ledger_count(LEDGER_STARTED);
	if (task->seed % 64 == 0)
		atomic_store_explicit(&delay, stress_now() - task->submitted, memory_order_relaxed);
}

/* An object that the parent made where one was whose ref ("s-...") this job has inherited. */
static void check_fresh(struct task *task)
{
	bothy_ref *ref = NULL;
	char seen[160];
	int error;

	while (!atomic_load_explicit(&task->gate, memory_order_acquire))
		sched_yield();
	error = bothy_object_get_ref(&task->object, &ref);
	if (error == 0 && bothy_ref_digest(ref)[0] == 's')
		violation(VIOLATION_STALE_REF,
		          "job %" PRIu64 ": expected no ref of the object that was there when it "
		          "was spawned, seen %s",
		          task->number, visit_ref_text(ref, seen, sizeof(seen)));
	else
		ledger_count(LEDGER_REUSES);
	bothy_ref_release(ref);
	bothy_object_fini(&task->object);
}

static bool may_be_stopped(enum task_kind kind)
{
	return kind == KIND_CANCELED || kind == KIND_STOPPED || kind == KIND_RUSHED ||
	       kind == KIND_OUTLIVER || kind == KIND_STUCK || kind == KIND_LAST;
}

static void check_end(struct visit *visit)
{
	const struct task *task = visit->task;
	int reason = bothy_stop_requested();

	visit_check(visit);
	if (reason != 0 && !may_be_stopped(task->kind) && task->deadline == 0)
		violation(VIOLATION_STOP, "job %" PRIu64 " (%s): expected no stop request, seen %d",
		          task->number, task_kind_name(task), reason);
}

static int stay(struct visit *visit, void **ret_result)
{
	struct task *task = visit->task;
	int code;

	if (task->fresh)
		check_fresh(task);
	visit_stay(visit);
	visit_yield(visit);
	if (rng_one_in(&visit->rng, 2))
		reuse_stay(visit);
	code = bodies[task->kind](visit, ret_result);
	check_end(visit);
	if (*ret_result == NULL && task->seed % 3 != 0)
		*ret_result = task_result(task);
	if (!task->here)
		hygiene_dirty(&visit->rng);
	return code;
}

static int run(struct task *task, void **ret_result, int seen_errno)
{
	struct visit *visit;

	check_start(task, ret_result, seen_errno);
	visit = visit_begin(task, task->tenant, true, rng_seed(task->seed, 0),
	                    BOTHY_REFS_SAME_PROJECT, &task->kept);
	return visit == NULL ? 0 : stay(visit, ret_result);
}

int body_run(void *arg, void **ret_result)
{
	int seen_errno = errno;

	return run(arg, ret_result, seen_errno);
}

int body_run_parcel(void *arg, void **ret_result)
{
	int seen_errno = errno;
	const struct parcel *parcel = arg;

	return run(parcel->task, ret_result, seen_errno);
}

/* ---- plain kinds ---------------------------------------------------------------- */

int body_work(struct visit *visit, void **ret_result)
{
	(void)visit;
	(void)ret_result;
	return 0;
}

int body_owner(struct visit *visit, void **ret_result)
{
	return body_work(visit, ret_result);
}

static int must_not(struct visit *visit)
{
	violation(VIOLATION_RUN, "job %" PRIu64 " (%s): expected never to run, it runs",
	          visit->task->number, task_kind_name(visit->task));
	return 0;
}

int body_expired(struct visit *visit, void **ret_result)
{
	(void)ret_result;
	return must_not(visit);
}

int body_unmade(struct visit *visit, void **ret_result)
{
	(void)ret_result;
	return must_not(visit);
}

void body_fail_text(const struct task *task, char text[BODY_TEXT])
{
	snprintf(text, BODY_TEXT, "job %" PRIu64 " of %s/%s fails with %d", task->number,
	         task->tenant->entity, task->tenant->project, task->fail_code);
}

/* A negative code that is no stop reason is read back as its absolute value. */
int body_fail(struct visit *visit, void **ret_result)
{
	const struct task *task = visit->task;
	bool negative = rng_one_in(&visit->rng, 4) && task->fail_code != ECANCELED &&
	                task->fail_code != ETIMEDOUT;
	char text[BODY_TEXT];

	(void)ret_result;
	if (rng_one_in(&visit->rng, 8))
		(void)bothy_fail(1, "said before, and not the last word");
	body_fail_text(task, text);
	return bothy_fail(negative ? -task->fail_code : task->fail_code, "%s", text);
}

/* ---- ends of threads ------------------------------------------------------------ */

static _Noreturn void exit_thread(struct visit *visit)
{
	hygiene_dirty(&visit->rng);
	pthread_exit(NULL);
}

static void exit_when_called(void *arg)
{
	struct visit *visit = arg;

	visit_deferred(visit);
	exit_thread(visit);
}

static void exit_in_nested(struct visit *visit)
{
	const struct tenant *other = tenant_other(&visit->rng, visit->tenant);
	bothy_context *inner;
	struct visit *inner_visit;

	if (violation_call("bothy_context_enter",
	                   bothy_context_enter(stress.server, other->entity, other->project, NULL,
	                                       &inner)))
		return;
	inner_visit = visit_begin(visit->task, other, false, rng_next(&visit->rng),
	                          BOTHY_REFS_SAME_PROJECT, NULL);
	if (inner_visit != NULL)
		visit_stay(inner_visit);
	exit_thread(visit);
}

/* In the function, in a context inside the job's, in a deferred function or in a local's
 * destructor (which needs a local: visit_stay() may have set some). */
int body_exiter(struct visit *visit, void **ret_result)
{
	(void)ret_result;
	switch (rng_below(&visit->rng, 4)) {
	case 0:
		exit_in_nested(visit);
		break;
	case 1:
		if (visit_defer(visit, exit_when_called, visit))
			return 0;
		break;
	case 2:
		for (unsigned i = 0; i < VISIT_LOCALS; i++)
			visit->exit_in_destroy |= visit->locals[i].set;
		if (visit->exit_in_destroy)
			return 0;
		break;
	default:
		break;
	}
	exit_thread(visit);
}
