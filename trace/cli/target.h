/*
 * The call that the command line names, by its id or by a ref.
 */
#ifndef TRACE_CLI_TARGET_H
#define TRACE_CLI_TARGET_H

#include "trace/cli/source.h"

struct target {
	const char *id;    /* plain */
	size_t first, end; /* the projects of the source that it may be in */
	bothy_ref *ref;    /* what id belongs to, if it is a ref's */
};

/* ARGUMENT must outlive it. */
void target_init(struct target *target, const struct source *source, const char *argument);
void target_fini(struct target *target);

#endif
