/*
 * Locking
 *   The page holds one word that the kernel zeroes in a forked child.  The word is 0
 *   until the first call in a process; then it is that process's generation, and stays.
 *   `counter` is guarded by `lock`, which the fork handlers hold across a fork like the
 *   registered ones, so that the child's next generation differs from its parent's.
 */
#include "sync/fork.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>

#include "sync/atomic.h"
#include "sync/testing.h"

static struct lock lock = LOCK_INITIALIZER;
static uint32_t counter; /* the last generation given out */

static struct {
	struct lock *locks;
	size_t n;
	void (*hold)(void), (*let_go)(void); /* NULL: nothing more */
} guarded[FORK_RANKS];

static _Atomic uint32_t fallback_word; /* reset by after_in_child() */
_Atomic uint32_t *fork_word = &fallback_word;

uint32_t fork_generation_new(void)
{
	uint32_t generation;

	lock_acquire(&lock);
	generation = atom_load(fork_word, relaxed);
	if (generation == 0) {
		generation = PLANTED(FORK_UNSEEN) ? 1 : ++counter;
		/* Release and acquire order nothing else here: the number is all. */
		atom_store(fork_word, generation, relaxed);
	}
	lock_release(&lock);
	return generation;
}

void fork_protect(enum fork_rank rank, struct lock *locks, size_t n)
{
	guarded[rank].locks = locks;
	guarded[rank].n = n;
}

void fork_protect_more(enum fork_rank rank, struct lock *outer, void (*hold)(void),
                       void (*let_go)(void))
{
	fork_protect(rank, outer, 1);
	guarded[rank].hold = hold;
	guarded[rank].let_go = let_go;
}

/* How many locks of that rank are held across a fork: all. */
static size_t guarded_count(int rank)
{
	bool forgotten = (PLANTED(FORK_LOCK_FORGOTTEN) && rank == FORK_RANK_OBJECT) ||
	                 (PLANTED(FORK_IN_FIRST_USE) && rank == FORK_RANK_LIBRARY);

	return forgotten ? 0 : guarded[rank].n;
}

static void acquire_all(int rank)
{
	for (size_t i = 0; i < guarded_count(rank); i++)
		lock_acquire(&guarded[rank].locks[i]);
	if (guarded[rank].hold != NULL)
		guarded[rank].hold();
}

static void release_all(int rank)
{
	if (guarded[rank].let_go != NULL)
		guarded[rank].let_go();
	for (size_t i = guarded_count(rank); i > 0; i--)
		lock_release(&guarded[rank].locks[i - 1]);
}

static void before(void)
{
	for (int rank = 0; rank < FORK_RANKS; rank++)
		acquire_all(PLANTED(FORK_OUT_OF_ORDER) ? FORK_RANKS - 1 - rank : rank);
	lock_acquire(&lock);
}

static void after(void)
{
	lock_release(&lock);
	for (int rank = FORK_RANKS - 1; rank >= 0; rank--)
		release_all(rank);
}

static void after_in_child(void)
{
	/* The kernel has zeroed the page; without one, do what it would. */
	atomic_store_explicit(fork_word, PLANTED(CHILD_UNSEEN) ? counter : 0, memory_order_relaxed);
	counter++; /* the parent may not have had its generation yet */
	after();
}

/* Before any other code of the library: nothing here is used until then. */
__attribute__((constructor)) static void fork_begin(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page != MAP_FAILED) {
		if (madvise(page, 4096, MADV_WIPEONFORK) == 0)
			fork_word = page;
		else
			(void)munmap(page, 4096);
	}
	/* If it fails for want of memory, forks are still noticed by the page. */
	(void)pthread_atfork(before, after, after_in_child);
}
