/*
 * A project's queue: its jobs in the order in which they are to start.
 *
 * Order
 *   The project's jobs are counted in thousands as they come.  A job's band is its thousand,
 *   less its priority; lower bands first; in a band the earlier deadline, then who came first.
 *   So priority is a head start, which ages: a job is overtaken by later ones of its project
 *   that are N above it only if they are of its own thousand or the N next ones.
 *
 * Structure
 *   Jobs of priority 0 that come in order are a list, which costs nothing.  The others are a
 *   treap (Seidel, Aragon, "Randomized search trees", 1996), whose shape comes from the jobs'
 *   numbers.  The next job is the first of either.
 *
 * Locking: the pool's lock.
 */
#ifndef POOL_ORDER_H
#define POOL_ORDER_H

#include "pool/job.h"

enum { ORDER_BAND = 1000 };

/* All zero is an empty one. */
struct order {
	bothy_future *first, *last; /* the list */
	bothy_future *root;         /* of the treap */
	uint64_t count;             /* in both */
	uint64_t pushed;            /* since it began */
};

/* Put JOB, which is in no queue, where its priority and deadline belong. */
void order_push(struct order *order, bothy_future *job);
void order_remove(struct order *order, bothy_future *job);

/* Put JOB, which has been in ORDER and was taken out, back to where it belongs. */
void order_push_back(struct order *order, bothy_future *job);

/* The next job to start; NULL: there is none. */
bothy_future *order_first(const struct order *order);

/* All jobs once, in no particular order; NULL after the last.  What is pushed or removed on the
 * way, but for the job that is asked about, disturbs nothing. */
bothy_future *order_begin(const struct order *order);
bothy_future *order_next(const struct order *order, const bothy_future *job);

#endif
