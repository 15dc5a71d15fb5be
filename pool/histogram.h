/*
 * How long things took: counts of times, in buckets that grow with them.
 *
 * Buckets
 *   Each ns under 64 has a bucket of its own, and each power of two from there on is cut into 64.
 *   So a bucket is at most a 64th as wide as the least time in it, and its middle is within a
 *   128th of each.  Finding it takes counting leading zeros and a shift: this is HdrHistogram
 *   (Gil Tene) with base 2 all through, as H2Histogram (Yao Yue, h2histogram.org) and hg64 (Tony
 *   Finch) have it.
 *
 * Memory
 *   A pool may have 100,000 projects with few jobs each.  The 64 buckets of a power of two are a
 *   row, and a row is there once a time belongs to it; a counter has as many bytes as the largest
 *   count needs: 1, 2, 4 or 8.  So the first time costs 128 bytes, and one of another magnitude 64
 *   more; at worst it is 30 KB.  When there is no memory a time is lost, and counted as such.
 *
 * Locking: none; each has an owner, or a lock that is the owner's.
 *
 * Invariant: `count` is the sum of the counters; none can overflow before it does.
 */
#ifndef POOL_HISTOGRAM_H
#define POOL_HISTOGRAM_H

#include <bothy/histogram.h>

/* All zero: empty, and without memory. */
struct bothy_histogram {
	struct histogram_table *table; /* NULL: no rows */
	uint64_t count;
	uint64_t lost; /* times that there was no memory for */
};

/* On the heap, empty; NULL: no memory. */
bothy_histogram *histogram_new(void);
void histogram_free(bothy_histogram *histogram); /* NULL is fine */

/* Give up its memory: it is empty. */
void histogram_fini(bothy_histogram *histogram);

/* Count one time; less than 0 is 0. */
void histogram_add(bothy_histogram *histogram, int64_t ns);

/* 0; -ENOMEM or -EOVERFLOW, and nothing has changed.  FROM may be INTO. */
int histogram_merge(bothy_histogram *into, const bothy_histogram *from);

/* HISTOGRAM is not empty, and PERCENT from 0 to 100. */
int64_t histogram_percentile(const bothy_histogram *histogram, double percent);

bool histogram_next(const bothy_histogram *histogram, struct bothy_histogram_bucket *bucket);

/* What it has on the heap. */
size_t histogram_bytes(const bothy_histogram *histogram);

/*
 * Copying under a lock without allocating: a new histogram is given room for the largest there
 * can be; the lock is acquired, the copy made into that room, the lock released; and what was not
 * needed is given back.
 */
int histogram_reserve(bothy_histogram *to); /* 0 or -ENOMEM */
void histogram_copy(bothy_histogram *to, const bothy_histogram *from);
void histogram_trim(bothy_histogram *to);

#endif
