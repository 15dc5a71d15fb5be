/*
 * One job: one model's answer to one misspelling, for one team.
 */
#ifndef EXAMPLES_EVALUATE_TRIAL_H
#define EXAMPLES_EVALUATE_TRIAL_H

#include "examples/evaluate/evaluation.h"

struct trial {
	/* What to do, for whom.  Data set and model are shared with all other teams. */
	const struct evaluation *evaluation;
	const struct pair *pair;
	size_t row; /* of the evaluation's data set */
	/* What came of it: written by the job, for whoever knows that it is done. */
	bool scored;
	int place;        /* of the right word among the suggestions, from 1; 0: not there */
	double ms;        /* what the model took */
	unsigned reads;   /* of refs; of these ... */
	unsigned beside;  /* ... were made while other jobs had theirs on the object ... */
	unsigned foreign; /* ... and gave another project's */
};

/* The job's function; ARG is a struct trial. */
int trial_run(void *arg, void **unused);

#endif
