#include "stress/saboteurs/saboteur.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/ledger.h"
#include "stress/stress.h"
#include "stress/tenants.h"
#include "stress/violation.h"

#define ENTITY "saboteurs"

/* The boss that waits on this thread just now: what starts here meanwhile is on its stack. */
static _Thread_local struct saboteur *waiting;

static _Atomic uint64_t settlings;

void saboteur_expect(const struct saboteur *saboteur, const char *what, int64_t expected,
                     int64_t seen)
{
	if (seen != expected)
		violation(VIOLATION_OUTCOME,
		          "%s %" PRIu64 ": %s: expected %" PRId64 ", seen %" PRId64,
		          saboteur->gang->sabotage->name, saboteur->number, what, expected, seen);
}

/* ---- the job -------------------------------------------------------------------------------- */

static void check_context(const struct saboteur *saboteur)
{
	static const char key;
	const bothy_client *client = bothy_client_current();

	if (client == NULL || strcmp(bothy_client_entity(client), ENTITY) != 0)
		violation(VIOLATION_CLIENT, "%s %" PRIu64 ": expected " ENTITY ", seen %s",
		          saboteur->gang->sabotage->name, saboteur->number,
		          client == NULL ? "none" : bothy_client_entity(client));
	if (bothy_local_get(&key) != NULL)
		violation(VIOLATION_LOCALS, "%s %" PRIu64 ": expected no locals, seen one",
		          saboteur->gang->sabotage->name, saboteur->number);
	violation_call("bothy_local_set", bothy_local_set(&key, (void *)(uintptr_t)1, NULL));
}

static int run(void *arg, void **ret_result)
{
	struct saboteur *saboteur = arg;

	if (atomic_fetch_add_explicit(&saboteur->runs, 1, memory_order_relaxed) != 0)
		violation(VIOLATION_RUN, "%s %" PRIu64 ": expected to run once, it runs again",
		          saboteur->gang->sabotage->name, saboteur->number);
	saboteur->in_place = waiting != NULL && waiting == saboteur->boss;
	waiting = NULL;
	check_context(saboteur);
	ledger_count(LEDGER_STARTED);
	return saboteur->fn(saboteur, ret_result);
}

static void arg_free(void *arg)
{
	struct saboteur *saboteur = arg;

	if (atomic_fetch_add_explicit(&saboteur->freed, 1, memory_order_relaxed) != 0)
		violation(VIOLATION_ARG_FREE, "%s %" PRIu64 ": expected arg_free once, seen again",
		          saboteur->gang->sabotage->name, saboteur->number);
	if (bothy_context_id() != 0)
		violation(VIOLATION_CALLBACK, "%s %" PRIu64 ": expected no context in arg_free",
		          saboteur->gang->sabotage->name, saboteur->number);
	if (saboteur->gang->sabotage->freed != NULL)
		saboteur->gang->sabotage->freed(saboteur);
	ledger_count(LEDGER_ARGS_FREED);
}

static void notified(void *arg)
{
	struct saboteur *saboteur = arg;

	atomic_fetch_add_explicit(&saboteur->notified, 1, memory_order_relaxed);
	atomic_store(&saboteur->settled, atomic_fetch_add(&settlings, 1) + 1);
	ledger_count(LEDGER_NOTIFIED);
}

static void result_free(void *result)
{
	free(result);
	ledger_count(LEDGER_RESULTS_FREED);
}

void *sabotage_result(void)
{
	void *result = malloc(16);

	if (result != NULL)
		ledger_count(LEDGER_RESULTS_MADE);
	return result;
}

int saboteur_behaves(struct saboteur *saboteur, void **ret_result)
{
	(void)saboteur;
	*ret_result = sabotage_result();
	return 0;
}

/* ---- submitting ----------------------------------------------------------------------------- */

struct saboteur *saboteur_new(struct gang *gang, struct saboteur *boss, sabotage_fn *fn,
                              unsigned states)
{
	uint64_t i = atomic_fetch_add(&gang->claimed, 1);
	struct saboteur *saboteur = &gang->slots[i];

	if (i >= gang->slot_count) {
		fprintf(stderr, "%s: too few slots\n", gang->sabotage->name);
		abort();
	}
	*saboteur = (struct saboteur){
		.gang = gang,
		.boss = boss,
		.fn = fn,
		.number = i,
		.seed = boss != NULL ? rng_seed(boss->seed, i) : rng_next(&gang->rng),
		.states = states,
		.project = boss != NULL ? boss->project : (unsigned)(i % GANG_PROJECTS),
	};
	return saboteur;
}

struct saboteur *saboteur_next(struct gang *gang)
{
	return saboteur_new(gang, NULL, gang->sabotage->fn, gang->sabotage->states);
}

struct bothy_job saboteur_job(struct saboteur *saboteur)
{
	const struct sabotage *sabotage = saboteur->gang->sabotage;

	return BOTHY_JOB(.fn = run, .arg = saboteur, .arg_free = arg_free,
	                 .result_free = result_free, .name = sabotage->name,
	                 .flags = saboteur->boss == NULL ? sabotage->flags : 0);
}

void saboteur_accepted(struct saboteur *saboteur, bothy_future *future)
{
	ledger_count(saboteur->elsewhere ? LEDGER_HERE : LEDGER_ACCEPTED);
	ledger_count(LEDGER_NOTIFY_ASKED);
	violation_call("bothy_future_notify", bothy_future_notify(future, notified, saboteur));
	atomic_store_explicit(&saboteur->future, future, memory_order_release);
}

void saboteur_submit(struct saboteur *saboteur, const struct bothy_job *more)
{
	struct bothy_job job = more != NULL ? *more : saboteur_job(saboteur);
	bothy_future *future;
	int error;

	job.handle = saboteur->gang->projects[saboteur->project];
	while ((error = bothy_submit(stress.pool, &job, &future)) == -EAGAIN) {
		ledger_count(LEDGER_REFUSED);
		sched_yield();
	}
	if (!violation_call("bothy_submit", error))
		saboteur_accepted(saboteur, future);
}

bool saboteur_spawn(struct saboteur *saboteur)
{
	const struct bothy_job job = saboteur_job(saboteur);
	bothy_future *future;
	int error;

	while ((error = bothy_spawn(&job, &future)) == -EAGAIN) {
		ledger_count(LEDGER_REFUSED);
		sched_yield();
	}
	if (violation_call("bothy_spawn", error))
		return false;
	ledger_count(LEDGER_SPAWNED);
	saboteur_accepted(saboteur, future);
	return true;
}

/* ---- collecting ----------------------------------------------------------------------------- */

bothy_future *saboteur_future(const struct saboteur *saboteur)
{
	bothy_future *future;

	while ((future = atomic_load_explicit(&saboteur->future, memory_order_acquire)) == NULL)
		sched_yield();
	return future;
}

int saboteur_wait(struct saboteur *saboteur)
{
	int error;

	waiting = saboteur->boss;
	error = bothy_future_wait(saboteur_future(saboteur), BOTHY_FOREVER);
	waiting = NULL;
	return error;
}

static bool has_ended(const struct saboteur *saboteur)
{
	return saboteur->state != BOTHY_TIMED_OUT;
}

static void check_settled(const struct saboteur *saboteur)
{
	unsigned runs = saboteur->state == BOTHY_EXPIRED ? 0 : 1;

	if ((saboteur->states >> saboteur->state & 1) == 0)
		violation(VIOLATION_OUTCOME,
		          "%s %" PRIu64 ": expected a state of %#x, seen %d (code %d)",
		          saboteur->gang->sabotage->name, saboteur->number, saboteur->states,
		          (int)saboteur->state, saboteur->code);
	saboteur_expect(saboteur, "code",
	                stress_code(saboteur->state, saboteur->gang->sabotage->code),
	                saboteur->code);
	if (has_ended(saboteur)) {
		if (saboteur->state !=
		    BOTHY_CANCELED) /* which it may be before it starts, or later */
			saboteur_expect(saboteur, "runs", runs, saboteur->runs);
		saboteur_expect(saboteur, "arg_free", 1, saboteur->freed);
	}
}

void saboteur_collect(struct saboteur *saboteur)
{
	struct gang *gang = saboteur->gang;
	bothy_future *future = saboteur_future(saboteur);
	void *result = NULL;

	saboteur->collected = true;
	saboteur->state = bothy_future_state(future);
	saboteur->code = bothy_future_result(future, saboteur->number % 2 ? &result : NULL);
	if (result != NULL) {
		free(result);
		ledger_count(LEDGER_RESULTS_TAKEN);
	}
	check_settled(saboteur);
	if (gang->sabotage->check != NULL && saboteur->boss == NULL)
		gang->sabotage->check(saboteur);
	if (!saboteur->elsewhere)
		ledger_count(ledger_outcome(saboteur->state));
	bothy_future_release(future);
}

/* ---- what they use -------------------------------------------------------------------------- */

struct hook {
	struct saboteur *saboteur;
	void (*fn)(struct saboteur *saboteur);
};

/* In the context's memory, which is there as long as its hooks are called. */
static struct hook *hook_new(struct saboteur *saboteur, void (*fn)(struct saboteur *saboteur))
{
	struct hook *hook = bothy_context_alloc(sizeof(*hook));

	if (hook == NULL)
		violation(VIOLATION_MEMORY, "bothy_context_alloc: expected memory, seen none");
	else
		*hook = (struct hook){saboteur, fn};
	return hook;
}

static void call_deferred(void *arg)
{
	const struct hook *hook = arg;

	ledger_count(LEDGER_DEFERRED_RUN);
	hook->saboteur->seen++;
	if (hook->fn != NULL)
		hook->fn(hook->saboteur);
}

static void call_destructor(void *value)
{
	const struct hook *hook = value;

	ledger_count(LEDGER_LOCALS_DESTROYED);
	hook->saboteur->seen++;
	if (hook->fn != NULL)
		hook->fn(hook->saboteur);
}

void sabotage_defer(struct saboteur *saboteur, void (*fn)(struct saboteur *saboteur))
{
	struct hook *hook = hook_new(saboteur, fn);

	if (hook == NULL ||
	    violation_call("bothy_context_defer", bothy_context_defer(call_deferred, hook)))
		return;
	ledger_count(LEDGER_DEFERRED);
	saboteur->planned++;
}

void sabotage_local(struct saboteur *saboteur, const void *key,
                    void (*fn)(struct saboteur *saboteur))
{
	struct hook *hook = hook_new(saboteur, fn);

	if (hook == NULL)
		return;
	ledger_count(LEDGER_LOCALS_SET);
	saboteur->planned++;
	violation_call("bothy_local_set", bothy_local_set(key, hook, call_destructor));
}

void sabotage_set_ref(struct saboteur *saboteur)
{
	const bothy_client *client = bothy_client_current();
	unsigned shared = (unsigned)(saboteur->seed % SHARED_OBJECTS);
	bothy_ref *ref, *found = NULL;

	if (violation_call("bothy_ref_new_object",
	                   bothy_ref_new_object(bothy_client_entity(client),
	                                        bothy_client_project(client), shared_name(shared),
	                                        "sabotage", &ref)))
		return;
	ledger_count(LEDGER_REFS_MADE);
	if (!violation_call("set_ref", shared_set(shared, ref)) &&
	    (shared_get(shared, &found) != 0 || found != ref))
		violation(VIOLATION_OWN_REF, "%s %" PRIu64 ": expected its very own ref, seen %s",
		          saboteur->gang->sabotage->name, saboteur->number,
		          found == NULL ? "none" : "another");
	bothy_ref_release(found);
	bothy_ref_release(ref);
}
