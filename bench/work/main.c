/*
 * Options, and the workload that is asked for.  What a peer has no means for it refuses; --list
 * says what it has.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/work/work.h"

struct bench_options bench_options = {
	.workers = 2, .rounds = 5, .seconds = 3, .job_us = 100, .refs = 10, .projects = 1};

/* ---- which workloads fit this peer -------------------------------------------------- */

static bool has_jobs(void)
{
	return peer.submit != NULL;
}

static bool has_outside_jobs(void)
{
	return peer.submit != NULL && !peer.helps;
}

static bool has_batches(void)
{
	return peer.submit_many != NULL;
}

static bool has_futures(void)
{
	return peer.future != NULL;
}

static bool has_tree(void)
{
	return peer.tree != NULL;
}

const struct workload work_all[] = {
	{"drain", "ns a job: one submitter, empty jobs, a wait for all", drain_run, has_jobs},
	{"drain_many", "the same by four submitters", drain_many_run, has_outside_jobs},
	{"batch", "the same, 100 jobs in a call", batch_run, has_batches},
	{"futures", "the same, with a result each, all taken", futures_run, has_futures},
	{"round_trip", "us from submit to the end of the wait", round_trip_run, has_outside_jobs},
	{"round_trip_cold", "the same after pauses of 200 us", round_trip_cold_run,
         has_outside_jobs},
	{"tree", "ns a job: each spawns two and waits for them", tree_run, has_tree},
	{"queued", "bytes of resident memory a queued job", queued_run, has_outside_jobs},
	{"coarse", "what jobs of --job-us get of the cores", coarse_run, has_jobs},
	{"idle", "us of CPU time a second of an idle pool", work_idle_run, has_jobs},
	{NULL, NULL, NULL, NULL},
};

static bool fits(const struct workload *workload)
{
	return workload->fits == NULL || workload->fits();
}

static const struct workload *find_in(const struct workload *workload, const char *name)
{
	for (; workload != NULL && workload->name != NULL; workload++) {
		if (strcmp(workload->name, name) == 0)
			return workload;
	}
	return NULL;
}

static const struct workload *find(const char *name)
{
	const struct workload *workload = find_in(peer.own, name);

	if (workload == NULL)
		workload = find_in(work_all, name);
	if (workload != NULL && fits(workload))
		return workload;
	fprintf(stderr, "%s: no such workload: \"%s\"\nTry --help.\n", peer.name, name);
	exit(2);
}

/* Call EACH for every workload of this peer. */
static void for_each(void (*each)(const struct workload *workload))
{
	for (const struct workload *own = peer.own; own != NULL && own->name != NULL; own++)
		each(own);
	for (const struct workload *shared = work_all; shared->name != NULL; shared++) {
		if (fits(shared) && find_in(peer.own, shared->name) == NULL)
			each(shared);
	}
}

/* ---- options ---------------------------------------------------------------------- */

static const struct option table[] = {
	{"workers", required_argument, NULL, 'w'},  {"rounds", required_argument, NULL, 'r'},
	{"jobs", required_argument, NULL, 'j'},     {"seconds", required_argument, NULL, 's'},
	{"job-us", required_argument, NULL, 'u'},   {"refs", required_argument, NULL, 'R'},
	{"projects", required_argument, NULL, 'p'}, {"strings", no_argument, NULL, 'S'},
	{"futures", no_argument, NULL, 'F'},        {"unbounded", no_argument, NULL, 'U'},
	{"cold", no_argument, NULL, 'C'},           {"cpu", no_argument, NULL, 'P'},
	{"list", no_argument, NULL, 'l'},           {"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char options_text[] =
	"\n"
	"  --workers N   (2)\n"
	"  --jobs N      instead of the workload's own number\n"
	"  --cold        no untimed round before\n"
	"  --unbounded   no bound on the queue\n"
	"  --futures     queued: with a future each\n"
	"  --job-us N    coarse: how long a job is (100)\n"
	"  --refs N      refs: in a job (10)\n"
	"  --projects N  Bothy: spread over so many (1)\n"
	"  --strings     Bothy: name the project by strings\n"
	"  --rounds N    record, record_cost, hygiene (5)\n"
	"  --seconds N   that the pool is idle, or shared (3)\n"
	"  --cpu         fair: charge CPU time, not wall time\n"
	"  --list        what this program can measure, a word each\n"
	"  --help        this text\n";

static void print_about(const struct workload *workload)
{
	printf("  %-16s%s\n", workload->name, workload->about);
}

static void print_name(const struct workload *workload)
{
	puts(workload->name);
}

static void help(void)
{
	printf("usage: %s [options] WORKLOAD...\n\nEach workload prints its figures as lines of "
	       "JSON:\n",
	       peer.name);
	for_each(print_about);
	fputs(options_text, stdout);
	exit(0);
}

/* The workloads; then which of the options make a difference. */
static void list(void)
{
	puts(peer.name);
	for_each(print_name);
	if (peer.bounded)
		puts("--unbounded");
	if (peer.future != NULL)
		puts("--futures");
	if (find_in(peer.own, "tenants") != NULL)
		puts("--strings");
	exit(0);
}

static unsigned long number(unsigned long most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(optarg, &end, 10);
	if (errno != 0 || end == optarg || *end != '\0' || strchr(optarg, '-') != NULL ||
	    value == 0 || value > most) {
		fprintf(stderr, "%s: expected a number from 1 to %lu, not \"%s\"\n", peer.name,
		        most, optarg);
		exit(2);
	}
	return value;
}

static bool read_number(struct bench_options *options, int option)
{
	switch (option) {
	case 'w':
		options->workers = (unsigned)number(1024);
		return true;
	case 'r':
		options->rounds = (unsigned)number(1000);
		return true;
	case 'j':
		options->jobs = number(100000000);
		return true;
	case 's':
		options->seconds = (unsigned)number(3600);
		return true;
	case 'u':
		options->job_us = (unsigned)number(1000000);
		return true;
	case 'R':
		options->refs = (unsigned)number(1000000);
		return true;
	case 'p':
		options->projects = number(1000000);
		return true;
	default:
		return false;
	}
}

static void read_switch(struct bench_options *options, int option)
{
	switch (option) {
	case 'S':
		options->strings = true;
		break;
	case 'F':
		options->futures = true;
		break;
	case 'U':
		options->unbounded = true;
		break;
	case 'C':
		options->cold = true;
		break;
	case 'P':
		options->cpu = true;
		break;
	case 'l':
		list();
		break;
	case 'h':
		help();
		break;
	default:
		fprintf(stderr, "Try %s --help.\n", peer.name);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (!read_number(&bench_options, option))
			read_switch(&bench_options, option);
	}
	if (optind == argc) {
		fprintf(stderr, "Try %s --help.\n", peer.name);
		return 2;
	}
	for (int i = optind; i < argc; i++) {
		int error = find(argv[i])->run(&bench_options);

		fflush(stdout);
		if (error != 0)
			bench_die(argv[i], error);
	}
	return 0;
}
