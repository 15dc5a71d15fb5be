/*
 * Jobs whose deferred functions and locals' destructors do all that a job may.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "stress/saboteurs/families.h"
#include "stress/stress.h"
#include "stress/violation.h"

static const char keys[4];

static void check_hooks(const struct saboteur *saboteur)
{
	saboteur_expect(saboteur, "hooks called", saboteur->planned, saboteur->seen);
}

static void in_all_hooks(struct saboteur *saboteur, void (*fn)(struct saboteur *saboteur))
{
	sabotage_defer(saboteur, fn);
	sabotage_local(saboteur, &keys[0], fn);
	sabotage_local(saboteur, &keys[1], NULL);
	sabotage_local(saboteur, &keys[1], fn); /* destroys the one before at once */
}

static int set_refs(struct saboteur *saboteur, void **ret_result)
{
	*ret_result = sabotage_result();
	in_all_hooks(saboteur, sabotage_set_ref);
	return 0;
}

/* ---- submitting ------------------------------------------------------------------------------- */

/* A child, for which it waits, and one of another project. */
static void submit(struct saboteur *saboteur)
{
	struct saboteur *child = saboteur_new(saboteur->gang, saboteur, saboteur_behaves, IS(DONE));
	struct saboteur *stranger =
		saboteur_new(saboteur->gang, saboteur, saboteur_behaves, IS(DONE));

	stranger->project = (stranger->project + 1) % GANG_PROJECTS;
	saboteur_submit(stranger, NULL);
	if (saboteur_spawn(child))
		violation_call("bothy_future_wait", saboteur_wait(child));
}

static int submit_late(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	in_all_hooks(saboteur, submit);
	return 0;
}

/* ---- failing ---------------------------------------------------------------------------------- */

enum { CODE = 7 };

static void fail(struct saboteur *saboteur)
{
	(void)bothy_fail(CODE + 1, "hook %u of %u", saboteur->seen, saboteur->planned);
}

static int fail_late(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	in_all_hooks(saboteur, fail);
	return bothy_fail(CODE, "the job itself");
}

/* The last text counts; what the job returned stands. */
static void check_text(const struct saboteur *saboteur)
{
	const char *seen = bothy_future_error(saboteur_future(saboteur));
	char expected[32];

	check_hooks(saboteur);
	snprintf(expected, sizeof(expected), "hook %u of %u", saboteur->planned, saboteur->planned);
	if (seen == NULL || strcmp(seen, expected) != 0)
		violation(VIOLATION_ERROR_TEXT, "fail-late: expected \"%s\", seen \"%s\"", expected,
		          seen == NULL ? "nothing" : seen);
}

/* ---- again ------------------------------------------------------------------------------------ */

static void again(struct saboteur *saboteur)
{
	if (saboteur->planned >= 100)
		return;
	sabotage_defer(saboteur, again);
	sabotage_local(saboteur, &keys[saboteur->planned % 4], again);
}

static int defer_again(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	in_all_hooks(saboteur, again);
	return 0;
}

/* ---- contexts that nobody leaves -------------------------------------------------------------- */

static void enter(struct saboteur *saboteur)
{
	bothy_context *context;

	for (int i = 0; i < 3; i++) {
		if (violation_call("bothy_context_enter",
		                   bothy_context_enter(stress.server, "saboteurs", "inside", NULL,
		                                       &context)))
			return;
		sabotage_defer(saboteur, sabotage_set_ref);
		sabotage_local(saboteur, &keys[2], sabotage_set_ref);
	}
}

static int enter_late(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	in_all_hooks(saboteur, enter);
	return 0;
}

/* ---- after all: no context is left ------------------------------------------------------------ */

static void nothing(void *arg)
{
	(void)arg;
}

static void work_on(struct saboteur *saboteur)
{
	const struct bothy_job job = saboteur_job(saboteur);

	saboteur_expect(saboteur, "bothy_context_defer in arg_free", -ENOENT,
	                bothy_context_defer(nothing, NULL));
	saboteur_expect(saboteur, "bothy_local_set in arg_free", -ENOENT,
	                bothy_local_set(&keys[3], saboteur, nothing));
	saboteur_expect(saboteur, "bothy_spawn in arg_free", -ENOENT, bothy_spawn(&job, NULL));
	saboteur_expect(saboteur, "bothy_fail in arg_free", CODE,
	                bothy_fail(CODE, "too late to say so"));
	saboteur_expect(saboteur, "memory in arg_free", 0, bothy_context_alloc(8) != NULL);
	if (saboteur->boss == NULL) {
		struct saboteur *next =
			saboteur_new(saboteur->gang, saboteur, saboteur_behaves, IS(DONE));

		saboteur_submit(next, NULL);
	}
}

const struct sabotage sabotage_hooks[] = {
	{"hooks-set-refs", "sets refs in destructors", set_refs, IS(DONE), .check = check_hooks},
	{"hooks-submit", "submits in destructors, and waits", submit_late, IS(DONE), .helpers = 6,
         .check = check_hooks},
	{"hooks-fail", "calls bothy_fail() in destructors", fail_late, IS(FAILED), .code = CODE,
         .check = check_text},
	{"hooks-again", "defers and sets locals, 100 deep", defer_again, IS(DONE),
         .check = check_hooks},
	{"hooks-enter", "enters contexts there, and stays", enter_late, IS(DONE),
         .check = check_hooks},
	{"hooks-arg-free", "does all of that in arg_free", saboteur_behaves, IS(DONE), .helpers = 1,
         .freed = work_on},
	{.name = NULL},
};
