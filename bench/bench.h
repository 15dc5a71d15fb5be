/*
 * bothy-bench: how fast, and how big.  Each workload prints its figures as JSON lines:
 *
 *     {"workload":"drain","peer":"bothy","value":41.2,"unit":"ns/job",...}
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <bothy/bothy.h>

struct bench_options {
	unsigned workers;
	unsigned rounds;
	size_t jobs; /* 0: as many as the workload wants */
	unsigned seconds;
};

/* Each prints its line; 0, or a negative errno of what failed. */
int drain_run(const struct bench_options *options);
int round_trip_run(const struct bench_options *options);
int queued_run(const struct bench_options *options);
int rss_run(const struct bench_options *options);
int idle_run(const struct bench_options *options);
int record_run(const struct bench_options *options);
int record_cost_run(const struct bench_options *options);

/* ---- what they share ------------------------------------------------------------ */

int64_t bench_now(void); /* ns */

/* A pool of WORKERS with a project. */
struct bench_pool {
	bothy_pool *pool;
	bothy_project *project;
	bothy_group *group;
};
int bench_pool_start(unsigned workers, struct bench_pool *ret_pool);
void bench_pool_stop(struct bench_pool *pool);

/* Submit N empty jobs, counted by the pool's group; wait where the queue is full. */
int bench_submit(struct bench_pool *pool, size_t n);

/* Submit N and wait for them all. */
int bench_drain(struct bench_pool *pool, size_t n);

int bench_compare(const void *a, const void *b); /* for qsort() of doubles */

/*
 * Bytes of the process's own resident memory (heap, stacks, data); 0 if it can't be read.
 * Without the pages of program files: the kernel drops them and reads them again as it
 * likes.
 */
size_t bench_resident(void);

#endif
