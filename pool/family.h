/*
 * Families: which running or queued job was spawned by which, so that stopping a parent
 * stops its descendants.
 */
#ifndef POOL_FAMILY_H
#define POOL_FAMILY_H

#include "pool/job.h"

/* Link CHILD, which has an extra and is not accepted yet, to PARENT, the calling job. */
void family_join(bothy_future *parent, bothy_future *child);

/* The same for one that PARENT only waits for: what it leaves behind is not PARENT's. */
void family_join_run(bothy_future *parent, bothy_future *child);

/* Whether JOB, which the caller has a hold on, descends from ANCESTOR, the calling job, and will as
 * long as both are there. */
bool family_is_below(const bothy_future *ancestor, const bothy_future *job);

/* A child of PARENT, the calling job, has been accepted.  If PARENT was asked to stop meanwhile, the
 * child is stopped for the same reason, with all that descends from it by now. */
void family_inherit_stop(bothy_future *parent);

/* JOB will not run any more, or was refused: its children are its parent's now, if it was spawned. */
void family_leave(bothy_future *job);

/*
 * Ask JOB and all its descendants to stop; those that are queued are settled as canceled.
 * Whether JOB was queued or running; if not, nothing is done.  The caller has a hold on JOB.
 */
bool family_cancel(bothy_future *job);

#endif
