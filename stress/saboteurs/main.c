/*
 * bothy-saboteurs: jobs that do what they should not, thousands of each kind, on one pool with
 * honest tenants' jobs; and after each kind, whether the pool is intact.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/arguments.h"
#include "stress/bodies.h"
#include "stress/ledger.h"
#include "stress/observer.h"
#include "stress/saboteurs/families.h"
#include "stress/saboteurs/intact.h"
#include "stress/stress.h"
#include "stress/violation.h"
#include "tests/support.h"

static const struct sabotage *const families[] = {
	sabotage_exits, sabotage_signals, sabotage_waits,  sabotage_closers,
	sabotage_hooks, sabotage_stacks,  sabotage_crowds, sabotage_deaf,
};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

static uint64_t saboteurs; /* on the pool, so far */
static const char *only;   /* the one kind, or those whose names begin so; or NULL */

/* ---- the command line ------------------------------------------------------------------------- */

static const char usage[] =
	"usage: bothy-saboteurs [options]\n"
	"\n"
	"Runs saboteurs on a pool beside honest tenants' jobs, kind by kind, and checks after each\n"
	"that the pool is intact.  Exit: 0 fine, 1 a violation, 2 bad arguments.\n"
	"\n"
	"  --jobs N          N saboteurs of each kind (10000)\n"
	"  --only NAME       that kind, or those whose names begin with NAME-\n"
	"  --list            say which kinds there are\n"
	"  --seed N          draw what they do from N, not from the time\n"
	"  --hang-seconds N  say so and end if nothing goes on for N seconds (60)\n"
#ifdef BOTHY_TESTING
	"  --plant NAME      plant a fault in the library (\"list\": say which)\n"
#endif
	"  --help            say this\n";

enum {
	OPTION_JOBS = 256,
	OPTION_ONLY,
	OPTION_LIST,
	OPTION_SEED,
	OPTION_HANG,
	OPTION_PLANT,
	OPTION_HELP
};

static const struct option table[] = {
	{"jobs", required_argument, NULL, OPTION_JOBS},
	{"only", required_argument, NULL, OPTION_ONLY},
	{"list", no_argument, NULL, OPTION_LIST},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"hang-seconds", required_argument, NULL, OPTION_HANG},
#ifdef BOTHY_TESTING
	{"plant", required_argument, NULL, OPTION_PLANT},
#endif
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static void list(void)
{
	for (size_t i = 0; i < FAMILIES; i++)
		for (const struct sabotage *s = families[i]; s->name != NULL; s++)
			printf("%-16s %s\n", s->name, s->what);
	exit(0);
}

static void take(struct options *options, int option)
{
	switch (option) {
	case OPTION_JOBS:
		options->jobs = arguments_number("jobs", 1, 10000000);
		break;
	case OPTION_ONLY:
		only = optarg;
		break;
	case OPTION_LIST:
		list();
		break;
	case OPTION_SEED:
		options->seed = arguments_number("seed", 0, UINT64_MAX);
		break;
	case OPTION_HANG:
		options->hang_seconds = (unsigned)arguments_number("hang-seconds", 1, 100000);
		break;
#ifdef BOTHY_TESTING
	case OPTION_PLANT:
		options->plant = arguments_fault();
		break;
#endif
	case OPTION_HELP:
		fputs(usage, stdout);
		exit(0);
	default:
		arguments_bad();
	}
}

static void read_options(int argc, char **argv)
{
	int option;

	stress.options = (struct options){
		.jobs = 10000,
		.projects = 16,
		.workers = INTACT_WORKERS,
		.producers = 1,
		.honest = true,
		.hang_seconds = 60,
		.seed = arguments_seed(),
		.json = true, /* nothing but the table is shown */
	};
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
		take(&stress.options, option);
	arguments_end(argc, argv);
}

/* ---- the pool --------------------------------------------------------------------------------- */

static int begin_worker(void *user, void **ret_worker_local)
{
	signals_check_new_thread();
	return worker_begin(user, ret_worker_local);
}

static void begin(void)
{
	const struct bothy_pool_options pool = {
		.size = sizeof(pool),
		.workers = INTACT_WORKERS,
		.queue_max = 1000,
		.stop_grace_ns = 1000000,
		.lost_max = INTACT_LOST_MAX,
		.spare_max = INTACT_SPARES,
		.stack_bytes = 1024 * 1024,
		.hygiene = INTACT_HYGIENE,
		.name = "sabotaged",
		.worker_init = begin_worker,
		.worker_fini = worker_end,
	};

	signals_prepare();
	stress_begin(&pool);
}

static void end(void)
{
	struct bothy_pool_stats stats;

	observer_leave_pool();
	violation_call("bothy_pool_close", bothy_pool_close(stress.pool, BOTHY_FOREVER));
	intact_stats(&stats);
	bothy_pool_free(stress.pool);
	stress_end(&stats);
}

/* ---- kind by kind ----------------------------------------------------------------------------- */

static bool is_wanted(const struct sabotage *sabotage)
{
	size_t length = only != NULL ? strlen(only) : 0;

	return only == NULL || strcmp(only, sabotage->name) == 0 ||
	       (strncmp(only, sabotage->name, length) == 0 && sabotage->name[length] == '-');
}

static void print_head(void)
{
	printf("bothy-saboteurs: %" PRIu64 " of each kind, seed %" PRIu64 "%s%s\n\n",
	       stress.options.jobs, stress.options.seed,
	       stress.options.plant != NULL ? ", planted " : "",
	       stress.options.plant != NULL ? stress.options.plant : "");
	printf("%-16s %-43s %6s %6s %6s %6s %6s %6s %6s %7s\n", "kind", "what it does", "done",
	       "failed", "cancel", "expire", "late", "exits", "blocks", "seconds");
}

static void print_row(const struct gang *gang, long blocks, bothy_time elapsed)
{
	printf("%-16s %-43s", gang->sabotage->name, gang->sabotage->what);
	for (int state = BOTHY_DONE; state <= BOTHY_THREAD_EXITED; state++) {
		printf(" %6" PRIu64, gang->states[state] + gang->apart[state]);
		saboteurs += gang->states[state];
	}
	printf(" %+6ld %7.2f\n", blocks, (double)elapsed / 1e9);
	fflush(stdout);
}

/* Have them do it, with honest jobs all the time. */
static void run_gang(struct gang *gang)
{
	intact_honest_start();
	if (gang->sabotage->run != NULL)
		gang->sabotage->run(gang);
	else
		gang_run_window(gang);
	intact_honest_end();
	intact_await_rest(gang->sabotage->name);
	gang_collect(gang);
}

static void run_kind(const struct sabotage *sabotage, uint64_t seed)
{
	struct intact_measure before, now;
	bothy_time start = stress_now();
	struct gang gang;

	intact_measure(&before);
	gang_begin(&gang, sabotage, stress.options.jobs, seed);
	run_gang(&gang);
	gang_end(&gang);
	intact_check(sabotage->name);
	intact_compare(sabotage->name, &before, &now);
	print_row(&gang, now.blocks - before.blocks, stress_now() - start);
}

static unsigned run_kinds(void)
{
	unsigned kinds = 0;

	for (size_t i = 0; i < FAMILIES; i++) {
		for (const struct sabotage *s = families[i]; s->name != NULL; s++) {
			if (!is_wanted(s))
				continue;
			run_kind(s, rng_seed(stress.options.seed, 1000 + i * 100 + kinds));
			kinds++;
		}
	}
	return kinds;
}

/* All is gone but the global client, which the library keeps. */
static void check_heap(long left)
{
	if (left != 1)
		violation(VIOLATION_CONSERVATION,
		          "blocks left on the heap in the end: expected 1, seen %ld", left);
}

int main(int argc, char **argv)
{
	long blocks = support_live_allocations();
	bothy_time start = stress_now();
	unsigned kinds;

	read_options(argc, argv);
	print_head();
	begin();
	intact_run_honest(2000); /* all that is made once is there from then on */
	intact_check("honest jobs");
	kinds = run_kinds();
	end();
	check_heap(support_live_allocations() - blocks);
	printf("\n%u kinds in %.1f s: %" PRIu64 " jobs on the pool, %" PRIu64
	       " of them the saboteurs'; violations: %lu; seed %" PRIu64 "\n",
	       kinds, (double)(stress_now() - start) / 1e9, ledger_sum(LEDGER_ACCEPTED), saboteurs,
	       violations_total(), stress.options.seed);
	return violations_total() == 0 && kinds > 0 ? 0 : 1;
}
