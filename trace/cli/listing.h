/*
 * A listing: the rows of all projects, as a table or as lines of JSON, by pages.
 */
#ifndef TRACE_CLI_LISTING_H
#define TRACE_CLI_LISTING_H

#include "trace/cli/commands.h"
#include "trace/cli/grid.h"
#include "trace/cli/paging.h"

struct listing {
	struct session *session;
	const struct source_project *project; /* the one that is asked now */
	struct grid *grid;                    /* NULL with --json */
	struct paging paging;
	size_t found;
	bool stopped; /* output has failed */
};

/* What a kind of rows has of its own. */
struct listing_kind {
	const char *what; /* "calls" */
	/* Ask listing->project for LIMIT rows from OFFSET on; its EACH calls listing_takes() and
	 * listing_went_on().  0, or a negative errno. */
	int (*ask)(struct listing *listing, size_t limit, size_t offset);
};

/* List all projects, in a table of these columns. */
void listing_run(struct session *session, const struct listing_kind *kind,
                 const struct grid_column *columns, size_t n_columns);

/* Whether the row that has come is to be printed: count it. */
bool listing_takes(struct listing *listing);

/* It was printed, with this result: what EACH is to return. */
int listing_went_on(struct listing *listing, int result);

#endif
