#define _GNU_SOURCE
#include "stress/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef BOTHY_TESTING
#include "sync/testing.h"
#endif

_Noreturn void arguments_bad(void)
{
	fprintf(stderr, "Try %s --help.\n", program_invocation_short_name);
	exit(2);
}

uint64_t arguments_number(const char *what, uint64_t least, uint64_t most)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(optarg, &end, 0);
	if (errno == 0 && end != optarg && *end == '\0' && strchr(optarg, '-') == NULL &&
	    value >= least && value <= most)
		return value;
	fprintf(stderr, "%s: --%s wants a whole number from %llu to %llu, not \"%s\"\n",
	        program_invocation_short_name, what, (unsigned long long)least,
	        (unsigned long long)most, optarg);
	arguments_bad();
}

uint64_t arguments_seed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void arguments_end(int argc, char *const *argv)
{
	if (optind >= argc)
		return;
	fprintf(stderr, "%s: what is \"%s\"?\n", program_invocation_short_name, argv[optind]);
	arguments_bad();
}

#ifdef BOTHY_TESTING
const char *arguments_fault(void)
{
	if (strcmp(optarg, "list") == 0) {
#define ARGUMENTS_FAULT(name) puts(#name);
		TESTING_FAULTS(ARGUMENTS_FAULT)
#undef ARGUMENTS_FAULT
		exit(0);
	}
	if (testing_plant(optarg) < 0) {
		fprintf(stderr, "%s: no such fault: \"%s\"\n", program_invocation_short_name,
		        optarg);
		exit(2);
	}
	return optarg;
}
#endif
