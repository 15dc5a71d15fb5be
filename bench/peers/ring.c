/*
 * The plain reference: a ring of pointers with one mutex, workers that take up to 64 jobs at
 * once, and nothing else: no contexts, no futures, no deadlines.
 *
 * Locking: `mutex` guards all of the ring.  Wakes are what costs, so nobody is woken who does
 * not sleep; a worker looks for a while before it sleeps; a submitter that found the ring full
 * is woken when half of it is free.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "bench/work/work.h"

#define BATCH 64u
#define UNBOUNDED ((size_t)1 << 21)
#define LOOKS 200u /* about 5 us */

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t not_empty, not_full;
	const struct job **slots;
	size_t size;                /* a power of two */
	unsigned sleepers, blocked; /* workers; submitters */
	bool closing;
	_Alignas(64) atomic_size_t head; /* written under the mutex; workers look without */
	_Alignas(64) atomic_size_t tail;
} ring = {.mutex = PTHREAD_MUTEX_INITIALIZER,
          .not_empty = PTHREAD_COND_INITIALIZER,
          .not_full = PTHREAD_COND_INITIALIZER};

static pthread_t *threads;
static unsigned thread_count;

static size_t load(atomic_size_t *index)
{
	return atomic_load_explicit(index, memory_order_relaxed);
}

static size_t queued(void)
{
	return load(&ring.tail) - load(&ring.head);
}

/* ---- workers ---------------------------------------------------------------------- */

static void look_for_work(void)
{
	for (unsigned i = 0; i < LOOKS && queued() == 0; i++) {
		for (unsigned pause = 0; pause < 16; pause++)
			__builtin_ia32_pause();
	}
}

static size_t take_locked(const struct job **batch)
{
	size_t head = load(&ring.head), n = queued();

	n = n < BATCH ? n : BATCH;
	for (size_t i = 0; i < n; i++)
		batch[i] = ring.slots[(head + i) & (ring.size - 1)];
	atomic_store_explicit(&ring.head, head + n, memory_order_relaxed);
	if (ring.blocked > 0 && queued() <= ring.size / 2)
		pthread_cond_broadcast(&ring.not_full);
	return n;
}

/* Up to a batch of jobs; 0: the ring is closing. */
static size_t take(const struct job **batch)
{
	size_t n;

	look_for_work();
	pthread_mutex_lock(&ring.mutex);
	while (queued() == 0 && !ring.closing) {
		ring.sleepers++;
		pthread_cond_wait(&ring.not_empty, &ring.mutex);
		ring.sleepers--;
	}
	n = take_locked(batch);
	pthread_mutex_unlock(&ring.mutex);
	return n;
}

static void *work(void *arg)
{
	const struct job *batch[BATCH];
	size_t n;

	while ((n = take(batch)) > 0) {
		for (size_t i = 0; i < n; i++)
			(void)batch[i]->fn(batch[i]->arg);
	}
	return arg;
}

/* ---- submitters ------------------------------------------------------------------- */

static void put_locked(const struct job *job)
{
	size_t tail = load(&ring.tail);

	while (queued() == ring.size) {
		ring.blocked++;
		pthread_cond_wait(&ring.not_full, &ring.mutex);
		ring.blocked--;
		tail = load(&ring.tail);
	}
	ring.slots[tail & (ring.size - 1)] = job;
	atomic_store_explicit(&ring.tail, tail + 1, memory_order_relaxed);
	if (ring.sleepers > 0)
		pthread_cond_signal(&ring.not_empty);
}

static void submit(const struct job *job)
{
	pthread_mutex_lock(&ring.mutex);
	put_locked(job);
	pthread_mutex_unlock(&ring.mutex);
}

static void submit_many(const struct job *job, size_t n)
{
	pthread_mutex_lock(&ring.mutex);
	for (size_t i = 0; i < n; i++)
		put_locked(job);
	pthread_mutex_unlock(&ring.mutex);
}

/* ---- start and stop --------------------------------------------------------------- */

static int start(unsigned workers, size_t bound)
{
	ring.size = bound > 0 ? bound : UNBOUNDED;
	ring.slots = calloc(ring.size, sizeof(ring.slots[0]));
	threads = calloc(workers, sizeof(threads[0]));
	if (ring.slots == NULL || threads == NULL)
		return ENOMEM;
	for (thread_count = 0; thread_count < workers; thread_count++) {
		int error = pthread_create(&threads[thread_count], NULL, work, NULL);

		if (error != 0)
			return error;
	}
	return 0;
}

static void stop(void)
{
	pthread_mutex_lock(&ring.mutex);
	ring.closing = true;
	pthread_cond_broadcast(&ring.not_empty);
	pthread_mutex_unlock(&ring.mutex);
	while (thread_count > 0)
		pthread_join(threads[--thread_count], NULL);
	free(threads);
	free(ring.slots);
}

const struct peer peer = {
	.name = "ring",
	.bounded = true,
	.start = start,
	.stop = stop,
	.submit = submit,
	.submit_many = submit_many,
};
