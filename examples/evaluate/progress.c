#include "examples/evaluate/progress.h"

#include <stdio.h>
#include <unistd.h>

enum { BAR_WIDTH = 30, EVERY_MS = 100 };

void progress_begin(struct progress *progress, const char *what, size_t all)
{
	*progress = (struct progress){
		.shown = isatty(STDERR_FILENO),
		.what = what,
		.all = all,
		.start = bothy_after_ms(0),
	};
	progress_show(progress, 0);
}

/* How long the rest takes if it goes on as it went so far. */
static void print_left(size_t left, double rate)
{
	int seconds = (int)((double)left / rate + 0.5);

	if (seconds < 60)
		fprintf(stderr, ", %d s left", seconds);
	else
		fprintf(stderr, ", %d:%02d min left", seconds / 60, seconds % 60);
}

static void draw(const struct progress *progress, size_t done, bothy_time now)
{
	int filled = (int)(done * BAR_WIDTH / progress->all);
	double rate = (double)done * 1e9 / (double)(now - progress->start + 1);

	fprintf(stderr, "\r%s [", progress->what);
	for (int i = 0; i < BAR_WIDTH; i++)
		fputc(i < filled ? '#' : '.', stderr);
	fprintf(stderr, "] %zu of %zu", done, progress->all);
	if (done > 0) {
		fprintf(stderr, ", %.0f/s", rate);
		print_left(progress->all - done, rate);
	}
	fputs("\033[K", stderr);
	fflush(stderr);
}

void progress_show(struct progress *progress, size_t done)
{
	bothy_time now = bothy_after_ms(0);

	if (!progress->shown || now < progress->next)
		return;
	progress->next = bothy_after_ms(EVERY_MS);
	draw(progress, done, now);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
}
