/*
 * Teams evaluate spell checkers, all at once and in one process.
 *
 * Read trial.c for what a job does and run.c for how jobs are run; the rest is about words,
 * spell checkers and printing.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/evaluate/models.h"
#include "examples/evaluate/options.h"
#include "examples/evaluate/pairs.h"
#include "examples/evaluate/run.h"
#include "examples/evaluate/table.h"

enum { CONTROL_JOBS = 200, CONTROL_TEAMS = 2 };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/* The first SIGINT ends the run in good order, the second one the program. */
static void catch_interrupt(void)
{
	struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
}

/* ---- what is needed ------------------------------------------------------------------------ */

static int read_pairs(struct pairs *pairs, const struct options *options)
{
	int error = pairs_read(pairs, options->dictionary);

	if (error == -ENODATA)
		fprintf(stderr,
		        "evaluate: %s has no line of the form misspelling->correction\n"
		        "It should be in the format of codespell's dictionary.\n",
		        options->dictionary);
	else if (error < 0)
		fprintf(stderr,
		        "evaluate: the list of misspellings, %s: %s\n"
		        "The default one is part of Debian's package codespell.\n",
		        options->dictionary, strerror(-error));
	return error;
}

/* Open each spell checker once, so that what is missing is said once. */
static int try_models(void)
{
	void *checkers;
	int error = models_open(NULL, &checkers);

	if (error == 0)
		models_close(NULL, checkers);
	return error;
}

static void check_size(const struct options *options, const struct pairs *pairs)
{
	size_t projects = (size_t)options->teams * MODELS;
	size_t most = pairs->count / options->teams * projects;

	if (most == 0)
		options_refuse("--teams %u: there are only %zu words to share\n", options->teams,
		               pairs->count);
	if (options->size < projects)
		options_refuse("--size %zu: there are %zu projects, and each needs a job\n",
		               options->size, projects);
	if (options->size > most)
		options_refuse("--size %zu: there are only %zu words, enough for %zu jobs\n",
		               options->size, pairs->count, most);
}

/* ---- the two runs -------------------------------------------------------------------------- */

static int run_or_say(const struct plan *plan, struct outcome *ret_outcome)
{
	int error = run(plan, ret_outcome);

	if (error < 0)
		fprintf(stderr, "evaluate: %s: %s\n", plan->what, strerror(-error));
	return error;
}

static void print_totals(const struct plan *plan, const struct outcome *outcome)
{
	size_t ran = outcome->done + outcome->failed;

	printf("\n%zu jobs in %.1f s on %u worker%s: %.1f jobs/s\n", ran, outcome->seconds,
	       outcome->workers, outcome->workers == 1 ? "" : "s", (double)ran / outcome->seconds);
	if (outcome->failed > 0)
		printf("%zu of them failed; the first said: %s\n", outcome->failed,
		       strerror(abs(outcome->error)));
	if (interrupted)
		printf("interrupted: %zu jobs did not run\n", plan->jobs - ran);
	printf("\n"
	       "Isolation: each job looks up the refs (names) of the shared data set and model,\n"
	       "before and after it sets its own project's; other teams' are set on them meanwhile.\n"
	       "  foreign refs seen: %zu (in %zu reads, %zu while another job's were set)\n",
	       outcome->foreign, outcome->reads, outcome->beside);
	fflush(stdout);
}

/* The teams' own run.  Returns 0, or 1 if anything was wrong. */
static int evaluate(const struct plan *plan)
{
	struct outcome outcome;
	int error = run_or_say(plan, &outcome), wrong;

	if (error < 0)
		return 1;
	error = table_print(plan, &outcome);
	print_totals(plan, &outcome);
	wrong = error < 0 || outcome.failed > 0 || outcome.foreign > 0;
	outcome_free(&outcome);
	return wrong;
}

/*
 * Show that the check would see a foreign ref: the same jobs, fewer of them, on a pool that
 * lets each job see whatever ref was put on an object last.
 */
static int control(const struct plan *plan)
{
	struct plan open = *plan;
	struct outcome outcome;
	int blind;

	open.what = "control run";
	open.models = &models[MODEL_ASPELL]; /* the quicker one */
	open.model_count = 1;
	open.teams = CONTROL_TEAMS;
	open.jobs = CONTROL_JOBS;
	open.refs = BOTHY_REFS_ANY;
	if (run_or_say(&open, &outcome) < 0)
		return 1;
	blind = outcome.foreign == 0 && !interrupted;
	printf("  control run with BOTHY_REFS_ANY: %zu foreign refs: %s\n", outcome.foreign,
	       outcome.foreign > 0 ? "the check can see" : "the check is blind");
	outcome_free(&outcome);
	return blind;
}

static int run_both(const struct options *options, struct pairs *pairs)
{
	const struct plan plan = {
		.what = "evaluating",
		.pairs = pairs,
		.models = models,
		.model_count = MODELS,
		.teams = options->teams,
		.jobs = options->size,
		.workers = options->workers,
		.refs = BOTHY_REFS_SAME_PROJECT,
		.stop = &interrupted,
	};
	int status;

	printf("%u team%s, each with a project for each model: Hunspell and Aspell.\n"
	       "%zu jobs, a word each, from %zu misspellings in\n"
	       "%s\n\n",
	       options->teams, options->teams == 1 ? "" : "s", options->size, pairs->count,
	       options->dictionary);
	fflush(stdout);
	status = evaluate(&plan);
	if (status == 0 && !interrupted)
		status = control(&plan);
	return interrupted ? 130 : status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct pairs pairs;
	int status = 1;

	options_read(&options, argc, argv);
	if (read_pairs(&pairs, &options) < 0)
		return 1;
	check_size(&options, &pairs);
	catch_interrupt();
	if (try_models() == 0)
		status = run_both(&options, &pairs);
	models_fini();
	pairs_free(&pairs);
	return fflush(stdout) == 0 ? status : 1;
}
