/*
 * A saboteur: one job that does what it should not, and all that is known of it.
 *
 * Those of one kind are a gang.  They come from one array that lives until the pool is seen
 * intact after them, so what is freed twice, or too late, is noticed and does no harm.
 *
 * A saboteur's fields are plain where one side has them at a time: the submitter until it is
 * accepted, then the job, then whoever has waited for its future.
 */
#ifndef STRESS_SABOTEURS_SABOTEUR_H
#define STRESS_SABOTEURS_SABOTEUR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <bothy/bothy.h>

#include "stress/random.h"

#define IS(state) (1u << BOTHY_##state)

/* Projects that the jobs of a gang are spread over. */
#define GANG_PROJECTS 16u

struct saboteur;
struct gang;

/* What a saboteur does: as a job's function. */
typedef int sabotage_fn(struct saboteur *saboteur, void **ret_result);

/* A kind of saboteurs.  A family's table ends with a NULL name. */
struct sabotage {
	const char *name;
	const char *what;
	sabotage_fn *fn;
	unsigned states;  /* that it may settle in; IS(...) | ... */
	int code;         /* what a failed one returns */
	unsigned flags;   /* enum bothy_flags */
	unsigned helpers; /* slots that one may take for others, at most */
	/* Also true of one that has settled, or a violation; or NULL. */
	void (*check)(const struct saboteur *saboteur);
	/* Also true of all, or a violation; or NULL. */
	void (*check_gang)(const struct gang *gang);
	/* Called on arg_free; or NULL. */
	void (*freed)(struct saboteur *saboteur);
	/* Have all JOBS of them run and collected; NULL: gang_run_window(). */
	void (*run)(struct gang *gang);
};

struct saboteur {
	struct gang *gang;
	struct saboteur *boss; /* for whom it was submitted, or NULL */
	sabotage_fn *fn;
	uint64_t number, seed;
	unsigned states; /* that it may settle in */
	unsigned project;
	bool elsewhere; /* on a pool of its own */
	_Atomic unsigned runs, freed, notified;
	_Atomic(bothy_future *) future;
	_Atomic uint64_t
		settled; /* its place among all that settled, from 1; by its notification */
	bool collected;
	enum bothy_state state;
	int code;
	bool in_place; /* it ran on its boss's stack */
	/* The kind's own. */
	unsigned planned, seen; /* of something that happens so often */
	void *own;
};

struct gang {
	const struct sabotage *sabotage;
	uint64_t jobs;
	struct rng rng;
	bothy_project *projects[GANG_PROJECTS];
	struct saboteur *slots;
	uint64_t slot_count;
	_Atomic uint64_t claimed;
	uint64_t states[8]; /* how those that were collected settled ... */
	uint64_t apart[8];  /* ... on pools of their own */
	uint64_t in_place;
};

/* ---- gangs ---------------------------------------------------------------------------------- */

void gang_begin(struct gang *gang, const struct sabotage *sabotage, uint64_t jobs, uint64_t seed);

/* Run them all, several at once, each on its own. */
void gang_run_window(struct gang *gang);

/* Collect those that nobody has, and see that the projects' figures are what was seen. */
void gang_collect(struct gang *gang);
void gang_end(struct gang *gang);

/* ---- one of them ---------------------------------------------------------------------------- */

/* A new one, which shall run FN and settle in one of STATES.  BOSS may be NULL. */
struct saboteur *saboteur_new(struct gang *gang, struct saboteur *boss, sabotage_fn *fn,
                              unsigned states);

/* The gang's next one of its kind. */
struct saboteur *saboteur_next(struct gang *gang);

/* Submit it to the stress program's pool, as many times as it takes; or spawn it in its boss. */
void saboteur_submit(struct saboteur *saboteur, const struct bothy_job *more);
bool saboteur_spawn(struct saboteur *saboteur);

/* What a struct bothy_job needs, without the project; and once that was accepted. */
struct bothy_job saboteur_job(struct saboteur *saboteur);
void saboteur_accepted(struct saboteur *saboteur, bothy_future *future);

/* Wait for it, in a job or outside, with whatever may run in place on this stack; 0 or why not. */
int saboteur_wait(struct saboteur *saboteur);

/* It has settled: check how, and let its future go. */
void saboteur_collect(struct saboteur *saboteur);

/* Its own future, once that is known. */
bothy_future *saboteur_future(const struct saboteur *saboteur);

/* A well-behaved helper's function. */
int saboteur_behaves(struct saboteur *saboteur, void **ret_result);

/* A violation that names SABOTEUR, if SEEN is another number than EXPECTED. */
void saboteur_expect(const struct saboteur *saboteur, const char *what, int64_t expected,
                     int64_t seen);

/* ---- what they use -------------------------------------------------------------------------- */

/* Have FN(SABOTEUR) called at the context's end, and count it. */
void sabotage_defer(struct saboteur *saboteur, void (*fn)(struct saboteur *saboteur));
/* The same by a local of its own, KEY. */
void sabotage_local(struct saboteur *saboteur, const void *key,
                    void (*fn)(struct saboteur *saboteur));
/* Set a ref of the gang's project on one of the objects that all tenants share, and find it. */
void sabotage_set_ref(struct saboteur *saboteur);
/* A result that must be freed if nobody takes it. */
void *sabotage_result(void);

#endif
