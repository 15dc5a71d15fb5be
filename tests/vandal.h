/*
 * What the tests of what jobs leave share: the items of a thread that a job can spoil, jobs that
 * spoil an item and that look at it, and an on_dirty that remembers what it is told.  All are for
 * the fixture's pool.  What is remembered has no lock: one thread at a time may tell, and a test
 * waits for the end of a job before it reads.
 */
#ifndef TESTS_VANDAL_H
#define TESTS_VANDAL_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/pool_fixture.h"

/* ---- who is told --------------------------------------------------------------------------- */

/* What on_dirty was given. */
extern struct told {
	unsigned calls;
	struct bothy_dirt dirt; /* the last */
	char project[32];       /* "entity/project", of the last */
	bool in_context;
} told;

extern void (*spoil_in_on_dirty)(void); /* on_dirty calls it last; NULL: nothing */

/* The on_dirty of the pools below. */
void remember(void *user, const struct bothy_dirt *dirt);

/* The fixture's, and nothing is told yet. */
void strict_setup(void);

/* Make the test's pool, a strict one, with remember(): of one worker unless OPTIONS says otherwise;
 * or of one worker, and told of all but errno. */
void strict_with(struct bothy_pool_options options);
void strict_pool(void);

/* ---- what can be spoilt ---------------------------------------------------------------------- */

struct item {
	const char *name;
	uint32_t bit;
	void (*spoil)(void);
	bool (*is_fine)(void); /* as it was before; NULL: nobody looks */
	bool (*can)(void);     /* NULL: everywhere; others may note what was before */
};

enum { RESTORED = 9, RETIRING = 7 };

extern const struct item restored[]; /* RESTORED of them, which a strict pool puts right */
extern const struct item retiring[]; /* RETIRING of them, which cost it the thread */

extern const struct item names, privs; /* one of each */
extern const struct item niceness;     /* one or the other, by capabilities */

/* Whether ITEM can be spoilt here; it says so if not. */
bool can(const struct item *item);

/* Parts of them, of the calling thread. */
void spoil_affinity(void); /* to one processor */
void spoil_fs(void);
void spoil_name(void);
void spoil_privs(void);
bool ids_are_fine(void);
bool privs_are_fine(void);
bool is_root(void);
bool can_compare(void); /* kcmp(2) is allowed */
bool has_io_priority(void);
int cpus_now(void); /* how many it may run on */
long tid(void);

/* ---- jobs -------------------------------------------------------------------------------------- */

extern uint64_t job_context; /* of the last spoil() */

/* Jobs' functions: spoil the item, whether it is fine (0, else 1), and the thread. */
bothy_fn spoil, look, my_tid;

/* FN with ITEM, as a job of ann's project p. */
struct bothy_job with(bothy_fn *fn, const struct item *item);

/* Run it: its code; and look(), for bob's project. */
int run(bothy_fn *fn, const struct item *item);
int look_as_bob(const struct item *item);

/* on_dirty must have been called once, for the last spoil(), as ann's job, of ITEM alone: PUT_BACK
 * are the bits that were restored, RETIRED is whether the thread was.  Begins to count anew. */
void expect_told(const struct item *item, uint32_t put_back, bool retired);

/* Of ENTITY's project p. */
struct bothy_project_stats stats_of(const char *entity);

#endif
