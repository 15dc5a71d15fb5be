/*
 * A line of submitters that wait for room: in the pool's queue, or in a project's.
 *
 * Room is handed to the one that came first, who need not ask again whether it is there.
 *
 * Locking: the pool's lock.
 */
#ifndef POOL_LINE_H
#define POOL_LINE_H

#include <bothy/pool.h>

#include "sync/park.h"

struct kicks;

struct line {
	struct blocked *first, **end;
};

/* Who waits in one. */
struct blocked {
	struct blocked *next;
	struct parker parker;
	bool granted; /* room was handed to it, and it is in the line no more */
};

#define BLOCKED_INITIALIZER {NULL, PARKER_INITIALIZER, false}

void line_init(struct line *line);

/* Wait in LINE as SELF, with the lock released, until room is handed to it, POOL closes, or
 * DEADLINE.  0, or -EAGAIN at the deadline. */
int line_wait_locked(struct line *line, struct blocked *self, bothy_pool *pool,
                     bothy_time deadline);

static inline bool line_is_empty(const struct line *line)
{
	return line->first == NULL;
}

/* Hand room, which the caller has reserved, to the first, who is in the line no more. */
void line_grant_locked(struct line *line, struct kicks *kicks);

/* Let all see that the pool closes. */
void line_wake_locked(struct line *line, struct kicks *kicks);

#endif
