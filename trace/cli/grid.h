/*
 * Tables for people: aligned columns, cut to the terminal's width on a terminal alone.
 */
#ifndef TRACE_CLI_GRID_H
#define TRACE_CLI_GRID_H

#include "trace/cli/screen.h"

struct grid_column {
	const char *title;
	size_t least;    /* it may be cut down to so many columns; 0: it may not */
	bool right;      /* its cells stand at the right */
	bool expendable; /* left out on a terminal that is too narrow, the first such column first */
	bool absent;     /* left out */
};

struct grid_cell {
	const char *text; /* as it was stored: it is escaped here */
	enum paint paint;
};

struct grid;

/* An empty one; SCREEN and COLUMNS (N of them) must outlive it.  Without memory the program
 * ends. */
struct grid *grid_new(const struct screen *screen, const struct grid_column *columns, size_t n);

/*
 * Add a row of N cells.
 *
 * The first 1,000 rows are kept back, and say how wide the columns are: whatever is
 * larger than memory is printed as it comes.
 * Returns 0, or SCREEN_STOP if output fails.
 */
int grid_add(struct grid *grid, const struct grid_cell *cells);

/* Print what was kept back, and free. */
void grid_end(struct grid *grid);

#endif
