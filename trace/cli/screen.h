/*
 * Where output goes: stdout, on a terminal or not.
 */
#ifndef TRACE_CLI_SCREEN_H
#define TRACE_CLI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

enum screen_color { SCREEN_COLOR_AUTO, SCREEN_COLOR_ALWAYS, SCREEN_COLOR_NEVER };

enum paint { PAINT_PLAIN, PAINT_TITLE, PAINT_GOOD, PAINT_BAD, PAINT_OPEN, PAINT_FAINT };

struct screen {
	bool color;
	size_t width; /* a terminal's; 0: lines are not cut */
};

/* What an EACH returns to end its query: enough is printed, or no more can be. */
enum { SCREEN_STOP = 1 };

/* Look at stdout, and at NO_COLOR and TERM.  From now on a reader that has left is an error of
 * the output, and no signal. */
void screen_init(struct screen *screen, enum screen_color color);

/* Print TEXT[0..BYTES-1], which is fit for a terminal. */
void screen_print(const struct screen *screen, enum paint paint, const char *text, size_t bytes);

/* End the line.  0, or SCREEN_STOP if output fails. */
int screen_end_line(void);

/* Print all that is left.  0, or the errno of the first output that failed: EPIPE if the
 * reader has left. */
int screen_flush(void);

#endif
