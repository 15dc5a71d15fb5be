/*
 * Histograms: how long jobs waited, and how long they ran.
 *
 * Times are counted in buckets that grow with them: each ns under 128 has its own, and beyond
 * that each power of two is cut into 64.  So what is read from one is within 1% of the time that
 * was measured, from 1 ns to as long as a clock counts, and adding two histograms is exact.
 *
 * A pool and its projects have two each: bothy_pool_times(), bothy_project_times().  What these
 * give is a copy, which belongs to the caller alone and needs no pool any more, not even in a
 * forked child.
 *
 * Threads: any; those that only read one, several at once.
 */
#ifndef BOTHY_HISTOGRAM_H
#define BOTHY_HISTOGRAM_H

#include <bothy/base.h>

BOTHY_BEGIN_DECLS

/* An empty one, to merge others into.  -EINVAL; -ENOMEM. */
BOTHY_API BOTHY_MUST_CHECK int bothy_histogram_new(bothy_histogram **ret_histogram);

/* NULL is fine. */
BOTHY_API void bothy_histogram_free(bothy_histogram *histogram);

/* How many times are in it, and how many are missing since there was no memory for their
 * buckets; 0 for NULL. */
BOTHY_API uint64_t bothy_histogram_count(const bothy_histogram *histogram);
BOTHY_API uint64_t bothy_histogram_lost(const bothy_histogram *histogram);

/*
 * The time in ns that PERCENT of those in HISTOGRAM do not exceed: the middle of the bucket of
 * the one that has that rank when all are sorted (0: the shortest, 50: the median, 100: the
 * longest).
 *
 * Errors: -EINVAL: NULL, or PERCENT is not in 0 to 100; -ENODATA: it is empty.
 */
BOTHY_API int64_t bothy_histogram_percentile(const bothy_histogram *histogram, double percent);

/*
 * Add all that is in FROM to INTO, as if it had been recorded there; FROM stays as it is, and may
 * be INTO.
 *
 * Errors: -EINVAL; -ENOMEM; -EOVERFLOW: there would be 1 << 64 times, or more.  Then INTO is as
 *         it was.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_histogram_merge(bothy_histogram *into,
                                                     const bothy_histogram *from);

struct bothy_histogram_bucket {
	int64_t from, to; /* the shortest and the longest time that belong there, in ns */
	uint64_t count;   /* how many are there, at least 1 */
};

/*
 * The next bucket of HISTOGRAM that is not empty, the shorter times first: beginning with a
 * BUCKET that is all zero, each call goes on from where it is, and gives true; at the end false,
 * and BUCKET stays.  False as well if either is NULL.
 */
BOTHY_API bool bothy_histogram_next(const bothy_histogram *histogram,
                                    struct bothy_histogram_bucket *bucket);

BOTHY_END_DECLS

#endif
