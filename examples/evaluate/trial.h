/*
 * One job: one model's answer to one misspelling, for one team.
 */
#ifndef EXAMPLES_EVALUATE_TRIAL_H
#define EXAMPLES_EVALUATE_TRIAL_H

#include "examples/evaluate/models.h"
#include "examples/evaluate/pairs.h"

enum { PLACES = 5 }; /* so many of a model's suggestions count */

struct trial {
	/* What to do.  Data set and model are shared with all other teams. */
	struct pairs *pairs;
	struct model *model;
	const struct pair *pair;
	const char *team; /* whose job: the entity; the model's name is the project */
	/* What came of it: written by the job, for whoever knows that it is done. */
	int place;        /* of the right word among the suggestions, from 1; 0: not there */
	double ms;        /* what the model took */
	unsigned reads;   /* of refs; of these ... */
	unsigned beside;  /* ... were made while other jobs had theirs on the object ... */
	unsigned foreign; /* ... and gave another project's */
};

/* The job's function; ARG is a struct trial. */
int trial_run(void *arg, void **unused);

#endif
