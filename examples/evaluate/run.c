/*
 * One thread submits the jobs and takes what is delivered to a completion queue.  A trial
 * is the job's from its submission to its delivery, and this thread's otherwise.
 */
#include "examples/evaluate/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bothy/future.h>
#include <bothy/job.h>
#include <bothy/pool.h>

#include "examples/evaluate/progress.h"
#include "examples/evaluate/trial.h"

enum {
	QUEUE_MAX = 64, /* jobs that wait for a worker */
	LOOK_MS = 100   /* so often the bar moves, though nothing is delivered */
};

struct runner {
	const struct plan *plan;
	struct outcome *outcome;
	bothy_pool *pool;
	bothy_completions *completions;
	struct trial *trials;
	size_t submitted, delivered;
	bool ended;   /* nothing more is submitted ... */
	bool stopped; /* ... since the plan says stop */
};

/* ---- what to do, and what came of it ------------------------------------------------------ */

/* The projects take turns; so neighbours in time are of different teams or models.  In a
 * team, each model gets the same words; each team has words of its own. */
static void plan_trial(const struct runner *r, size_t job)
{
	const struct plan *plan = r->plan;
	size_t projects = r->outcome->projects, project = job % projects;
	size_t words = (plan->jobs + projects - 1) / projects; /* a project, at most */
	size_t word = job / projects * plan->teams + project / plan->model_count;

	r->trials[job] = (struct trial){
		.pairs = plan->pairs,
		.model = &plan->models[project % plan->model_count],
		.pair = pairs_sample(plan->pairs, word, words * plan->teams),
		.team = r->outcome->tally[project].team,
	};
}

static int outcome_init(struct outcome *outcome, const struct plan *plan)
{
	size_t projects = plan->teams * plan->model_count;
	size_t words = (plan->jobs + projects - 1) / projects;

	*outcome = (struct outcome){.projects = projects};
	outcome->tally = calloc(projects, sizeof(*outcome->tally));
	outcome->ms = calloc(projects * words, sizeof(*outcome->ms));
	if (outcome->tally == NULL || outcome->ms == NULL) {
		outcome_free(outcome);
		return -ENOMEM;
	}
	for (size_t i = 0; i < projects; i++) {
		struct tally *tally = &outcome->tally[i];

		snprintf(tally->team, sizeof(tally->team), "team-%u",
		         (unsigned)(i / plan->model_count + 1));
		tally->model = plan->models[i % plan->model_count].name;
		tally->ms = &outcome->ms[i * words];
	}
	return 0;
}

void outcome_free(struct outcome *outcome)
{
	free(outcome->tally);
	free(outcome->ms);
	*outcome = (struct outcome){0};
}

static void count(struct tally *tally, const struct trial *trial)
{
	tally->ms[tally->jobs++] = trial->ms;
	if (trial->place == 1)
		tally->first++;
	if (trial->place > 0)
		tally->among++;
}

/* ---- the loop ------------------------------------------------------------------------------ */

/* Submit until the queue is full.  Returns what else came between, or 0. */
static int submit_more(struct runner *r)
{
	int error = 0;

	while (error == 0 && !r->ended) {
		struct trial *trial = &r->trials[r->submitted];

		error = bothy_submit(r->pool,
		                     &BOTHY_JOB(.entity = trial->team,
		                                .project = trial->model->name, .fn = trial_run,
		                                .arg = trial, .name = "trial",
		                                .completions = r->completions, .tag = trial),
		                     NULL);
		if (error == 0)
			r->ended = ++r->submitted == r->plan->jobs;
	}
	return error == -EAGAIN ? 0 : error;
}

static void take(struct runner *r, const struct bothy_completion *completion)
{
	const struct trial *trial = completion->tag;
	struct outcome *outcome = r->outcome;

	r->delivered++;
	if (completion->state == BOTHY_CANCELED) /* it never ran */
		return;
	outcome->reads += trial->reads;
	outcome->beside += trial->beside;
	outcome->foreign += trial->foreign;
	if (completion->code == 0) {
		outcome->done++;
		count(&outcome->tally[(size_t)(trial - r->trials) % outcome->projects], trial);
	} else if (outcome->failed++ == 0) {
		outcome->error = completion->code;
	}
}

/* Cancel what is queued.  What runs goes on to its end, and is delivered as ever. */
static int stop(struct runner *r)
{
	int error = bothy_pool_close(r->pool, BOTHY_NOW);

	r->ended = r->stopped = true;
	return error == -ETIMEDOUT ? 0 : error;
}

static int step(struct runner *r)
{
	struct bothy_completion completion;
	int error = 0;

	if (*r->plan->stop && !r->stopped)
		error = stop(r);
	else if (!r->ended)
		error = submit_more(r);
	if (error < 0)
		return error;
	error = bothy_completions_next(r->completions, bothy_after_ms(LOOK_MS), &completion);
	if (error == 0)
		take(r, &completion);
	return error == -ETIMEDOUT ? 0 : error;
}

/* ---- its beginning and end ------------------------------------------------------------------ */

static int run_on_pool(struct runner *r)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};
	struct progress progress;
	bothy_time start;
	int error = bothy_pool_stats(r->pool, &stats);

	if (error < 0)
		return error;
	r->outcome->workers = stats.threads;
	progress_begin(&progress, r->plan->what, r->plan->jobs);
	start = bothy_after_ms(0);
	while (error == 0 && (!r->ended || r->delivered < r->submitted)) {
		error = step(r);
		progress_show(&progress, r->delivered);
	}
	r->outcome->seconds = (double)(bothy_after_ms(0) - start) / 1e9;
	progress_end(&progress);
	return error;
}

static int run_trials(struct runner *r)
{
	const struct bothy_pool_options options = {
		.size = sizeof(options),
		.workers = r->plan->workers,
		.queue_max = QUEUE_MAX,
		.refs = r->plan->refs,
		.name = "evaluate",
		.worker_init = models_open,
		.worker_fini = models_close,
	};
	int error;

	for (size_t i = 0; i < r->plan->jobs; i++)
		plan_trial(r, i);
	error = bothy_completions_new(&r->completions);
	if (error < 0)
		return error;
	error = bothy_pool_new(NULL, &options, &r->pool);
	if (error == 0) {
		error = run_on_pool(r);
		bothy_pool_free(r->pool); /* and with it whatever could touch a trial */
	}
	bothy_completions_release(r->completions);
	return error;
}

int run(const struct plan *plan, struct outcome *ret_outcome)
{
	struct outcome outcome;
	struct runner runner = {.plan = plan, .outcome = &outcome};
	int error = outcome_init(&outcome, plan);

	if (error < 0)
		return error;
	error = -ENOMEM;
	runner.trials = calloc(plan->jobs, sizeof(*runner.trials));
	if (runner.trials != NULL)
		error = run_trials(&runner);
	free(runner.trials);
	if (error < 0)
		outcome_free(&outcome);
	else
		*ret_outcome = outcome;
	return error;
}
