/*
 * The thread as a job finds it, and as it leaves it: as dirty as it can.
 */
#ifndef STRESS_HYGIENE_H
#define STRESS_HYGIENE_H

#include "stress/random.h"
#include "stress/task.h"

int hygiene_init(void);
void hygiene_fini(void); /* when no thread uses the odd locale any more */

/* At a job's first instruction; SEEN_ERRNO is errno there. */
void hygiene_check(const struct task *task, int seen_errno);

/* At its last. */
void hygiene_dirty(struct rng *rng);

/* Round a wait in a job: what the job had set is what it finds. */
void hygiene_before_wait(void);
void hygiene_after_wait(const struct task *task);

#endif
