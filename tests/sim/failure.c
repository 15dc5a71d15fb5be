#include "tests/sim/failure.h"

#include <stdio.h>
#include <string.h>

const char *strategy_name(enum sim_strategy strategy)
{
	return strategy == SIM_PCT ? "PCT" : "random";
}

static void print_steps(const struct sim_report *report)
{
	for (unsigned i = 0; i < report->points && i < SIM_STEPS_KEPT; i++) {
		const struct sim_step *step = &report->steps[i];

		if (step->thread == SIM_CLOCK)
			printf("    %5u  the clock goes to a deadline\n", i);
		else
			printf("    %5u  thread %d  %-7s %s:%d\n", i, step->thread, step->what,
			       step->file, step->line);
	}
}

void print_failure(const struct sim_report *report, bool verbose)
{
	if (verbose) {
		print_steps(report);
		printf("    %s\n", report->text);
	} else {
		printf("    %.*s\n", (int)strcspn(report->text, "\n"), report->text);
	}
}
