/*
 * Kinds of jobs that enter contexts: of other tenants, and of what they captured.
 */
#include <errno.h>
#include <inttypes.h>

#include "stress/bodies.h"
#include "stress/ledger.h"
#include "stress/reuse.h"
#include "stress/stress.h"
#include "stress/violation.h"

static void stay_nested(struct visit *visit, const struct tenant *tenant,
                        enum bothy_ref_fallback fallback, const struct keepsakes *kept)
{
	struct visit *inner =
		visit_begin(visit->task, tenant, false, rng_next(&visit->rng), fallback, kept);

	if (inner == NULL)
		return;
	visit_stay(inner);
	visit_yield(inner);
	if (rng_one_in(&visit->rng, 4))
		reuse_stay(inner);
	visit_check(inner);
}

static bothy_context *enter(struct visit *visit, const struct tenant *tenant,
                            enum bothy_ref_fallback fallback)
{
	struct bothy_context_options options = {.size = sizeof(options), .refs = fallback};
	bothy_server *server = rng_one_in(&visit->rng, 2) ? stress.server : NULL;
	bothy_context *context = NULL;

	if (server != NULL && rng_one_in(&visit->rng, 2))
		options.flags = BOTHY_ENSURE_PROJECT;
	violation_call("bothy_context_enter",
	               bothy_context_enter(server, tenant->entity, tenant->project,
	                                   fallback == 0 && options.flags == 0 ? NULL : &options,
	                                   &context));
	return context;
}

static void expect_exit(bothy_context *context, int expected)
{
	int seen = bothy_context_exit(context);

	if (seen != expected)
		violation(VIOLATION_CALL, "bothy_context_exit: expected %d, seen %d", expected,
		          seen);
}

static void no_spawn_here(struct visit *visit)
{
	struct bothy_job job = BOTHY_JOB(.fn = body_run, .arg = visit->task);
	int error;

	if (visit->task->here)
		return;
	error = bothy_spawn(&job, NULL);
	if (error != -EPERM)
		violation(VIOLATION_CALL, "bothy_spawn in a nested context: expected %d, seen %d",
		          -EPERM, error);
}

static void in_block(struct visit *visit, const struct tenant *tenant)
{
	int error;

	BOTHY_ISOLATED(&error, stress.server, tenant->entity, tenant->project)
	{
		stay_nested(visit, tenant, BOTHY_REFS_SAME_PROJECT, NULL);
	}
	violation_call("BOTHY_ISOLATED", error);
}

/* Enter, perhaps deeper, and leave: properly, in the wrong order, or not at all. */
static void nest(struct visit *visit, unsigned depth)
{
	const struct tenant *tenant = tenant_other(&visit->rng, visit->tenant);
	enum bothy_ref_fallback fallback = (enum bothy_ref_fallback)rng_below(&visit->rng, 3);
	bothy_context *context = enter(visit, tenant, fallback), *inner;

	if (context == NULL)
		return;
	stay_nested(visit, tenant, fallback, NULL);
	if (depth < 3 && rng_one_in(&visit->rng, 3))
		nest(visit, depth + 1);
	if (rng_one_in(&visit->rng, 16))
		no_spawn_here(visit);
	if (rng_one_in(&visit->rng, 8)) {
		inner = enter(visit, visit->tenant, BOTHY_REFS_SAME_PROJECT);
		if (inner != NULL)
			stay_nested(visit, visit->tenant, BOTHY_REFS_SAME_PROJECT, NULL);
		expect_exit(context, -EBUSY);
	} else {
		expect_exit(context, 0);
	}
	if (rng_one_in(&visit->rng, 16))
		expect_exit(context, -EINVAL); /* it has exited */
}

int body_nester(struct visit *visit, void **ret_result)
{
	const struct tenant *tenant = tenant_random(&visit->rng);

	(void)ret_result;
	nest(visit, 1);
	visit_check(visit);
	if (rng_one_in(&visit->rng, 2))
		in_block(visit, tenant);
	visit_check(visit);
	return 0;
}

/* ---- captures ------------------------------------------------------------------- */

void body_adopt(struct task *task, bothy_capture *capture, const struct keepsakes *kept)
{
	struct visit *visit;
	bothy_context *context;

	if (violation_call("bothy_context_adopt", bothy_context_adopt(capture, &context)))
		return;
	visit = visit_begin(task, task->tenant, false, rng_seed(task->seed, 1),
	                    BOTHY_REFS_SAME_PROJECT, kept);
	if (visit != NULL) {
		visit_stay(visit);
		visit_check(visit);
	}
	expect_exit(context, 0);
}

int body_capturer(struct visit *visit, void **ret_result)
{
	struct task *task = visit->task;
	bothy_capture *capture;

	if (violation_call("bothy_context_capture", bothy_context_capture(&capture)))
		return 0;
	visit_keep(visit, &task->result.kept);
	if (rng_one_in(&visit->rng, 2))
		body_adopt(task, capture, &visit->set);
	task->result.capture = capture;
	*ret_result = task_result(task);
	return 0;
}
