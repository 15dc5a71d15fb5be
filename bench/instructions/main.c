/*
 * bothy-instructions CASE ROUNDS     do CASE's work so many times
 * bothy-instructions --list          the figures: name, case, side
 *
 * A figure is what one job (one ref, ...) costs on one side: `here` is this program's own thread,
 * `pool` are all others.  A round has PER_ROUND of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/instructions/work.h"

struct figure {
	const char *name, *work, *side;
};

static const struct figure figures[] = {
	{"submit", "submit", "here"},          /* by handle, without a future */
	{"run", "submit", "pool"},             /* take, install, run, uninstall, settle, free */
	{"submit-strings", "strings", "here"}, /* entity and project */
	{"submit-many", "many", "here"},       /* 100 in a call */
	{"run-many", "many", "pool"},
	{"future", "future", "here"}, /* submit, wait, result, release */
	{"run-with-future", "future", "pool"},
	{"in-place", "in_place", "pool"}, /* spawn a child, wait, release */
	{"run-here", "run_here", "here"},
	{"context", "context", "here"}, /* enter and exit */
	{"run-here-with-ref", "first_ref", "here"},
	{"set-ref", "refs", "here"}, /* one of many, and its end */
};

static const struct {
	const char *name;
	void (*round)(void);
} cases[] = {
	{"submit", round_submit},   {"strings", round_strings},     {"many", round_many},
	{"future", round_future},   {"in_place", round_in_place},   {"run_here", round_run_here},
	{"context", round_context}, {"first_ref", round_first_ref}, {"refs", round_refs},
};

static int list(void)
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
		printf("%s %s %s\n", figures[i].name, figures[i].work, figures[i].side);
	return 0;
}

static void run(void (*one)(void), unsigned long rounds)
{
	lane_start();
	for (unsigned long i = 0; i < rounds; i++)
		one();
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list();
	for (size_t i = 0; argc == 3 && i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (strcmp(argv[1], cases[i].name) == 0)
			run(cases[i].round, strtoul(argv[2], NULL, 10));
	}
	fprintf(stderr, "bothy-instructions: CASE ROUNDS, or --list\n");
	return 2;
}
