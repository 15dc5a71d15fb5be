/*
 * The ledger: what the program itself did and saw, to be compared with what the library
 * says at the end.  Counters are spread over threads, and relaxed: they must not order
 * what the library ought to order.
 */
#ifndef STRESS_LEDGER_H
#define STRESS_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include <bothy/bothy.h>

enum ledger_entry {
	LEDGER_ACCEPTED,
	LEDGER_REFUSED, /* for a full queue */
	LEDGER_SEEN,    /* + an enum bothy_state from BOTHY_DONE on: outcomes, the certain ones
	                 * of forgotten jobs among them */
	LEDGER_SEEN_END = LEDGER_SEEN + 8,
	LEDGER_STARTED,
	LEDGER_HERE, /* jobs of bothy_run_here() */
	LEDGER_SPAWNED,
	LEDGER_ARGS_FREED,
	LEDGER_RESULTS_MADE,
	LEDGER_RESULTS_TAKEN,
	LEDGER_RESULTS_FREED,
	LEDGER_NOTIFY_ASKED,
	LEDGER_NOTIFIED,
	LEDGER_DEFERRED,
	LEDGER_DEFERRED_RUN,
	LEDGER_LOCALS_SET,
	LEDGER_LOCALS_DESTROYED,
	LEDGER_REFS_MADE,
	LEDGER_REUSES, /* confirmed: a new object where one with a ref has been */
	LEDGER_CONTEXTS,
	LEDGER_BEGUN, /* the server's */
	LEDGER_FINISHED,
	LEDGER_TOKENS,
	LEDGER_TOKENS_FREED,
	LEDGER_DESTROYED,
	LEDGER_WORKERS_BEGUN,
	LEDGER_WORKERS_ENDED,
	LEDGER_NO_SPARE,
	LEDGER_CYCLES,
	LEDGER_ENTRIES
};

void ledger_add(enum ledger_entry entry, uint64_t n);

static inline void ledger_count(enum ledger_entry entry)
{
	ledger_add(entry, 1);
}

uint64_t ledger_sum(enum ledger_entry entry);

/* How often jobs of the pool were seen to end so; a settled state. */
static inline enum ledger_entry ledger_outcome(enum bothy_state state)
{
	return (enum ledger_entry)(LEDGER_SEEN + (int)state);
}

/* Something that grows as long as anything goes on. */
uint64_t ledger_progress(void);

/* Compare the ledger with itself and with STATS of the closed pool, and report. */
void ledger_balance(const struct bothy_pool_stats *stats);

/* What must be so of the ledger alone whenever no job is on its way, and none has ended just now;
 * and whether all that jobs have made is ended. */
void ledger_balance_quiet(void);
bool ledger_is_quiet(void);

/* The library's own counters, which test builds have: what was made is gone. */
void ledger_balance_library(void);

#endif
