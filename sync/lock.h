/*
 * Mutual exclusion.  Not recursive; released by the thread that acquired it.
 *
 * There are no condition variables in the library: glibc bug 25847 can lose a wake-up.
 * Threads wait on parkers (sync/park.h).
 */
#ifndef SYNC_LOCK_H
#define SYNC_LOCK_H

#ifdef BOTHY_SIM

struct lock {
	int holder; /* the seeded scheduler's number of the thread that has it, or 0 */
};

#define LOCK_INITIALIZER {0}

void sim_lock_init(struct lock *lock);
void sim_lock_fini(struct lock *lock);
void sim_lock_acquire(struct lock *lock, const char *file, int line);
void sim_lock_release(struct lock *lock, const char *file, int line);

#define lock_init(lock) sim_lock_init(lock)
#define lock_fini(lock) sim_lock_fini(lock)
#define lock_acquire(lock) sim_lock_acquire((lock), __FILE__, __LINE__)
#define lock_acquire_soon(lock) sim_lock_acquire((lock), __FILE__, __LINE__)
#define lock_release(lock) sim_lock_release((lock), __FILE__, __LINE__)

#else

#include <pthread.h>

#include "sync/park.h"

struct lock {
	pthread_mutex_t mutex;
};

#define LOCK_INITIALIZER {PTHREAD_MUTEX_INITIALIZER}

/* A default mutex needs no resources on Linux: none of these calls can fail. */
static inline void lock_init(struct lock *lock)
{
	(void)pthread_mutex_init(&lock->mutex, NULL);
}

static inline void lock_fini(struct lock *lock)
{
	(void)pthread_mutex_destroy(&lock->mutex);
}

static inline void lock_acquire(struct lock *lock)
{
	(void)pthread_mutex_lock(&lock->mutex);
}

/* The same, but before it sleeps it tries for a few microseconds: for a lock that is held for no
 * longer than that, and taken so often that to sleep for it, and to be woken, would cost more. */
static inline void lock_acquire_soon(struct lock *lock)
{
	enum { PASSES = 50 };

	for (int i = 0; i < PASSES; i++) {
		if (pthread_mutex_trylock(&lock->mutex) == 0)
			return;
		parker_pass();
	}
	lock_acquire(lock);
}

static inline void lock_release(struct lock *lock)
{
	(void)pthread_mutex_unlock(&lock->mutex);
}

#endif

#endif
