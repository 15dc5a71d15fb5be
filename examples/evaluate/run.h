/*
 * A run: the evaluations of all teams on one pool, and what came of them.
 */
#ifndef EXAMPLES_EVALUATE_RUN_H
#define EXAMPLES_EVALUATE_RUN_H

#include <bothy/base.h>
#include <signal.h>

#include "examples/evaluate/evaluation.h"

struct plan {
	const char *what;     /* the progress bar's label */
	bothy_server *server; /* where all is recorded */
	struct pairs *pairs;
	struct model *models; /* the first of MODEL_COUNT: each team has a project for each */
	size_t model_count;
	size_t teams;
	size_t jobs;                       /* trials, in all */
	unsigned workers;                  /* 0: one per CPU */
	enum bothy_ref_fallback refs;      /* whose refs a job may see; the default is safe */
	const volatile sig_atomic_t *stop; /* not 0: run no more jobs */
};

/* One project: one team's evaluation of one model. */
struct tally {
	char team[16];                 /* its entity ... */
	const char *model;             /* ... and its project's name */
	char trace_id[TRACE_ID_BYTES]; /* of what it recorded; empty: it never ran */
	size_t jobs;                   /* done; of these ... */
	size_t first;                  /* ... the first suggestion was right */
	size_t among;                  /* ... one of those that count was */
	double *ms;                    /* what each took */
};

struct outcome {
	struct tally *tally; /* PROJECTS of them: a team's stand together */
	size_t projects;
	double *ms;          /* where the tallies keep theirs */
	size_t done, failed; /* trials */
	int error;           /* the first failed one's */
	size_t reads;        /* refs looked up; of these ... */
	size_t beside;       /* ... while other jobs had theirs on the object ... */
	size_t foreign;      /* ... and named another project */
	unsigned workers;
	double seconds;
};

/*
 * Run PLAN.  *ret_outcome is to be freed with outcome_free(); a stopped run's has less in
 * it.
 *
 * Errors: as bothy_pool_new() and bothy_submit(); -ENOMEM; that of an evaluation which failed,
 *         of which stderr was told.
 */
int run(const struct plan *plan, struct outcome *ret_outcome);

void outcome_free(struct outcome *outcome);

#endif
