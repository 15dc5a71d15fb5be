/*
 * Kinds of jobs that end when they are asked to, or later.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>

#include "stress/bodies.h"
#include "stress/canceler.h"
#include "stress/ledger.h"
#include "stress/stress.h"
#include "stress/violation.h"

/* ---- ways to wait for the request ----------------------------------------------- */

static bothy_time patience(void)
{
	return stress_now() + (bothy_time)stress.options.hang_seconds * 500000000;
}

static int by_looking(void)
{
	bothy_time limit = patience();
	int reason;

	while ((reason = bothy_stop_requested()) == 0 && stress_now() < limit)
		sched_yield();
	return reason;
}

static int by_sleeping(void)
{
	return bothy_sleep_until(patience());
}

static int by_polling(void)
{
	struct pollfd watched = {.events = POLLIN, .fd = bothy_stop_fd()};

	if (watched.fd < 0) {
		violation_call("bothy_stop_fd", watched.fd);
		return by_sleeping();
	}
	(void)poll(&watched, 1, (int)stress.options.hang_seconds * 500);
	return bothy_stop_requested();
}

/* Nothing is ever delivered there. */
static int by_waiting(void)
{
	struct bothy_completion completion;
	bothy_completions *completions;
	int reason;

	if (violation_call("bothy_completions_new", bothy_completions_new(&completions)))
		return by_sleeping();
	reason = bothy_completions_next(completions, BOTHY_FOREVER, &completion);
	bothy_completions_release(completions);
	if (reason != -EAGAIN)
		return reason;
	ledger_count(LEDGER_NO_SPARE);
	return by_sleeping();
}

/* Wait until this job is asked to stop, for EXPECTED reason. */
static int stop_awaited(struct visit *visit, int expected)
{
	static int (*const ways[])(void) = {by_looking, by_sleeping, by_polling, by_waiting};
	int reason = ways[rng_below(&visit->rng, 4)]();

	if (reason != expected || bothy_stop_requested() != expected)
		violation(VIOLATION_STOP,
		          "job %" PRIu64 " (%s): expected the stop request %d, seen %d",
		          visit->task->number, task_kind_name(visit->task), expected, reason);
	return reason;
}

/* ---- canceled ------------------------------------------------------------------- */

int body_canceled(struct visit *visit, void **ret_result)
{
	int reason = bothy_stop_requested();

	(void)ret_result;
	if (reason != 0 && reason != -ECANCELED)
		violation(VIOLATION_STOP,
		          "job %" PRIu64 ": expected to be canceled or not, seen %d",
		          visit->task->number, reason);
	visit->task->stopped = reason == -ECANCELED;
	return reason;
}

int body_last(struct visit *visit, void **ret_result)
{
	int reason = stop_awaited(visit, -ECANCELED);

	(void)ret_result;
	visit->task->stopped = reason == -ECANCELED;
	return reason;
}

/* A child of a job that will be canceled; its outcome goes to the producer's queue. */
static void spawn_stopped(struct visit *visit)
{
	const struct task *task = visit->task;
	struct task *child = task_claim(KIND_LAST, task->tenant, task->number | UINT64_C(1) << 58,
	                                rng_next(&visit->rng), DELIVERY_COMPLETION);
	struct bothy_job job;
	struct parcel parcel;
	int error;

	if (child == NULL)
		return;
	visit_keep(visit, &child->kept);
	task_describe(child, &job, &parcel);
	job.completions = task->children;
	atomic_fetch_add(task->children_due, 1);
	task_offer(child);
	error = bothy_spawn(&job, NULL);
	task_settle_offer(child, error);
	if (error == 0) {
		ledger_count(LEDGER_SPAWNED);
		return;
	}
	if (error != -EAGAIN)
		violation_call("bothy_spawn", error);
	atomic_fetch_sub(task->children_due, 1);
	keepsakes_release(&child->kept);
	task_drop(child);
}

/* Runs until it is canceled; now and then it does not heed that. */
int body_stopped(struct visit *visit, void **ret_result)
{
	struct task *task = visit->task;
	int reason;

	(void)ret_result;
	if (task->children != NULL)
		spawn_stopped(visit);
	canceler_ask(task);
	reason = stop_awaited(visit, -ECANCELED);
	if (rng_one_in(&visit->rng, 4))
		return 0;
	task->stopped = 1;
	return reason;
}

/* ---- deadlines ------------------------------------------------------------------ */

int body_rushed(struct visit *visit, void **ret_result)
{
	int reason = bothy_stop_requested();

	(void)ret_result;
	if (reason != 0 && reason != -ETIMEDOUT)
		violation(VIOLATION_STOP,
		          "job %" PRIu64 ": expected its deadline or nothing, seen %d",
		          visit->task->number, reason);
	if (reason == -ETIMEDOUT && stress_now() < visit->task->deadline)
		violation(VIOLATION_STOP,
		          "job %" PRIu64 ": expected no stop before its deadline, "
		          "seen one",
		          visit->task->number);
	return reason;
}

static void go_on_until(bothy_time end)
{
	while (stress_now() < end)
		sched_yield();
}

static int outlive(struct visit *visit, int64_t ns)
{
	int reason = stop_awaited(visit, -ETIMEDOUT);
	bothy_time now = stress_now();

	if (now < visit->task->deadline)
		violation(VIOLATION_STOP,
		          "job %" PRIu64 ": expected no stop before its deadline, "
		          "seen one",
		          visit->task->number);
	go_on_until(now + ns);
	return rng_one_in(&visit->rng, 2) ? reason : 0;
}

int body_outliver(struct visit *visit, void **ret_result)
{
	(void)ret_result;
	return outlive(visit, 100000);
}

/* Long enough to be counted as lost, and replaced. */
int body_stuck(struct visit *visit, void **ret_result)
{
	(void)ret_result;
	return outlive(visit, STRESS_GRACE_NS + 5000000);
}
