/*
 * --limit and --offset, over all projects.
 */
#ifndef TRACE_CLI_PAGING_H
#define TRACE_CLI_PAGING_H

#include "trace/cli/options.h"

struct paging {
	size_t skip;  /* rows to leave out, from here on */
	size_t left;  /* rows to print, if it is limited */
	bool limited; /* by --limit */
};

void paging_init(struct paging *paging, const struct options *options);

/* What to ask a project for.  If it is the ONLY one the server leaves rows out; else that is
 * for paging_skips(), as only what comes tells how many a project has. */
void paging_ask(struct paging *paging, bool only, size_t *ret_limit, size_t *ret_offset);

/* Whether the row that has come is to be left out. */
bool paging_skips(struct paging *paging);

/* A row was printed.  0, or SCREEN_STOP: that was the last one. */
int paging_count(struct paging *paging);

/* Whether no more rows are wanted. */
bool paging_is_over(const struct paging *paging);

#endif
