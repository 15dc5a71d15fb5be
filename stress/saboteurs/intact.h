/*
 * Whether the pool is as it was: what must be so of it when nothing runs, and what it must
 * still be able to do.
 */
#ifndef STRESS_SABOTEURS_INTACT_H
#define STRESS_SABOTEURS_INTACT_H

#include <bothy/bothy.h>

#define INTACT_WORKERS 4u
#define INTACT_LOST_MAX 4u
#define INTACT_SPARES 64u

/* When bothy-saboteurs was built for BOTHY_HYGIENE_STRICT, this is the one line to change: then
 * honest jobs are to see every signal blocked again. */
#define INTACT_HYGIENE BOTHY_HYGIENE_FAST

/* What is there when nothing runs. */
struct intact_measure {
	long blocks;      /* of the heap, ours and the library's */
	unsigned threads; /* of the pool */
	unsigned others;  /* threads of the process */
};

/* The pool's figures. */
void intact_stats(struct bothy_pool_stats *ret_stats);

/* Until when to wait for something that must come. */
bothy_time intact_limit(void);

/* Wait until FUTURE has settled, or GROUP has; one that has not by the limit ends the program: honest
 * jobs may go on and on, so that the observer sees no hang. */
void intact_await(bothy_future *future);
void intact_await_group(bothy_group *group);

/* Wait until the pool is at rest; else a violation, which says AFTER what. */
void intact_await_rest(const char *after);

/* Wait until what jobs have left behind is seen to: a job settles before its notify function is
 * called, and before a result that nobody wants is freed. */
void intact_await_ledger(void);

void intact_measure(struct intact_measure *ret_measure);

/*
 * The pool is at rest AFTER something: see that the books balance, that as many threads are there
 * as should be, that they run `workers` jobs at once and no more, and that honest jobs see nothing.
 */
void intact_check(const char *after);

/* See that no more is left than there was BEFORE. */
void intact_compare(const char *after, const struct intact_measure *before,
                    struct intact_measure *ret_now);

/* Run N honest jobs, and wait until all have settled. */
void intact_run_honest(uint64_t n);

/* Honest jobs that go on until they are ended. */
void intact_honest_start(void);
void intact_honest_end(void);

#endif
