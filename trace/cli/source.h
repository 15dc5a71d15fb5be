/*
 * Where it is read from: a trace file, and the projects in it that are asked for.
 */
#ifndef TRACE_CLI_SOURCE_H
#define TRACE_CLI_SOURCE_H

#include <bothy/bothy.h>

#include "trace/cli/options.h"

struct source_project {
	char *entity, *project;
	bothy_client *client;
};

struct source {
	bothy_server *server;
	struct source_project *projects; /* N of them */
	size_t n;
};

/* Open the file, which is not changed.  False, and it was said why not; also without the one
 * project that was asked for. */
bool source_open(struct source *source, const struct options *options);

/* All zero is fine. */
void source_close(struct source *source);

/* The index of that project, or N. */
size_t source_find(const struct source *source, const char *entity, const char *project);

/* Its ENTITY/PROJECT.  Ownership: the caller's, to free(). */
char *source_name(const struct source_project *project);

#endif
