/*
 * Random numbers: splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014).  Each producer and each job has a generator of its own, so
 * that what a job does does not hang on who else draws.
 */
#ifndef STRESS_RANDOM_H
#define STRESS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* A number below N, which is not 0. */
static inline unsigned rng_below(struct rng *rng, unsigned n)
{
	return (unsigned)(((rng_next(rng) >> 32) * n) >> 32);
}

static inline bool rng_one_in(struct rng *rng, unsigned n)
{
	return rng_below(rng, n) == 0;
}

/* A seed of its own for the I-th descendant of SEED. */
static inline uint64_t rng_seed(uint64_t seed, uint64_t i)
{
	struct rng rng = {seed ^ (i + 1) * UINT64_C(0xd1342543de82ef95)};

	return rng_next(&rng);
}

#endif
