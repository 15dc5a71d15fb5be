#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"

static const struct workload {
	const char *name;
	int (*run)(const struct bench_options *options);
} workloads[] = {
	{"drain", drain_run},   {"round_trip", round_trip_run},
	{"queued", queued_run}, {"rss", rss_run},
	{"idle", idle_run},
#ifdef BOTHY_RECORDING
	{"record", record_run}, {"record_cost", record_cost_run},
#endif
};

#define WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

static const char usage[] =
	"usage: bothy-bench [options] WORKLOAD...\n"
	"\n"
	"Each workload prints its figures as a line of JSON:\n"
	"  drain       ns a job: one submitter, empty jobs, a wait for all\n"
	"  round_trip  us from submit to the end of the wait\n"
	"  queued      bytes of resident memory a queued job\n"
	"  rss         resident memory at the end, against that after 100,000 jobs\n"
	"  idle        ns of CPU time that an idle pool of 4 workers uses\n"
	"  record      calls a second into SQLite, beside libsqlite3 alone\n"
	"  record_cost throughput of 100 us jobs that record a call each, to that without\n"
	"\n"
	"  --workers N  (2)\n"
	"  --rounds N   of drain (5)\n"
	"  --jobs N     instead of the workload's own number\n"
	"  --seconds N  that the pool is idle (3)\n"
	"  --help       this text\n";

static const struct option table[] = {
	{"workers", required_argument, NULL, 'w'}, {"rounds", required_argument, NULL, 'r'},
	{"jobs", required_argument, NULL, 'j'},    {"seconds", required_argument, NULL, 's'},
	{"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
};

static unsigned long number(unsigned long most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(optarg, &end, 10);
	if (errno != 0 || end == optarg || *end != '\0' || strchr(optarg, '-') != NULL ||
	    value == 0 || value > most) {
		fprintf(stderr, "bothy-bench: expected a number from 1 to %lu, not \"%s\"\n", most,
		        optarg);
		exit(2);
	}
	return value;
}

static void read_options(struct bench_options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (option) {
		case 'w':
			options->workers = (unsigned)number(1024);
			break;
		case 'r':
			options->rounds = (unsigned)number(1000);
			break;
		case 'j':
			options->jobs = number(100000000);
			break;
		case 's':
			options->seconds = (unsigned)number(3600);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs("Try bothy-bench --help.\n", stderr);
			exit(2);
		}
	}
}

static const struct workload *find(const char *name)
{
	for (size_t i = 0; i < WORKLOADS; i++) {
		if (strcmp(workloads[i].name, name) == 0)
			return &workloads[i];
	}
	fprintf(stderr, "bothy-bench: no such workload: \"%s\"\nTry bothy-bench --help.\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	struct bench_options options = {.workers = 2, .rounds = 5, .seconds = 3};

	read_options(&options, argc, argv);
	if (optind == argc) {
		fputs(usage, stderr);
		return 2;
	}
	for (int i = optind; i < argc; i++) {
		const struct workload *workload = find(argv[i]);
		int error = workload->run(&options);

		fflush(stdout);
		if (error != 0) {
			fprintf(stderr, "bothy-bench: %s: %s\n", workload->name,
			        strerror(error < 0 ? -error : error));
			return 1;
		}
	}
	return 0;
}
