/*
 * Projects: rows are keyed by their numbers.
 */
#ifndef TRACE_SQLITE_PROJECT_H
#define TRACE_SQLITE_PROJECT_H

#include <stdint.h>

#include <bothy/server.h>

struct store;

/* The numbers of projects written to, by a hash of their names; one pushes another out. */
enum { PROJECT_SLOTS = 64 };
struct project_slot {
	char *names; /* entity, NUL, project, NUL; NULL: the slot is empty */
	int64_t number;
};
struct project_cache {
	struct project_slot slots[PROJECT_SLOTS];
};

/* The project's number, in the transaction that is open; it is made if there is none.  Needs
 * write_lock.  0, or a negative errno with its text. */
int project_number(struct store *store, const char *entity, const char *project,
                   int64_t *ret_number);

/* Forget all numbers: those of projects that were rolled back are given to others. */
void project_forget(struct project_cache *cache);

/* The operations. */
int project_ensure(void *self, const char *entity, const char *project);
int projects_query(void *self, bothy_project_each *each, void *user);

#endif
