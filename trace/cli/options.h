/*
 * The command line: bothy-trace FILE [COMMAND] [OPTIONS].
 */
#ifndef TRACE_CLI_OPTIONS_H
#define TRACE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/cli/screen.h"

struct command;

struct options {
	const char *file;
	const struct command *command;
	const char *argument; /* CALL, TRACE or REF; NULL where there is none */
	const char *project;  /* ENTITY/PROJECT; NULL: all */
	const char *op, *trace, *parent, *name;
	bool roots, newest, latest;
	size_t limit, offset; /* limit 0: all */
	bool json;
	enum screen_color color;
};

/* Read the command line.  --help and --version end the program with status 0, what can't be
 * understood with 2. */
void options_read(struct options *options, int argc, char **argv);

#endif
