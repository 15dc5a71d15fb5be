/*
 * One team's evaluation of one model: a job that has a trial run for each word.
 */
#ifndef EXAMPLES_EVALUATE_EVALUATION_H
#define EXAMPLES_EVALUATE_EVALUATION_H

#include <bothy/base.h>

#include "examples/evaluate/models.h"
#include "examples/evaluate/pairs.h"

struct trial;

enum { TRACE_ID_BYTES = 37 };

struct evaluation {
	/* What to do, and where: TEAM is the entity, the model's name the project. */
	const char *team;
	struct model *model;
	struct pairs *pairs;
	struct trial *trials; /* COUNT of them, in the order of their words */
	size_t count;
	bothy_completions *completions; /* where they are delivered */
	/* What this project's copies of the data set and model are known as: written by the job
	 * before it spawns a trial. */
	bothy_ref *data_ref, *model_ref;
	/* What came of it: written by the job, for whoever knows that it has ended. */
	char trace_id[TRACE_ID_BYTES];
	size_t spawned;
};

/* The job's function; ARG is a struct evaluation. */
int evaluation_run(void *arg, void **unused);

void evaluation_fini(struct evaluation *evaluation);

#endif
