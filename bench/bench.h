/*
 * What bothy-bench measures besides the work that it shares with the peers (bench/work/work.h).
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <bothy/bothy.h>

#include "bench/work/work.h"

/* Each prints its figures; 0, or a negative errno of what failed. */
int tenants_run(const struct bench_options *options);
int hygiene_run(const struct bench_options *options);
int refs_run(const struct bench_options *options);
int fair_run(const struct bench_options *options);
int rss_run(const struct bench_options *options);
int idle_run(const struct bench_options *options);
int record_run(const struct bench_options *options);
int record_cost_run(const struct bench_options *options);

/* ---- what they share ------------------------------------------------------------ */

/* A pool of WORKERS with a project. */
struct bench_pool {
	bothy_pool *pool;
	bothy_project *project;
	bothy_group *group;
};
int bench_pool_start(unsigned workers, struct bench_pool *ret_pool);
int bench_pool_start_with(struct bothy_pool_options options, struct bench_pool *ret_pool);
void bench_pool_stop(struct bench_pool *pool);

/* Submit N empty jobs, counted by the pool's group; wait where the queue is full. */
int bench_submit(struct bench_pool *pool, size_t n);

/* Submit N and wait for them all. */
int bench_drain(struct bench_pool *pool, size_t n);

#endif
