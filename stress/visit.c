#include "stress/visit.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/ids.h"
#include "stress/ledger.h"
#include "stress/violation.h"

static const char local_keys[VISIT_LOCALS];

const char *visit_ref_text(const bothy_ref *ref, char *text, size_t bytes)
{
	if (ref == NULL)
		snprintf(text, bytes, "none");
	else
		(void)bothy_ref_format(ref, text, bytes);
	return text;
}

/* ---- whose context it is -------------------------------------------------------- */

static void check_self(const struct visit *visit, const char *where)
{
	const bothy_client *client = bothy_client_current();
	uint64_t id = bothy_context_id();

	if (id != visit->id)
		violation(VIOLATION_CONTEXT_ID,
		          "%s of job %" PRIu64 " (%s): expected context %" PRIu64 ", seen %" PRIu64,
		          where, visit->task->number, task_kind_name(visit->task), visit->id, id);
	if (!tenant_is_client(visit->tenant, client))
		violation(VIOLATION_CLIENT,
		          "%s of job %" PRIu64 " (%s): expected %s/%s, seen %s/%s", where,
		          visit->task->number, task_kind_name(visit->task), visit->tenant->entity,
		          visit->tenant->project,
		          client == NULL ? "no" : bothy_client_entity(client),
		          client == NULL ? "client" : bothy_client_project(client));
}

/* ---- refs of shared objects ----------------------------------------------------- */

static void expect_own(const struct visit *visit, const struct keepsake *own)
{
	char expected[160], seen[160];
	bothy_ref *ref = NULL;
	int error = shared_get(own->shared, &ref);

	if (error != 0 || ref != own->ref)
		violation(VIOLATION_OWN_REF,
		          "job %" PRIu64 " (%s): expected its very own %s, seen %s",
		          visit->task->number, task_kind_name(visit->task),
		          visit_ref_text(own->ref, expected, sizeof(expected)),
		          visit_ref_text(ref, seen, sizeof(seen)));
	bothy_ref_release(ref);
}

/* REF is what this context was given for an object on which it has set nothing. */
static void judge(const struct visit *visit, unsigned shared, const bothy_ref *ref)
{
	char seen[160];

	visit_ref_text(ref, seen, sizeof(seen));
	if (strcmp(bothy_ref_name(ref), shared_name(shared)) != 0)
		violation(VIOLATION_STALE_REF, "job %" PRIu64 ": expected a ref of %s, seen %s",
		          visit->task->number, shared_name(shared), seen);
	if (visit->fallback == BOTHY_REFS_ANY)
		return;
	if (visit->fallback == BOTHY_REFS_NONE || !tenant_owns_ref(visit->tenant, ref) ||
	    bothy_ref_digest(ref)[0] != 'o')
		violation(VIOLATION_FOREIGN_REF,
		          "job %" PRIu64 " (%s): expected a ref %s %s/%s or none, seen %s",
		          visit->task->number, task_kind_name(visit->task),
		          visit->fallback == BOTHY_REFS_NONE ? "of the very context of"
		                                             : "put there by",
		          visit->tenant->entity, visit->tenant->project, seen);
}

static struct keepsake *find_set(struct visit *visit, unsigned shared)
{
	for (unsigned i = 0; i < visit->set.count; i++) {
		if (visit->set.items[i].shared == shared)
			return &visit->set.items[i];
	}
	return NULL;
}

static void look_at(struct visit *visit, unsigned shared)
{
	const struct keepsake *own = find_set(visit, shared);
	bothy_ref *ref = NULL;
	int error;

	if (own != NULL) {
		expect_own(visit, own);
		return;
	}
	error = shared_get(shared, &ref);
	if (error == 0)
		judge(visit, shared, ref);
	else if (error != -ENOENT)
		violation_call("get_ref", error);
	bothy_ref_release(ref);
}

static bothy_ref *parse_ref(const struct tenant *tenant, const char *name, const char *digest)
{
	bothy_ref *ref = NULL;
	char uri[160];

	snprintf(uri, sizeof(uri), "weave:///%s/%s/object/%s:%s", tenant->entity, tenant->project,
	         name, digest);
	violation_call("bothy_ref_parse", bothy_ref_parse(uri, &ref));
	return ref;
}

bothy_ref *visit_make_ref(struct visit *visit, const struct tenant *tenant, const char *name,
                          char mark)
{
	bothy_ref *ref = NULL;
	char digest[32];

	snprintf(digest, sizeof(digest), "%c-%" PRIx64, mark, visit->task->number);
	if (rng_one_in(&visit->rng, 4))
		ref = parse_ref(tenant, name, digest);
	else
		violation_call(
			"bothy_ref_new_object",
			bothy_ref_new_object(tenant->entity, tenant->project, name, digest, &ref));
	if (ref != NULL)
		ledger_count(LEDGER_REFS_MADE);
	return ref;
}

static void remember(struct visit *visit, unsigned shared, bothy_ref *ref)
{
	struct keepsake *own = find_set(visit, shared);

	if (own == NULL)
		own = &visit->set.items[visit->set.count++];
	*own = (struct keepsake){shared, ref};
	expect_own(visit, own);
}

static void forget(struct visit *visit, unsigned shared)
{
	struct keepsake *own = find_set(visit, shared);

	if (own != NULL)
		*own = visit->set.items[--visit->set.count];
	look_at(visit, shared);
}

/* Mostly the tenant's own ref; sometimes none; and now and then, in jobs without
 * descendants, one that names another tenant: nobody else may be shown it. */
static void set_one(struct visit *visit, unsigned shared)
{
	const struct tenant *tenant = visit->tenant;
	bothy_ref *ref;
	bool cross;

	if (rng_one_in(&visit->rng, 32)) {
		if (!violation_call("set_ref(NULL)", shared_set(shared, NULL)))
			forget(visit, shared);
		return;
	}
	if (visit->set.count == KEEPSAKES && find_set(visit, shared) == NULL)
		return;
	if (visit->task->kind == KIND_WORK && rng_one_in(&visit->rng, 16))
		tenant = tenant_other(&visit->rng, tenant);
	cross = tenant != visit->tenant;
	ref = visit_make_ref(visit, tenant, shared_name(shared), cross ? 'x' : 'o');
	if (ref == NULL)
		return;
	if (!violation_call("set_ref", shared_set(shared, ref)))
		remember(visit, shared, ref);
	bothy_ref_release(ref);
}

static void stay_with_refs(struct visit *visit)
{
	unsigned n = 1 + rng_below(&visit->rng, 2);

	for (unsigned i = 0; i < n; i++) {
		unsigned shared = rng_below(&visit->rng, SHARED_OBJECTS);

		look_at(visit, shared);
		set_one(visit, shared);
	}
}

void visit_keep(const struct visit *visit, struct keepsakes *ret_kept)
{
	*ret_kept = visit->set;
	for (unsigned i = 0; i < ret_kept->count; i++)
		bothy_ref_hold(ret_kept->items[i].ref);
}

/* ---- locals --------------------------------------------------------------------- */

static void destroy_local(void *value)
{
	struct visit_local *local = value;
	struct visit *visit = local->visit;

	check_self(visit, "a local's destructor");
	if (!local->set)
		violation(VIOLATION_LOCALS,
		          "job %" PRIu64 ": expected a local destroyed once, seen "
		          "twice",
		          visit->task->number);
	local->set = false;
	ledger_count(LEDGER_LOCALS_DESTROYED);
	if (visit->exit_in_destroy) {
		visit->exit_in_destroy = false;
		pthread_exit(NULL);
	}
}

static void check_local(const struct visit *visit, unsigned i)
{
	const void *expected = visit->locals[i].set ? &visit->locals[i] : NULL;
	const void *seen = bothy_local_get(&local_keys[i]);

	if (seen != expected)
		violation(VIOLATION_LOCALS, "job %" PRIu64 " (%s), local %u: expected %s, seen %s",
		          visit->task->number, task_kind_name(visit->task), i,
		          expected == NULL ? "none" : "its own", seen == NULL ? "none" : "another");
}

static void set_local(struct visit *visit, unsigned i)
{
	struct visit_local *local = &visit->locals[i];

	if (local->set)
		return;
	*local = (struct visit_local){visit, true};
	ledger_count(LEDGER_LOCALS_SET);
	violation_call("bothy_local_set", bothy_local_set(&local_keys[i], local, destroy_local));
	if (rng_one_in(&visit->rng, 8)) /* sets none, and destroys this one */
		violation_call("bothy_local_set",
		               bothy_local_set(&local_keys[i], NULL, destroy_local));
	check_local(visit, i);
}

/* ---- deferred functions and memory ---------------------------------------------- */

struct deferred {
	struct visit *visit;
	unsigned place; /* of those deferred */
	bool again;     /* it shall defer another */
};

static void defer_one(struct visit *visit, bool again);

static void called(void *arg)
{
	struct deferred *deferred = arg;
	struct visit *visit = deferred->visit;

	if (visit->deferred != deferred->place)
		violation(VIOLATION_DEFER,
		          "job %" PRIu64 " (%s): expected deferred function %u next, seen %u",
		          visit->task->number, task_kind_name(visit->task), visit->deferred,
		          deferred->place);
	visit_deferred(visit);
	if (deferred->again)
		defer_one(visit, false);
}

bool visit_defer(struct visit *visit, void (*fn)(void *), void *arg)
{
	if (violation_call("bothy_context_defer", bothy_context_defer(fn, arg)))
		return false;
	visit->deferred++;
	ledger_count(LEDGER_DEFERRED);
	return true;
}

void visit_deferred(struct visit *visit)
{
	check_self(visit, "a deferred function");
	visit->deferred--;
	ledger_count(LEDGER_DEFERRED_RUN);
}

static void defer_one(struct visit *visit, bool again)
{
	struct deferred *deferred = bothy_context_alloc(sizeof(*deferred));

	if (deferred == NULL) {
		violation(VIOLATION_MEMORY, "bothy_context_alloc: expected memory, seen none");
		return;
	}
	*deferred = (struct deferred){visit, visit->deferred + 1, again};
	visit_defer(visit, called, deferred);
}

static unsigned char pattern(const struct visit *visit)
{
	return (unsigned char)(visit->id * 31 + 7);
}

static void take_memory(struct visit *visit)
{
	size_t bytes = 1 + rng_below(&visit->rng, rng_one_in(&visit->rng, 64) ? 50000 : 200);

	visit->memory = bothy_context_alloc(bytes);
	if (visit->memory == NULL || (uintptr_t)visit->memory % _Alignof(max_align_t) != 0) {
		violation(VIOLATION_MEMORY,
		          "bothy_context_alloc(%zu): expected aligned memory, "
		          "seen %p",
		          bytes, (void *)visit->memory);
		return;
	}
	visit->memory_bytes = bytes;
	memset(visit->memory, pattern(visit), bytes);
}

static void check_memory(const struct visit *visit)
{
	for (size_t i = 0; i < visit->memory_bytes; i++) {
		if (visit->memory[i] != pattern(visit)) {
			violation(VIOLATION_MEMORY,
			          "byte %zu of the context's memory: expected %#x, "
			          "seen %#x",
			          i, pattern(visit), visit->memory[i]);
			return;
		}
	}
}

/* ---- from first to last --------------------------------------------------------- */

/* The first to be deferred, so the last to be called. */
static void leave(void *arg)
{
	struct visit *visit = arg;
	struct task *task = visit->task;

	if (visit->deferred != 1)
		violation(VIOLATION_DEFER,
		          "job %" PRIu64 " (%s): expected all %u deferred functions "
		          "called before the first, they were not",
		          task->number, task_kind_name(task), visit->deferred);
	visit_deferred(visit);
	check_memory(visit);
	if (!visit->of_job)
		return;
	task->inside = 0;
	if (task->mark != NULL)
		*task->mark = 1;
	task->proof = task_proof(task);
}

static void check_empty(struct visit *visit, const struct keepsakes *kept)
{
	check_self(visit, "the start");
	for (unsigned i = 0; i < VISIT_LOCALS; i++)
		check_local(visit, i);
	if (kept != NULL)
		visit->set = *kept;
	for (unsigned i = 0; i < visit->set.count; i++)
		expect_own(visit, &visit->set.items[i]);
}

struct visit *visit_begin(struct task *task, const struct tenant *tenant, bool of_job,
                          uint64_t seed, enum bothy_ref_fallback fallback,
                          const struct keepsakes *kept)
{
	struct visit *visit = bothy_context_alloc(sizeof(*visit));

	if (visit == NULL) {
		violation(VIOLATION_MEMORY, "bothy_context_alloc: expected memory, seen none");
		return NULL;
	}
	*visit = (struct visit){.task = task,
	                        .tenant = tenant,
	                        .of_job = of_job,
	                        .fallback = fallback,
	                        .id = bothy_context_id(),
	                        .rng = {seed}};
	ids_note(visit->id);
	if (!visit_defer(visit, leave, visit))
		return NULL;
	if (of_job)
		task->inside = 1;
	check_empty(visit, kept);
	return visit;
}

void visit_stay(struct visit *visit)
{
	unsigned which = rng_below(&visit->rng, 16);

	stay_with_refs(visit);
	if (which & 1)
		set_local(visit, rng_below(&visit->rng, VISIT_LOCALS));
	if (which & 2)
		take_memory(visit);
	if (which & 4)
		defer_one(visit, false);
	if (which == 15) {
		defer_one(visit, true);
		set_local(visit, 0);
	}
}

void visit_yield(struct visit *visit)
{
	if (rng_one_in(&visit->rng, 4))
		sched_yield();
}

void visit_check(struct visit *visit)
{
	check_self(visit, "the end");
	for (unsigned i = 0; i < VISIT_LOCALS; i++)
		check_local(visit, i);
	for (unsigned i = 0; i < visit->set.count; i++)
		expect_own(visit, &visit->set.items[i]);
	check_memory(visit);
}
