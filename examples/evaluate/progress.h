/*
 * A progress bar on standard error, if that is a terminal; else nothing.
 */
#ifndef EXAMPLES_EVALUATE_PROGRESS_H
#define EXAMPLES_EVALUATE_PROGRESS_H

#include <bothy/base.h>

struct progress {
	bool shown;
	const char *what;
	size_t all;
	bothy_time start;
	bothy_time next; /* when to draw it again */
};

void progress_begin(struct progress *progress, const char *what, size_t all);
void progress_show(struct progress *progress, size_t done); /* as often as you like */
void progress_end(struct progress *progress);

#endif
