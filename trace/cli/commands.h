/*
 * What bothy-trace can do.
 */
#ifndef TRACE_CLI_COMMANDS_H
#define TRACE_CLI_COMMANDS_H

#include "trace/cli/options.h"
#include "trace/cli/screen.h"
#include "trace/cli/source.h"

/* What a command works with. */
struct session {
	const struct options *options;
	struct screen screen;
	struct source source;
};

struct command {
	const char *name;
	const char *argument; /* what it needs, or NULL */
	const char *letters;  /* of the options it takes, beside --json, --color: see options.c */
	/* Print it.  What goes wrong is said, by say(). */
	void (*run)(struct session *session);
};

extern const struct command commands[]; /* up to one without a name; the first is the default */

void ls_run(struct session *session);
void show_run(struct session *session);
void tree_run(struct session *session);
void objects_run(struct session *session);
void cat_run(struct session *session);
void export_run(struct session *session);

#endif
