/*
 * Teams evaluate spell checkers, all at once and in one process.
 *
 * Read trial.c and evaluation.c for what jobs do, run.c for how they are run, and recorded.c for
 * what they left; the rest is about words, spell checkers and printing.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bothy/trace.h>

#include "examples/evaluate/models.h"
#include "examples/evaluate/options.h"
#include "examples/evaluate/pairs.h"
#include "examples/evaluate/recorded.h"
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

static int open_server(const char *url, bothy_server **ret_server)
{
	int error = bothy_server_open(url, NULL, ret_server);
	const char *why = bothy_trace_error();

	if (error < 0 && why != NULL) /* it names the file */
		fprintf(stderr, "evaluate: --record: %s\n", why);
	else if (error < 0)
		fprintf(stderr, "evaluate: --record %s: %s\n", url, strerror(-error));
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
}

static void print_isolation(const struct outcome *outcome, const struct recorded *recorded)
{
	printf("\n"
	       "Isolation: each job looks up the refs (names) of the shared data set and model,\n"
	       "before and after it sets its own project's; other teams' are set on them meanwhile.\n"
	       "Its call is recorded with the refs that it saw; a query finds them at the end.\n"
	       "  foreign refs seen: %zu (in %zu reads, %zu while another job's were set)\n"
	       "  foreign refs recorded: %zu (in %zu refs of %zu calls, for %zu jobs)\n",
	       outcome->foreign, outcome->reads, outcome->beside, recorded->foreign, recorded->refs,
	       recorded->calls, outcome->done + outcome->failed);
	fflush(stdout);
}

/* Whether OUTCOME or what was recorded of it is not as it should be. */
static bool is_wrong(const struct outcome *outcome, const struct recorded *recorded)
{
	return outcome->failed > 0 || outcome->foreign > 0 || recorded->foreign > 0 ||
	       recorded->calls != outcome->done + outcome->failed;
}

/* The teams' own run.  Returns 0, or 1 if anything was wrong; RET_TRACE_ID is its first trace's. */
static int evaluate(const struct plan *plan, char ret_trace_id[TRACE_ID_BYTES])
{
	struct outcome outcome;
	struct recorded recorded;
	int error = run_or_say(plan, &outcome), wrong;

	if (error < 0)
		return 1;
	error = table_print(plan, &outcome);
	print_totals(plan, &outcome);
	if (error == 0)
		error = recorded_check(plan, &outcome, &recorded);
	if (error == 0)
		print_isolation(&outcome, &recorded);
	wrong = error < 0 || is_wrong(&outcome, &recorded);
	memcpy(ret_trace_id, outcome.tally[0].trace_id, TRACE_ID_BYTES);
	outcome_free(&outcome);
	return wrong;
}

/* ---- the control run ------------------------------------------------------------------------ */

/* The same jobs, fewer of them, on a pool that lets each job see whatever ref was put on an object
 * last. */
static struct plan plan_control(const struct plan *plan, bothy_server *server)
{
	struct plan open = *plan;

	open.what = "control run";
	open.server = server;
	open.models = &models[MODEL_ASPELL]; /* the quicker one */
	open.model_count = 1;
	open.teams = CONTROL_TEAMS;
	open.jobs = CONTROL_JOBS;
	open.refs = BOTHY_REFS_ANY;
	return open;
}

static bool is_blind(const struct outcome *outcome, const struct recorded *recorded)
{
	bool blind = outcome->foreign == 0 || recorded->foreign == 0;

	printf("  control run with BOTHY_REFS_ANY: %zu foreign refs, %zu recorded: %s\n",
	       outcome->foreign, recorded->foreign,
	       blind ? "the check is blind" : "the check can see");
	return blind;
}

/* Show that the checks would see a foreign ref.  Returns 0, or 1 if they would not. */
static int control(const struct plan *plan)
{
	struct recorded recorded;
	struct outcome outcome;
	bothy_server *server;
	struct plan open;
	int wrong = 1;

	if (open_server("memory:", &server) < 0)
		return 1;
	open = plan_control(plan, server);
	if (run_or_say(&open, &outcome) == 0) {
		if (recorded_check(&open, &outcome, &recorded) == 0)
			wrong = !interrupted && is_blind(&outcome, &recorded);
		outcome_free(&outcome);
	}
	bothy_server_release(server);
	return wrong;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static void print_beginning(const struct options *options, const struct pairs *pairs)
{
	printf("%u team%s, each with a project for each model: Hunspell and Aspell.\n"
	       "%zu jobs, a word each, from %zu misspellings in\n"
	       "%s\n"
	       "Recorded in %s\n\n",
	       options->teams, options->teams == 1 ? "" : "s", options->size, pairs->count,
	       options->dictionary, options->record);
	fflush(stdout);
}

/* TEXT[0..BYTES-1] as a shell takes it for one word. */
static void print_word(const char *text, size_t bytes)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                            "0123456789/._-+,:@%=";

	if (strspn(text, plain) >= bytes) {
		fwrite(text, 1, bytes, stdout);
		return;
	}
	putchar('\'');
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\'')
			fputs("'\\'", stdout);
		putchar(text[i]);
	}
	putchar('\'');
}

/* The program that stands beside PROGRAM, and FILE. */
static void print_command(const char *program, const char *file)
{
	const char *slash = strrchr(program, '/');

	fputs("  ", stdout);
	if (slash != NULL)
		print_word(program, (size_t)(slash + 1 - program));
	fputs("bothy-trace ", stdout);
	print_word(file, strlen(file));
}

/* How to look at what was recorded. */
static void print_ending(const char *program, const char *url, const char *trace_id)
{
	const char *file = strchr(url, ':') + 1;

	if (*file == '\0') /* memory: */
		return;
	printf("\n"
	       "Look at what was recorded: all evaluations, and one of them with its predictions\n");
	print_command(program, file);
	printf(" ls --roots\n");
	print_command(program, file);
	printf(" tree %s | less\n", trace_id);
}

static int run_both(const struct options *options, struct pairs *pairs, bothy_server *server,
                    char ret_trace_id[TRACE_ID_BYTES])
{
	const struct plan plan = {
		.what = "evaluating",
		.server = server,
		.pairs = pairs,
		.models = models,
		.model_count = MODELS,
		.teams = options->teams,
		.jobs = options->size,
		.workers = options->workers,
		.refs = BOTHY_REFS_SAME_PROJECT,
		.stop = &interrupted,
	};
	int status = evaluate(&plan, ret_trace_id);

	if (status == 0 && !interrupted)
		status = control(&plan);
	return interrupted ? 130 : status;
}

static int run_recorded(const struct options *options, struct pairs *pairs, const char *program)
{
	char trace_id[TRACE_ID_BYTES] = "";
	bothy_server *server;
	int status;

	if (open_server(options->record, &server) < 0)
		return 1;
	print_beginning(options, pairs);
	status = run_both(options, pairs, server, trace_id);
	bothy_server_release(server);
	if (trace_id[0] != '\0')
		print_ending(program, options->record, trace_id);
	return status;
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
	if (models_try() == 0)
		status = run_recorded(&options, &pairs, argv[0]);
	models_fini();
	pairs_free(&pairs);
	return fflush(stdout) == 0 ? status : 1;
}
