/*
 * Cycles: jobs that wait for each other without end.
 */
#ifndef POOL_CYCLE_H
#define POOL_CYCLE_H

#include "pool/job.h"

/* What a thread waits for: all of the futures, or all of the group's jobs; or something
 * that no job is known to bring about. */
struct wait_for {
	bothy_future *const *futures;
	size_t n;
	bothy_group *group;
};

/* One worker's wait, which only what it waits for, or a stop request, can end. */
struct wait_record {
	struct wait_record *next, *prev; /* all waits of the process */
	const struct wait_for *what;
	bothy_future *top;               /* the jobs on the waiting stack: they can't settle */
	struct wait_record *to_visit;
	uint64_t visited;
};

/* Whether a job on the stack from TOP is among what is waited for. */
bool cycle_is_own(const struct wait_for *what, bothy_future *top);

/* Register the wait: 0, or -EDEADLK if it closes a cycle; it is not registered then. */
int cycle_enter(struct wait_record *record, const struct wait_for *what, bothy_future *top);
void cycle_leave(struct wait_record *record);

#endif
