#include "examples/evaluate/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "examples/evaluate/trial.h"

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The least of N ascending values that PERCENT of them don't exceed. */
static double percentile(const double *sorted, size_t n, size_t percent)
{
	size_t rank = (n * percent + 99) / 100;

	return sorted[rank > 0 ? rank - 1 : 0];
}

static double share(size_t part, size_t all)
{
	return 100.0 * (double)part / (double)all;
}

static void print_line(struct tally *tally)
{
	char project[64];

	snprintf(project, sizeof(project), "%s/%s", tally->team, tally->model);
	printf("%-20s %7zu", project, tally->jobs);
	if (tally->jobs > 0) {
		qsort(tally->ms, tally->jobs, sizeof(*tally->ms), compare);
		printf(" %8.1f%% %8.1f%% %11.2f %11.2f", share(tally->first, tally->jobs),
		       share(tally->among, tally->jobs), percentile(tally->ms, tally->jobs, 50),
		       percentile(tally->ms, tally->jobs, 99));
	}
	putchar('\n');
}

static void add(struct tally *sum, const struct tally *tally)
{
	memcpy(&sum->ms[sum->jobs], tally->ms, tally->jobs * sizeof(*tally->ms));
	sum->jobs += tally->jobs;
	sum->first += tally->first;
	sum->among += tally->among;
}

/* One model's line for all teams. */
static void print_sum(const struct outcome *outcome, const char *model, double *ms)
{
	struct tally sum = {.team = "all", .model = model, .ms = ms};

	for (size_t i = 0; i < outcome->projects; i++)
		if (strcmp(outcome->tally[i].model, model) == 0)
			add(&sum, &outcome->tally[i]);
	print_line(&sum);
}

static void rule(void)
{
	for (int i = 0; i < 71; i++)
		putchar('-');
	putchar('\n');
}

int table_print(const struct plan *plan, struct outcome *outcome)
{
	double *ms = calloc(plan->jobs, sizeof(*ms));

	if (ms == NULL)
		return -ENOMEM;
	printf("%-20s %7s %9s %9s %11s %11s\n", "project", "jobs", "top 1", "top 5", "median ms",
	       "99% ms");
	rule();
	for (size_t i = 0; i < outcome->projects; i++)
		print_line(&outcome->tally[i]);
	rule();
	for (size_t i = 0; i < plan->model_count; i++)
		print_sum(outcome, plan->models[i].name, ms);
	free(ms);

	printf("\n"
	       "top 1, top 5: the right word is the first suggestion, or one of the first %d\n"
	       "median, 99%%:  half of the jobs, or 99 in 100, took no longer for their word\n",
	       PLACES);
	return 0;
}
