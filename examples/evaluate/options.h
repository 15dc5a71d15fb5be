#ifndef EXAMPLES_EVALUATE_OPTIONS_H
#define EXAMPLES_EVALUATE_OPTIONS_H

#include <stddef.h>

struct options {
	size_t size;      /* jobs in all */
	unsigned workers; /* 0: one per CPU */
	unsigned teams;
	const char *dictionary;
	const char *record; /* a server's URL */
};

/* Read the command line.  What can't be understood ends the program with status 2. */
void options_read(struct options *options, int argc, char **argv);

/* End so too, with a message: what can't be done, and why. */
_Noreturn void options_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
