/*
 * What could not be stored, by project, until a flush of that project says so.
 */
#ifndef TRACE_LOSSES_H
#define TRACE_LOSSES_H

#include <bothy/server.h>

struct loss;

struct losses {
	struct loss *of_projects; /* uthash's head */
	/* Those that there was no memory to keep: each project is told of them, for they may be
	 * its own. */
	uint64_t unknown; /* so many */
	int error;        /* of the last one */
};

/* All zero is empty.  Keep the first failure of its project. */
void losses_add(struct losses *losses, const struct bothy_failure *failure);

/* Forget the project's, and say it: its negative errno with a text for the caller to free (or
 * NULL), or 0.  -ENOMEM too if there is no memory to know. */
int losses_take(struct losses *losses, const char *entity, const char *project, char **ret_text);

void losses_fini(struct losses *losses);

#endif
