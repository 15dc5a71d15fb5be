/*
 * A visit: a job's stay in one context, and all that must be so in it.
 *
 * A context has one, in memory that bothy_context_alloc() gave, so it lives as long as the
 * context's deferred functions and the destructors of its locals.
 */
#ifndef STRESS_VISIT_H
#define STRESS_VISIT_H

#include <stddef.h>

#include "stress/task.h"

#define VISIT_LOCALS 3u

struct visit {
	struct task *task;
	const struct tenant *tenant;
	bool of_job;     /* the job's own context, not one inside it */
	enum bothy_ref_fallback fallback;
	uint64_t id;
	struct rng rng;
	unsigned deferred; /* functions that are still to be called */
	struct keepsakes set; /* refs that this context has; its table holds them */
	unsigned char *memory; /* of the context, filled with the visit's pattern */
	size_t memory_bytes;
	struct visit_local {
		struct visit *visit;
		bool set;
	} locals[VISIT_LOCALS];
	bool exit_in_destroy; /* a local's destructor shall end the thread */
};

/*
 * Begin the visit of the current context, which is new: see whose it is, that it has a
 * number of its own, no locals, and of refs those KEPT (may be NULL).  What it does is
 * drawn from SEED.
 *
 * NULL (and a violation) without memory.
 */
struct visit *visit_begin(struct task *task, const struct tenant *tenant, bool of_job,
                          uint64_t seed, enum bothy_ref_fallback fallback,
                          const struct keepsakes *kept);

/* Read and set refs, locals, memory, deferred functions. */
void visit_stay(struct visit *visit);

/* Let others run, perhaps. */
void visit_yield(struct visit *visit);

/* See that all is as the visit left it. */
void visit_check(struct visit *visit);

/* Have FN(VISIT) called when the context exits; it calls visit_deferred() first. */
bool visit_defer(struct visit *visit, void (*fn)(void *), void *arg);
void visit_deferred(struct visit *visit);

/* A new ref of TENANT's, its digest beginning with MARK; NULL and a violation without one. */
bothy_ref *visit_make_ref(struct visit *visit, const struct tenant *tenant, const char *name,
                          char mark);

/* Hold what the context has set, for a descendant. */
void visit_keep(const struct visit *visit, struct keepsakes *ret_kept);

/* The text of REF, for messages. */
const char *visit_ref_text(const bothy_ref *ref, char *text, size_t bytes);

#endif
