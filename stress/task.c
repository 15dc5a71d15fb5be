#include "stress/task.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/bodies.h"
#include "stress/latency.h"
#include "stress/ledger.h"
#include "stress/stress.h"
#include "stress/violation.h"

static const struct kind {
	const char *name;
	unsigned weight, states;
} kinds[] = {
#define KIND_ROW(name, text, weight, states) {#text, weight, states},
	KINDS(KIND_ROW)
#undef KIND_ROW
};

static struct task *tasks;
static unsigned task_count;

int tasks_init(unsigned count)
{
	tasks = calloc(count, sizeof(*tasks));
	task_count = count;
	return tasks == NULL ? -ENOMEM : 0;
}

void tasks_fini(void)
{
	free(tasks);
}

/* ---- claiming ------------------------------------------------------------------- */

static void clean(struct task *task)
{
	atomic_store_explicit(&task->runs, 0, memory_order_relaxed);
	atomic_store_explicit(&task->freed, 0, memory_order_relaxed);
	atomic_store_explicit(&task->notified, 0, memory_order_relaxed);
	atomic_store_explicit(&task->collected, 0, memory_order_relaxed);
	atomic_store_explicit(&task->cancel_done, false, memory_order_relaxed);
	atomic_store_explicit(&task->future, NULL, memory_order_relaxed);
	atomic_store_explicit(&task->result.state, RESULT_NONE, memory_order_relaxed);
	task->result.capture = NULL;
	task->result.kept.count = 0;
	task->here = task->parcel = task->fresh = false;
	task->depth = 0;
	task->submitted = task->deadline = 0;
	task->mark = NULL;
	task->kept.count = 0;
	task->parent = NULL;
	atomic_store_explicit(&task->gate, false, memory_order_relaxed);
	task->awaited = NULL;
	task->awaited_task = NULL;
	task->knot = NULL;
	task->children = NULL;
	task->children_due = NULL;
	task->inside = task->stopped = 0;
	task->proof = 0;
}

static struct task *claim_any(void)
{
	static _Atomic unsigned cursor;

	for (unsigned i = 0; i < 256; i++) {
		unsigned at = atomic_fetch_add_explicit(&cursor, 1, memory_order_relaxed);
		struct task *task = &tasks[at % task_count];
		unsigned none = 0;

		if (atomic_load_explicit(&task->parties, memory_order_relaxed) == 0 &&
		    atomic_compare_exchange_strong_explicit(
			    &task->parties, &none, 1, memory_order_acquire, memory_order_relaxed))
			return task;
	}
	return NULL;
}

struct task *task_claim(enum task_kind kind, const struct tenant *tenant, uint64_t number,
                        uint64_t seed, enum task_delivery delivery)
{
	struct task *task = claim_any();

	if (task == NULL)
		return NULL;
	clean(task);
	task->kind = kind;
	task->tenant = tenant;
	task->number = number;
	task->seed = seed;
	task->delivery = delivery;
	task->fail_code = (int)(1 + seed % 1000);
	return task;
}

void task_join(struct task *task)
{
	atomic_fetch_add_explicit(&task->parties, 1, memory_order_relaxed);
}

void task_drop(struct task *task)
{
	atomic_fetch_sub_explicit(&task->parties, 1, memory_order_acq_rel);
}

/* ---- what is known of kinds ----------------------------------------------------- */

const char *task_kind_name(const struct task *task)
{
	return kinds[task->kind].name;
}

unsigned task_kind_weight(enum task_kind kind)
{
	return kinds[kind].weight;
}

bool task_is_certain(const struct task *task)
{
	unsigned states = kinds[task->kind].states;

	return (states & (states - 1)) == 0;
}

enum bothy_state task_certain_state(const struct task *task)
{
	return (enum bothy_state)__builtin_ctz(kinds[task->kind].states);
}

bool task_must_run(const struct task *task, enum bothy_state state)
{
	return state == BOTHY_DONE || state == BOTHY_THREAD_EXITED ||
	       (state == BOTHY_FAILED && task->kind != KIND_UNMADE);
}

static bool must_not_run(const struct task *task, enum bothy_state state)
{
	return state == BOTHY_EXPIRED || (state == BOTHY_FAILED && task->kind == KIND_UNMADE);
}

uint64_t task_proof(const struct task *task)
{
	return rng_seed(task->seed, task->number);
}

static int expected_code(const struct task *task, enum bothy_state state)
{
	return stress_code(state, task->kind == KIND_UNMADE ? -EACCES : task->fail_code);
}

void keepsakes_release(struct keepsakes *kept)
{
	for (unsigned i = 0; i < kept->count; i++)
		bothy_ref_release(kept->items[i].ref);
	kept->count = 0;
}

/* ---- the argument --------------------------------------------------------------- */

static void check_nobody(const char *where, const struct task *task)
{
	const bothy_client *client = bothy_client_current();

	if (bothy_context_id() != 0)
		violation(VIOLATION_CALLBACK,
		          "%s of job %" PRIu64 " (%s): expected no context, seen number %" PRIu64,
		          where, task->number, task_kind_name(task), bothy_context_id());
	else if (client != NULL && strcmp(bothy_client_entity(client), STRESS_GLOBAL) != 0)
		violation(VIOLATION_CALLBACK,
		          "%s of job %" PRIu64 " (%s): expected no client, seen %s/%s", where,
		          task->number, task_kind_name(task), bothy_client_entity(client),
		          bothy_client_project(client));
}

/* Nobody will look at a forgotten job again. */
static void check_forgotten(const struct task *task)
{
	unsigned runs = atomic_load_explicit(&task->runs, memory_order_relaxed);
	unsigned expected = task_must_run(task, task_certain_state(task)) ? 1 : 0;

	if (runs != expected)
		violation(VIOLATION_RUN,
		          "forgotten job %" PRIu64 " (%s): expected to run %u times, "
		          "seen %u",
		          task->number, task_kind_name(task), expected, runs);
}

static void task_arg_free(void *arg)
{
	struct task *task = arg;

	if (atomic_load_explicit(&task->parties, memory_order_relaxed) == 0 ||
	    atomic_fetch_add_explicit(&task->freed, 1, memory_order_relaxed) != 0) {
		violation(VIOLATION_ARG_FREE,
		          "job %" PRIu64 " (%s): expected arg_free once, seen again", task->number,
		          task_kind_name(task));
		return;
	}
	if (task->inside != 0)
		violation(VIOLATION_ARG_FREE,
		          "job %" PRIu64 " (%s): expected arg_free after the context, seen before",
		          task->number, task_kind_name(task));
	check_nobody("arg_free", task);
	if (task->delivery == DELIVERY_FORGET)
		check_forgotten(task);
	keepsakes_release(&task->kept);
	if (task->parent != NULL)
		task_drop(task->parent);
	ledger_count(LEDGER_ARGS_FREED);
	task_drop(task);
}

static void parcel_arg_free(void *arg)
{
	struct parcel *parcel = arg;

	if (parcel->magic != PARCEL_MAGIC) {
		violation(VIOLATION_ARG_FREE, "expected the copied argument, seen something else");
		return;
	}
	task_arg_free(parcel->task);
}

void task_describe(struct task *task, struct bothy_job *ret_job, struct parcel *parcel)
{
	*ret_job = BOTHY_JOB(.fn = task->parcel ? body_run_parcel : body_run,
	                     .arg = task->parcel ? (void *)parcel : (void *)task,
	                     .arg_bytes = task->parcel ? sizeof(*parcel) : 0,
	                     .arg_free = task->parcel ? parcel_arg_free : task_arg_free,
	                     .result_free = task_result_free, .name = task_kind_name(task),
	                     .deadline = task->deadline, .tag = task);
	*parcel = (struct parcel){PARCEL_MAGIC, task};
}

/* ---- submitting ----------------------------------------------------------------- */

void task_offer(struct task *task)
{
	unsigned more = task->delivery == DELIVERY_FORGET ? 1 : 2;

	atomic_fetch_add_explicit(&task->parties, more, memory_order_relaxed);
	task->submitted = stress_now();
}

static void accepted(struct task *task)
{
	ledger_count(task->here ? LEDGER_HERE : LEDGER_ACCEPTED);
	if (task->delivery == DELIVERY_FORGET)
		ledger_count(ledger_outcome(task_certain_state(task)));
	task_drop(task);
}

void task_settle_offer(struct task *task, int error)
{
	if (error == 0) {
		accepted(task);
		return;
	}
	if (error == -EAGAIN)
		ledger_count(LEDGER_REFUSED);
	if (atomic_load_explicit(&task->freed, memory_order_relaxed) != 0)
		violation(VIOLATION_ARG_FREE,
		          "job %" PRIu64 " (%s), refused: expected no arg_free, seen one",
		          task->number, task_kind_name(task));
	if (atomic_load_explicit(&task->runs, memory_order_relaxed) != 0)
		violation(VIOLATION_RUN,
		          "job %" PRIu64 " (%s), refused: expected not to run, it did",
		          task->number, task_kind_name(task));
	atomic_fetch_sub_explicit(&task->parties, task->delivery == DELIVERY_FORGET ? 1 : 2,
	                          memory_order_relaxed);
}

/* ---- outcomes ------------------------------------------------------------------- */

static const char *state_name(enum bothy_state state)
{
	static const char *const names[] = {"queued",   "running", "done",      "failed",
	                                    "canceled", "expired", "timed out", "thread exited"};

	return (unsigned)state < 8 ? names[state] : "nonsense";
}

static void check_state(const struct task *task, enum bothy_state state, int code)
{
	if ((unsigned)state >= 8 || (kinds[task->kind].states & 1u << state) == 0)
		violation(VIOLATION_OUTCOME,
		          "job %" PRIu64 " (%s): expected states %#x, seen %s (%d)", task->number,
		          task_kind_name(task), kinds[task->kind].states, state_name(state), code);
	else if (code != expected_code(task, state))
		violation(VIOLATION_OUTCOME, "job %" PRIu64 " (%s), %s: expected code %d, seen %d",
		          task->number, task_kind_name(task), state_name(state),
		          expected_code(task, state), code);
}

static void check_runs(const struct task *task, enum bothy_state state)
{
	unsigned runs = atomic_load_explicit(&task->runs, memory_order_relaxed);

	if (runs > 1 || (runs == 0 && task_must_run(task, state)) ||
	    (runs == 1 && must_not_run(task, state)))
		violation(VIOLATION_RUN,
		          "job %" PRIu64 " (%s), %s: expected to run %s, seen %u runs",
		          task->number, task_kind_name(task), state_name(state),
		          must_not_run(task, state) ? "never" : "once", runs);
}

/* What the job wrote last, without any synchronisation of ours. */
static void check_writes(const struct task *task, enum bothy_state state)
{
	bool ran = atomic_load_explicit(&task->runs, memory_order_relaxed) == 1;

	if (!ran || state == BOTHY_TIMED_OUT)
		return;
	if (task->proof != task_proof(task))
		violation(VIOLATION_UNSEEN,
		          "job %" PRIu64 " (%s), %s: expected to see what it wrote "
		          "last, %#" PRIx64 ", seen %#" PRIx64,
		          task->number, task_kind_name(task), state_name(state), task_proof(task),
		          task->proof);
	if (task->inside != 0)
		violation(VIOLATION_UNSEEN,
		          "job %" PRIu64 " (%s), %s: expected its context gone, it is there",
		          task->number, task_kind_name(task), state_name(state));
	if ((task->stopped != 0) != (state == BOTHY_CANCELED))
		violation(VIOLATION_OUTCOME,
		          "job %" PRIu64 " (%s) %s when asked: expected so, seen %s", task->number,
		          task_kind_name(task), task->stopped != 0 ? "stopped" : "did not stop",
		          state_name(state));
}

void task_outcome(struct task *task, enum bothy_state state, int code)
{
	if (atomic_fetch_add_explicit(&task->collected, 1, memory_order_relaxed) != 0) {
		violation(VIOLATION_OUTCOME, "job %" PRIu64 " (%s): expected one outcome, seen two",
		          task->number, task_kind_name(task));
		return;
	}
	check_state(task, state, code);
	check_runs(task, state);
	check_writes(task, state);
	if (!task->here && (unsigned)state < 8)
		ledger_count(ledger_outcome(state));
}

static void check_text(const struct task *task, enum bothy_state state, const char *text)
{
	char expected[BODY_TEXT];

	if (state == BOTHY_FAILED && task->kind == KIND_FAIL) {
		body_fail_text(task, expected);
		if (text == NULL || strcmp(text, expected) != 0)
			violation(VIOLATION_ERROR_TEXT, "expected \"%s\", seen \"%s\"", expected,
			          text == NULL ? "(none)" : text);
	} else if (text != NULL) {
		violation(VIOLATION_ERROR_TEXT, "job %" PRIu64 " (%s): expected none, seen \"%s\"",
		          task->number, task_kind_name(task), text);
	}
}

/* ---- results -------------------------------------------------------------------- */

void *task_result(struct task *task)
{
	ledger_count(LEDGER_RESULTS_MADE);
	task_join(task);
	atomic_store_explicit(&task->result.state, RESULT_MADE, memory_order_relaxed);
	return &task->result;
}

static struct task *task_of_result(struct result *result)
{
	return (struct task *)((char *)result - offsetof(struct task, result));
}

/* The result of TASK goes from MADE to STATE, once. */
static bool result_ends(struct task *task, enum result_state state, enum ledger_entry entry)
{
	unsigned was = atomic_exchange_explicit(&task->result.state, state, memory_order_relaxed);

	if (was != RESULT_MADE) {
		violation(VIOLATION_RESULT,
		          "job %" PRIu64 " (%s): expected a fresh result, seen one "
		          "that %s",
		          task->number, task_kind_name(task),
		          was == RESULT_TAKEN   ? "was taken"
		          : was == RESULT_FREED ? "was freed"
		                                : "was never made");
		return false;
	}
	bothy_capture_release(task->result.capture);
	task->result.capture = NULL;
	keepsakes_release(&task->result.kept);
	ledger_count(entry);
	return true;
}

void task_result_free(void *result)
{
	struct task *task = task_of_result(result);

	if (result_ends(task, RESULT_FREED, LEDGER_RESULTS_FREED))
		task_drop(task);
}

/* RESULT was handed out for TASK. */
static void take_result(struct task *task, void *result)
{
	if (result != &task->result) {
		violation(VIOLATION_RESULT,
		          "job %" PRIu64 " (%s): expected its own result, seen %s", task->number,
		          task_kind_name(task), result == NULL ? "none" : "another's");
		return;
	}
	if (task->result.capture != NULL)
		body_adopt(task, task->result.capture, &task->result.kept);
	if (result_ends(task, RESULT_TAKEN, LEDGER_RESULTS_TAKEN))
		task_drop(task);
}

/* A result was asked for: RESULT, or NULL, is what came. */
static void result_came(struct task *task, enum bothy_state state, void *result)
{
	bool made = state != BOTHY_TIMED_OUT && state != BOTHY_THREAD_EXITED &&
	            atomic_load_explicit(&task->result.state, memory_order_relaxed) != RESULT_NONE;

	if (made || result != NULL)
		take_result(task, result);
}

/* ---- collecting ----------------------------------------------------------------- */

static void check_second_take(struct task *task, bothy_future *future, int code)
{
	void *result = task;

	if (bothy_future_result(future, &result) != code || result != NULL)
		violation(VIOLATION_RESULT,
		          "job %" PRIu64 " (%s): expected no second result, seen one", task->number,
		          task_kind_name(task));
}

void task_collect(struct task *task, bothy_future *future)
{
	enum bothy_state state = bothy_future_state(future);
	bool take = task->seed % 4 != 0;
	void *result = NULL;
	int code = bothy_future_result(future, take ? &result : NULL);

	if (task->delivery == DELIVERY_FUTURE && state != BOTHY_TIMED_OUT &&
	    bothy_future_running(future))
		violation(VIOLATION_OUTCOME, "job %" PRIu64 " (%s), %s: expected it ended, it runs",
		          task->number, task_kind_name(task), state_name(state));
	check_text(task, state, bothy_future_error(future));
	task_outcome(task, state, code);
	if (take) {
		result_came(task, state, result);
		check_second_take(task, future, code);
	}
	bothy_future_release(future);
	task_drop(task);
}

void task_collect_completion(const struct bothy_completion *completion)
{
	struct task *task = completion->tag;

	task_outcome(task, completion->state, completion->code);
	result_came(task, completion->state, completion->result);
	task_drop(task);
}

void task_collect_here(struct task *task, int code, void *result)
{
	enum bothy_state state = task_certain_state(task);

	task_outcome(task, state, code);
	result_came(task, state, result);
	task_drop(task);
}

/* ---- notify functions ----------------------------------------------------------- */

static bool notified(struct task *task)
{
	if (atomic_fetch_add_explicit(&task->notified, 1, memory_order_relaxed) != 0) {
		violation(VIOLATION_NOTIFY, "job %" PRIu64 " (%s): expected one call, seen another",
		          task->number, task_kind_name(task));
		return false;
	}
	ledger_count(LEDGER_NOTIFIED);
	latency_add(stress_now() - task->submitted);
	check_nobody("notify", task);
	return true;
}

static void notified_collect(void *arg)
{
	struct task *task = arg;

	if (notified(task))
		task_collect(task, atomic_load_explicit(&task->future, memory_order_relaxed));
}

static void notified_time(void *arg)
{
	struct task *task = arg;

	if (notified(task))
		task_drop(task);
}

void task_collect_later(struct task *task, bothy_future *future)
{
	atomic_store_explicit(&task->future, future, memory_order_relaxed);
	ledger_count(LEDGER_NOTIFY_ASKED);
	(void)violation_call("bothy_future_notify",
	                     bothy_future_notify(future, notified_collect, task));
}

void task_time(struct task *task, bothy_future *future)
{
	task_join(task);
	ledger_count(LEDGER_NOTIFY_ASKED);
	(void)violation_call("bothy_future_notify",
	                     bothy_future_notify(future, notified_time, task));
}

/* ---- what is left
 * ---------------------------------------------------------------------------------- */

static bool settled_by_own_count(const struct task *task)
{
	return atomic_load(&task->collected) != 0 || atomic_load(&task->notified) != 0;
}

void tasks_report_left(void)
{
	unsigned long unsettled = 0, unfreed = 0, results = 0;

	for (unsigned i = 0; i < task_count; i++) {
		const struct task *task = &tasks[i];

		if (atomic_load(&task->parties) == 0)
			continue;
		if (task->delivery != DELIVERY_FORGET && !settled_by_own_count(task))
			unsettled++;
		if (atomic_load(&task->freed) == 0)
			unfreed++;
		if (atomic_load(&task->result.state) == RESULT_MADE &&
		    atomic_load(&task->freed) != 0)
			results++;
	}
	if (unsettled > 0)
		violation(VIOLATION_CONSERVATION,
		          "jobs whose outcome is to be seen: expected none left, seen %lu",
		          unsettled);
	if (unfreed > 0)
		violation(VIOLATION_ARG_FREE,
		          "arguments: expected all freed, seen %lu that are not", unfreed);
	if (results > 0)
		violation(VIOLATION_RESULT,
		          "results: expected all taken or freed, seen %lu that are neither",
		          results);
}
