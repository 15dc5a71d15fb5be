/*
 * One thread submits the evaluations, which spawn the trials, and takes what is delivered to a
 * completion queue.  A trial is the jobs' until its delivery, and this thread's after that.
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

enum { LOOK_MS = 100 /* so often the bar moves, though nothing is delivered */ };

struct runner {
	const struct plan *plan;
	struct outcome *outcome;
	bothy_pool *pool;
	bothy_completions *completions;
	struct evaluation *evaluations; /* one per project */
	struct trial *trials;           /* `words` per project, at most */
	size_t words;
	size_t submitted, ended; /* evaluations */
	size_t delivered;        /* trials */
	bool stopped;            /* since the plan says stop */
};

/* ---- what to do, and what came of it ------------------------------------------------------ */

static size_t words_of_project(const struct plan *plan)
{
	size_t projects = plan->teams * plan->model_count;

	return (plan->jobs + projects - 1) / projects; /* at most */
}

/* In a team, each model gets the same words; each team has words of its own. */
static void plan_trial(const struct runner *r, size_t project, size_t i)
{
	const struct plan *plan = r->plan;
	size_t word = i * plan->teams + project / plan->model_count;

	r->trials[project * r->words + i] = (struct trial){
		.evaluation = &r->evaluations[project],
		.pair = pairs_sample(plan->pairs, word, r->words * plan->teams),
		.row = i,
	};
}

static void plan_evaluation(const struct runner *r, size_t project)
{
	const struct plan *plan = r->plan;
	size_t projects = r->outcome->projects;
	struct evaluation *evaluation = &r->evaluations[project];

	*evaluation = (struct evaluation){
		.team = r->outcome->tally[project].team,
		.model = &plan->models[project % plan->model_count],
		.pairs = plan->pairs,
		.trials = &r->trials[project * r->words],
		.count = (plan->jobs + projects - 1 - project) / projects,
		.completions = r->completions,
	};
	for (size_t i = 0; i < evaluation->count; i++)
		plan_trial(r, project, i);
}

static int outcome_init(struct outcome *outcome, const struct plan *plan)
{
	size_t projects = plan->teams * plan->model_count, words = words_of_project(plan);

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

static void take_trial(struct runner *r, const struct bothy_completion *completion)
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
		count(&outcome->tally[trial->evaluation - r->evaluations], trial);
	} else if (outcome->failed++ == 0) {
		outcome->error = completion->code;
	}
}

/* ---- the loop ------------------------------------------------------------------------------ */

/* Its deliveries have no tag: a trial's is the trial. */
static int submit(struct runner *r, struct evaluation *evaluation, bothy_future **ret_future)
{
	return bothy_submit(r->pool,
	                    &BOTHY_JOB(.entity = evaluation->team,
	                               .project = evaluation->model->name, .fn = evaluation_run,
	                               .arg = evaluation, .name = "evaluate",
	                               .flags = BOTHY_TRACE | BOTHY_ENSURE_PROJECT,
	                               .completions = r->completions),
	                    ret_future);
}

static int submit_all(struct runner *r, bothy_future **futures)
{
	int error = 0;

	while (error == 0 && r->submitted < r->outcome->projects) {
		error = submit(r, &r->evaluations[r->submitted], &futures[r->submitted]);
		r->submitted += error == 0;
	}
	return error;
}

/* Whether all evaluations have ended, and all trials that they spawned are delivered. */
static bool has_ended(const struct runner *r)
{
	size_t spawned = 0;

	if (r->ended < r->submitted)
		return false;
	for (size_t i = 0; i < r->submitted; i++)
		spawned += r->evaluations[i].spawned;
	return r->delivered == spawned;
}

/* Cancel what is queued.  What runs goes on to its end, and is delivered as ever. */
static int stop(struct runner *r)
{
	int error = bothy_pool_close(r->pool, BOTHY_NOW);

	r->stopped = true;
	return error == -ETIMEDOUT ? 0 : error;
}

static int step(struct runner *r)
{
	struct bothy_completion completion;
	int error = 0;

	if (*r->plan->stop && !r->stopped)
		error = stop(r);
	if (error < 0)
		return error;
	error = bothy_completions_next(r->completions, bothy_after_ms(LOOK_MS), &completion);
	if (error < 0)
		return error == -ETIMEDOUT ? 0 : error;
	if (completion.tag != NULL)
		take_trial(r, &completion);
	else
		r->ended++;
	return 0;
}

static int run_to_end(struct runner *r)
{
	struct progress progress;
	bothy_time start = bothy_after_ms(0);
	int error = 0;

	progress_begin(&progress, r->plan->what, r->plan->jobs);
	while (error == 0 && !has_ended(r)) {
		error = step(r);
		progress_show(&progress, r->delivered);
	}
	r->outcome->seconds = (double)(bothy_after_ms(0) - start) / 1e9;
	progress_end(&progress);
	return error;
}

/* ---- what became of the evaluations ---------------------------------------------------------- */

/* That of the I-th: its error, if it failed. */
static int take_evaluation(struct runner *r, size_t i, bothy_future *future)
{
	struct tally *tally = &r->outcome->tally[i];
	int code = bothy_future_result(future, NULL);
	const char *said = bothy_future_error(future);

	memcpy(tally->trace_id, r->evaluations[i].trace_id, TRACE_ID_BYTES);
	if (code == 0 || code == -ECANCELED)
		return 0;
	code = -abs(code);
	fprintf(stderr, "evaluate: %s/%s: %s\n", tally->team, tally->model,
	        said != NULL ? said : strerror(-code));
	return code;
}

static int take_evaluations(struct runner *r, bothy_future **futures)
{
	int first = 0;

	for (size_t i = 0; i < r->submitted; i++) {
		int error = take_evaluation(r, i, futures[i]);

		if (first == 0)
			first = error;
	}
	return first;
}

static int run_evaluations(struct runner *r, bothy_future **futures)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};
	int error = bothy_pool_stats(r->pool, &stats), ended;

	if (error < 0)
		return error;
	r->outcome->workers = stats.threads;
	error = submit_all(r, futures);
	ended = run_to_end(r);
	if (ended == 0)
		ended = take_evaluations(r, futures);
	return error < 0 ? error : ended;
}

/* ---- its beginning and end ------------------------------------------------------------------ */

static int with_futures(struct runner *r)
{
	bothy_future **futures = calloc(r->outcome->projects, sizeof(futures[0]));
	int error;

	if (futures == NULL)
		return -ENOMEM;
	error = run_evaluations(r, futures);
	for (size_t i = 0; i < r->submitted; i++)
		bothy_future_release(futures[i]);
	free(futures);
	return error;
}

static int with_pool(struct runner *r)
{
	const struct bothy_pool_options options = {
		.size = sizeof(options),
		.workers = r->plan->workers,
		.spare_max = (unsigned)r->outcome->projects, /* each evaluation waits, once */
		.refs = r->plan->refs,
		.name = "evaluate",
		.worker_init = models_init,
		.worker_fini = models_close,
	};
	int error = bothy_completions_new(&r->completions);

	if (error < 0)
		return error;
	for (size_t i = 0; i < r->outcome->projects; i++)
		plan_evaluation(r, i);
	error = bothy_pool_new(r->plan->server, &options, &r->pool);
	if (error == 0) {
		error = with_futures(r);
		bothy_pool_free(r->pool); /* and with it whatever could touch a trial */
	}
	bothy_completions_release(r->completions);
	for (size_t i = 0; i < r->outcome->projects; i++)
		evaluation_fini(&r->evaluations[i]);
	return error;
}

int run(const struct plan *plan, struct outcome *ret_outcome)
{
	struct outcome outcome;
	struct runner runner = {.plan = plan, .outcome = &outcome, .words = words_of_project(plan)};
	int error = outcome_init(&outcome, plan);

	if (error < 0)
		return error;
	error = -ENOMEM;
	runner.evaluations = calloc(outcome.projects, sizeof(*runner.evaluations));
	runner.trials = calloc(outcome.projects * runner.words, sizeof(*runner.trials));
	if (runner.evaluations != NULL && runner.trials != NULL)
		error = with_pool(&runner);
	free(runner.evaluations);
	free(runner.trials);
	if (error < 0)
		outcome_free(&outcome);
	else
		*ret_outcome = outcome;
	return error;
}
