#include "stress/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "stress/arguments.h"

static const char usage[] =
	"usage: bothy-stress [options]\n"
	"\n"
	"Runs random jobs of many tenants on one pool, and checks that none sees anything of\n"
	"another's and that nothing is lost.  Exit: 0 fine, 1 a violation, 2 bad arguments.\n"
	"\n"
	"  --jobs N          submit N jobs (200000; with --seconds alone: no limit);\n"
	"                    what jobs spawn comes on top\n"
	"  --projects N      of N projects (64)\n"
	"  --workers N       on N workers (4)\n"
	"  --producers N     from N threads (2)\n"
	"  --seconds N       end after N seconds, if not sooner\n"
	"  --queue N         at most N jobs queued (1000)\n"
	"  --spares N        at most N threads for jobs that wait (64)\n"
	"  --block           wait while the queue is full, instead of trying again\n"
	"  --even            as many jobs of the rare kinds as of others\n"
	"  --strict          a pool that looks at its threads strictly, and jobs that spoil them\n"
	"                    accordingly\n"
	"  --flood N         N jobs in the flood at the end (500 for each worker)\n"
	"  --seed N          the same jobs as another run with this seed\n"
	"  --hang-seconds N  without progress for so long, give up (60)\n"
	"  --json            the report as one JSON object\n"
#ifdef BOTHY_TESTING
	"  --plant FAULT     plant a fault in the library, to see it found; \"list\" lists them\n"
#endif
	"  --help            this text\n";

enum choice {
	OPTION_JOBS = 1000,
	OPTION_PROJECTS,
	OPTION_WORKERS,
	OPTION_PRODUCERS,
	OPTION_SECONDS,
	OPTION_QUEUE,
	OPTION_SPARES,
	OPTION_BLOCK,
	OPTION_EVEN,
	OPTION_STRICT,
	OPTION_FLOOD,
	OPTION_SEED,
	OPTION_HANG,
	OPTION_JSON,
	OPTION_PLANT,
	OPTION_HELP
};

static const struct option table[] = {
	{"jobs", required_argument, NULL, OPTION_JOBS},
	{"projects", required_argument, NULL, OPTION_PROJECTS},
	{"workers", required_argument, NULL, OPTION_WORKERS},
	{"producers", required_argument, NULL, OPTION_PRODUCERS},
	{"seconds", required_argument, NULL, OPTION_SECONDS},
	{"queue", required_argument, NULL, OPTION_QUEUE},
	{"spares", required_argument, NULL, OPTION_SPARES},
	{"block", no_argument, NULL, OPTION_BLOCK},
	{"even", no_argument, NULL, OPTION_EVEN},
	{"strict", no_argument, NULL, OPTION_STRICT},
	{"flood", required_argument, NULL, OPTION_FLOOD},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"hang-seconds", required_argument, NULL, OPTION_HANG},
	{"json", no_argument, NULL, OPTION_JSON},
#ifdef BOTHY_TESTING
	{"plant", required_argument, NULL, OPTION_PLANT},
#endif
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static void take(struct options *options, int option)
{
	switch (option) {
	case OPTION_JOBS:
		options->jobs = arguments_number("jobs", 1, UINT64_C(1) << 40);
		break;
	case OPTION_PROJECTS:
		options->projects = (unsigned)arguments_number("projects", 1, 10000);
		break;
	case OPTION_WORKERS:
		options->workers = (unsigned)arguments_number("workers", 1, 1024);
		break;
	case OPTION_PRODUCERS:
		options->producers = (unsigned)arguments_number("producers", 1, 256);
		break;
	case OPTION_SECONDS:
		options->seconds = (unsigned)arguments_number("seconds", 1, 1000000);
		break;
	case OPTION_QUEUE:
		options->queue = (unsigned)arguments_number("queue", 1, 1 << 20);
		break;
	case OPTION_SPARES:
		options->spares = (unsigned)arguments_number("spares", 1, 1024);
		break;
	case OPTION_BLOCK:
		options->block = true;
		break;
	case OPTION_EVEN:
		options->even = true;
		break;
	case OPTION_STRICT:
		options->strict = true;
		break;
	case OPTION_FLOOD:
		options->flood = (unsigned)arguments_number("flood", 100, 1000000);
		break;
	case OPTION_SEED:
		options->seed = arguments_number("seed", 0, UINT64_MAX);
		break;
	case OPTION_HANG:
		options->hang_seconds = (unsigned)arguments_number("hang-seconds", 1, 100000);
		break;
	case OPTION_JSON:
		options->json = true;
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

void options_read(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){
		.projects = 64,
		.workers = 4,
		.producers = 2,
		.queue = 1000,
		.hang_seconds = 60,
		.seed = arguments_seed(),
	};
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
		take(options, option);
	arguments_end(argc, argv);
	if (options->jobs == 0)
		options->jobs = options->seconds > 0 ? UINT64_C(1) << 40 : 200000;
	if (options->flood == 0)
		options->flood = 500 * options->workers;
}
