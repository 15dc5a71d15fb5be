#include "trace/cli/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/cli/say.h"
#include "trace/cli/text.h"

enum {
	KEPT_MAX = 1000,
	GAP = 2,          /* between columns */
	ALIGNED_MAX = 48, /* a longer cell of a column that can be cut moves the others aside */
	CELLS_MAX = 10
};

struct row {
	struct grid_cell
		cells[CELLS_MAX]; /* their texts are the row's own, and fit for a terminal */
};

struct grid {
	const struct screen *screen;
	const struct grid_column *columns;
	size_t n;
	size_t widths
		[CELLS_MAX]; /* 0: left out.  Of the longest cell of all so far, until printed */
	bool printing;       /* nothing is kept back any more */
	struct row *kept;
	size_t n_kept;
};

static void widen(struct grid *grid, size_t i, size_t width)
{
	if (grid->columns[i].least > 0 && width > ALIGNED_MAX)
		width = ALIGNED_MAX;
	if (width > grid->widths[i])
		grid->widths[i] = width;
}

struct grid *grid_new(const struct screen *screen, const struct grid_column *columns, size_t n)
{
	struct grid *grid = calloc(1, sizeof(*grid));
	struct row *kept = calloc(KEPT_MAX, sizeof(*kept));

	if (grid == NULL || kept == NULL)
		say_no_memory();
	grid->screen = screen;
	grid->columns = columns;
	grid->n = n;
	grid->kept = kept;
	for (size_t i = 0; i < n; i++) {
		if (!columns[i].absent)
			widen(grid, i, strlen(columns[i].title));
	}
	return grid;
}

/* ---- how wide the columns are -------------------------------------------------------------- */

/* What the line takes. */
static size_t total(const struct grid *grid)
{
	size_t sum = 0;

	for (size_t i = 0; i < grid->n; i++) {
		if (grid->widths[i] > 0)
			sum += grid->widths[i] + (sum > 0 ? GAP : 0);
	}
	return sum;
}

/* Make the widest column that may be cut narrower by one; false: there is none. */
static bool shrink(struct grid *grid)
{
	size_t widest = CELLS_MAX;

	for (size_t i = 0; i < grid->n; i++) {
		size_t least = grid->columns[i].least;

		if (least > 0 && grid->widths[i] > least &&
		    (widest == CELLS_MAX || grid->widths[i] > grid->widths[widest]))
			widest = i;
	}
	if (widest == CELLS_MAX)
		return false;
	grid->widths[widest]--;
	return true;
}

/* Make the line fit: whether it does. */
static bool fit(struct grid *grid)
{
	while (total(grid) > grid->screen->width) {
		if (!shrink(grid))
			return false;
	}
	return true;
}

/* Make the line fit, as well as that goes: without one expendable column after the other. */
static void squeeze(struct grid *grid)
{
	size_t natural[CELLS_MAX];

	memcpy(natural, grid->widths, sizeof(natural));
	for (size_t i = 0; !fit(grid) && i < grid->n; i++) {
		if (!grid->columns[i].expendable)
			continue;
		natural[i] = 0;
		memcpy(grid->widths, natural, sizeof(natural));
	}
}

/* ---- printing ------------------------------------------------------------------------------- */

/* What a line is printed with: columns that are left on the screen, and blanks due before
 * the next text, so that none stands at a line's end. */
struct pen {
	const struct grid *grid;
	size_t left, blanks;
	bool last; /* the column is */
};

/* Print so much of TEXT as fits into COLUMNS, and "…" for the rest.  Returns its width. */
static size_t print_fitting(const struct screen *screen, const struct grid_cell *cell,
                            size_t columns)
{
	size_t width, bytes = text_fit(cell->text, columns, &width);

	if (cell->text[bytes] == '\0') {
		screen_print(screen, cell->paint, cell->text, bytes);
		return width;
	}
	if (columns == 0)
		return 0;
	bytes = text_fit(cell->text, columns - 1, &width);
	screen_print(screen, cell->paint, cell->text, bytes);
	screen_print(screen, PAINT_FAINT, "…", strlen("…"));
	return width + 1;
}

static void print_cell(struct pen *pen, size_t i, const struct grid_cell *cell)
{
	size_t width = pen->grid->widths[i],
	       most = pen->grid->screen->width > 0 ? width : (size_t)-1;
	size_t own = text_width(cell->text);

	if (pen->grid->columns[i].right && own < width)
		pen->blanks += width - own;
	if (own > 0 && pen->left > pen->blanks) {
		if (most > pen->left - pen->blanks)
			most = pen->left - pen->blanks;
		(void)printf("%*s", (int)pen->blanks, "");
		pen->left -= pen->blanks;
		own = print_fitting(pen->grid->screen, cell, most);
		pen->left -= own;
		pen->blanks = 0;
	}
	if (!pen->grid->columns[i].right && own < width)
		pen->blanks += width - own;
}

static int print_row(const struct grid *grid, const struct row *row)
{
	struct pen pen = {.grid = grid, .left = (size_t)-1};
	bool some = false;

	if (grid->screen->width > 0)
		pen.left = grid->screen->width;
	for (size_t i = 0; i < grid->n; i++) {
		if (grid->widths[i] == 0)
			continue;
		pen.blanks += some ? GAP : 0;
		some = true;
		print_cell(&pen, i, &row->cells[i]);
	}
	return screen_end_line();
}

static int print_titles(const struct grid *grid)
{
	struct row row;

	for (size_t i = 0; i < grid->n; i++)
		row.cells[i] = (struct grid_cell){grid->columns[i].title, PAINT_TITLE};
	return print_row(grid, &row);
}

static void free_row(const struct grid *grid, struct row *row)
{
	for (size_t i = 0; i < grid->n; i++)
		free((char *)row->cells[i].text);
}

/* Print the title and what was kept back.  0 or SCREEN_STOP. */
static int begin_printing(struct grid *grid)
{
	int stop;

	if (grid->screen->width > 0)
		squeeze(grid);
	grid->printing = true;
	stop = print_titles(grid);
	for (size_t i = 0; i < grid->n_kept; i++) {
		if (stop == 0)
			stop = print_row(grid, &grid->kept[i]);
		free_row(grid, &grid->kept[i]);
	}
	grid->n_kept = 0;
	return stop;
}

int grid_add(struct grid *grid, const struct grid_cell *cells)
{
	struct row row;
	int stop;

	for (size_t i = 0; i < grid->n; i++) {
		row.cells[i] = (struct grid_cell){text_shown(cells[i].text), cells[i].paint};
		if (!grid->printing && !grid->columns[i].absent)
			widen(grid, i, text_width(row.cells[i].text));
	}
	if (!grid->printing) {
		grid->kept[grid->n_kept++] = row;
		return grid->n_kept < KEPT_MAX ? 0 : begin_printing(grid);
	}
	stop = print_row(grid, &row);
	free_row(grid, &row);
	return stop;
}

void grid_end(struct grid *grid)
{
	if (grid->n_kept > 0)
		(void)begin_printing(grid);
	free(grid->kept);
	free(grid);
}
