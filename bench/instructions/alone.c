#include "bench/instructions/work.h"

static struct bothy_object objects[PER_ROUND];

static bothy_ref *the_ref(void)
{
	static bothy_ref *ref;

	if (ref == NULL)
		must("can't make a ref",
		     bothy_ref_new_object(LANE_ENTITY, LANE_PROJECT, "dataset", "abc", &ref));
	return ref;
}

static void run_here(bothy_fn *fn)
{
	struct bothy_job job = BOTHY_JOB(.entity = LANE_ENTITY, .project = LANE_PROJECT, .fn = fn);

	must("can't run a job", bothy_run_here(NULL, &job, NULL));
}

static int empty(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return 0;
}

void round_run_here(void)
{
	for (unsigned i = 0; i < PER_ROUND; i++)
		run_here(empty);
}

void round_context(void)
{
	bothy_context *context;

	for (unsigned i = 0; i < PER_ROUND; i++) {
		must("can't enter a context",
		     bothy_context_enter(NULL, LANE_ENTITY, LANE_PROJECT, NULL, &context));
		must("can't leave a context", bothy_context_exit(context));
	}
}

static int set_one(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	must("can't set a ref", bothy_object_set_ref(&objects[0], the_ref()));
	return 0;
}

void round_first_ref(void)
{
	for (unsigned i = 0; i < PER_ROUND; i++)
		run_here(set_one);
}

static int set_each(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	for (unsigned i = 0; i < PER_ROUND; i++)
		must("can't set a ref", bothy_object_set_ref(&objects[i], the_ref()));
	return 0;
}

void round_refs(void)
{
	run_here(set_each);
}
