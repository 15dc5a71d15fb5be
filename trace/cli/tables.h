/*
 * The tables whose refs were met: a server can't be asked which there are.
 */
#ifndef TRACE_CLI_TABLES_H
#define TRACE_CLI_TABLES_H

#include "trace/cli/source.h"

struct table_name;

/* All of one project. */
struct tables {
	const struct source_project *project;
	struct table_name *first; /* uthash's head, in the order in which they were met */
};

void tables_init(struct tables *tables, const struct source_project *project);

/* Add those that the strings in TEXT name.  TEXT is JSON, or NULL. */
void tables_look(struct tables *tables, const char *text);

/* The first one, or the one after NAME; NULL: no more are known. */
const struct table_name *tables_next(const struct tables *tables, const struct table_name *name);

/* Its digest, which lives as long as TABLES. */
const char *table_digest(const struct table_name *name);

void tables_fini(struct tables *tables);

#endif
