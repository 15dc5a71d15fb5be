/*
 * fork: telling a child from its parent, and locks that survive it.
 */
#ifndef SYNC_FORK_H
#define SYNC_FORK_H

#include <stddef.h>
#include <stdint.h>

#include "sync/atomic.h"
#include "sync/lock.h"

/* A number that is the same throughout one process, and another one in each of its
 * children.  One atomic load. */
extern _Atomic uint32_t *fork_word; /* fork.c's own, as is the next */
uint32_t fork_generation_new(void);

static inline uint32_t fork_generation(void)
{
	uint32_t generation = atomic_load_explicit(fork_word, memory_order_relaxed);

	return generation != 0 ? generation : fork_generation_new();
}

/*
 * Process-wide locks.  They are acquired before each fork, by ascending rank and within
 * a node by index, and released after it in both processes, so that what they guard is
 * whole in the child.  The ranks are the order in which the library nests these locks.
 */
enum fork_rank {
	FORK_RANK_CYCLE,    /* pool/cycle.c */
	FORK_RANK_FAMILY,   /* pool/family.c */
	FORK_RANK_WATCHERS, /* pool/settle.c */
	FORK_RANK_STOP,     /* tls/stop.c */
	FORK_RANK_CLIENT,   /* tls/client.c */
	FORK_RANK_OBJECT,   /* refs/object.c */
	FORK_RANK_ADDRESS,  /* refs/address.c */
	FORK_RANK_LIBRARY,  /* trace/libraries.c */
	FORK_RANK_SQLITE,   /* trace/sqlite/fork.c */
	FORK_RANKS
};

/* Protect LOCKS[0..N-1], which must live for ever; once per rank, from a constructor. */
void fork_protect(enum fork_rank rank, struct lock *locks, size_t n);

/* Likewise OUTER, and within it what HOLD acquires and LET_GO releases: another library's locks. */
void fork_protect_more(enum fork_rank rank, struct lock *outer, void (*hold)(void),
                       void (*let_go)(void));

/*
 * A table of such locks, chosen by address.  A fork holds all of them at once, and the thread
 * sanitizer's deadlock detector gives up at 64 locks held by one thread; so they are few.
 */
#ifdef BOTHY_SIM
#define FORK_STRIPES 1 /* addresses differ from run to run; a schedule must not */
#else
#define FORK_STRIPES 8
#endif

/* 0 .. FORK_STRIPES - 1 */
static inline unsigned fork_stripe(const void *address)
{
#ifdef BOTHY_SIM
	(void)address;
	return 0;
#else
	/* Fibonacci hashing (Knuth, TAOCP 3, 6.4): the top bits of a multiplication. */
	return (unsigned)(((uint64_t)(uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15)) >> 61);
#endif
}

#endif
