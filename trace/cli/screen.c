#include "trace/cli/screen.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int output_error; /* the first */

static bool is_set(const char *variable)
{
	const char *value = getenv(variable);

	return value != NULL && *value != '\0';
}

static bool has_colors(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !is_set("NO_COLOR") && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

void screen_init(struct screen *screen, enum screen_color color)
{
	struct winsize size;

	(void)signal(SIGPIPE, SIG_IGN);
	screen->color =
		color == SCREEN_COLOR_ALWAYS || (color == SCREEN_COLOR_AUTO && has_colors());
	screen->width = 0;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		screen->width = size.ws_col;
}

void screen_print(const struct screen *screen, enum paint paint, const char *text, size_t bytes)
{
	static const char *const codes[] = {
		[PAINT_PLAIN] = "",   [PAINT_TITLE] = "1", [PAINT_GOOD] = "32",
		[PAINT_BAD] = "1;31", [PAINT_OPEN] = "33", [PAINT_FAINT] = "2",
	};
	bool painted = screen->color && paint != PAINT_PLAIN && bytes > 0;

	if (painted)
		(void)printf("\033[%sm", codes[paint]);
	(void)fwrite(text, 1, bytes, stdout);
	if (painted)
		(void)fputs("\033[m", stdout);
}

/* Called at each line's end, and so soon after a failure that errno is still that one's. */
static int note_error(bool failed)
{
	if (failed && output_error == 0)
		output_error = errno != 0 ? errno : EIO;
	return output_error;
}

int screen_end_line(void)
{
	(void)putchar('\n');
	return note_error(ferror(stdout) != 0) == 0 ? 0 : SCREEN_STOP;
}

int screen_flush(void)
{
	return note_error(fflush(stdout) != 0 || ferror(stdout) != 0);
}
