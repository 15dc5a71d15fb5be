/*
 * The command line.
 */
#ifndef STRESS_OPTIONS_H
#define STRESS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
	uint64_t jobs; /* that producers submit; what jobs spawn comes on top */
	unsigned projects;
	unsigned workers;
	unsigned producers;
	unsigned seconds; /* 0: no limit */
	unsigned queue;   /* the pool's queue_max */
	unsigned spares;  /* the pool's spare_max; 0: its default */
	bool block;       /* a full queue blocks, and does not refuse */
	bool strict;      /* BOTHY_HYGIENE_STRICT */
	bool even;        /* rare kinds of jobs are as many as others */
	bool honest;      /* no job outlives its deadline, or ends its thread */
	unsigned flood;   /* jobs of the project that floods, at the end */
	unsigned hang_seconds;
	uint64_t seed;
	bool json;
	const char *plant; /* a fault, in test builds; or NULL */
};

/* Read the command line, or end the program: 0 after --help, 2 for what it can't read. */
void options_read(struct options *options, int argc, char **argv);

#endif
