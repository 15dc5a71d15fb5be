#include "stress/latency.h"

#include <stdatomic.h>

#define PARTS 16u
#define BUCKETS (61u * PARTS)

static _Atomic uint64_t buckets[BUCKETS];
static _Atomic int64_t longest;

static unsigned bucket_of(uint64_t ns)
{
	unsigned power;

	if (ns < PARTS)
		return (unsigned)ns;
	power = 63u - (unsigned)__builtin_clzll(ns);
	return (power - 3) * PARTS + (unsigned)((ns >> (power - 4)) - PARTS);
}

/* The least time that is beyond bucket I. */
static int64_t bucket_end(unsigned i)
{
	unsigned power;

	if (i < PARTS)
		return (int64_t)i + 1;
	power = i / PARTS + 3;
	return (int64_t)((uint64_t)(PARTS + i % PARTS + 1) << (power - 4));
}

void latency_add(int64_t ns)
{
	int64_t max = atomic_load_explicit(&longest, memory_order_relaxed);

	if (ns < 0)
		ns = 0;
	atomic_fetch_add_explicit(&buckets[bucket_of((uint64_t)ns)], 1, memory_order_relaxed);
	while (ns > max && !atomic_compare_exchange_weak_explicit(
				   &longest, &max, ns, memory_order_relaxed, memory_order_relaxed))
		;
}

uint64_t latency_count(void)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		count += atomic_load_explicit(&buckets[i], memory_order_relaxed);
	return count;
}

int64_t latency_percentile(double part)
{
	uint64_t wanted = (uint64_t)(part * (double)latency_count()), below = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		below += atomic_load_explicit(&buckets[i], memory_order_relaxed);
		if (below > 0 && below >= wanted)
			return bucket_end(i) < latency_max() ? bucket_end(i) : latency_max();
	}
	return latency_max();
}

int64_t latency_max(void)
{
	return atomic_load_explicit(&longest, memory_order_relaxed);
}
