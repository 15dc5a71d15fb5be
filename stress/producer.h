/*
 * Producers: threads that submit random jobs and collect their outcomes.
 */
#ifndef STRESS_PRODUCER_H
#define STRESS_PRODUCER_H

#include <bothy/bothy.h>

struct producer;

/* Start one that submits JOBS jobs.  0 or a negative errno. */
int producer_start(unsigned index, uint64_t jobs, struct producer **ret_producer);

/* Wait until all its jobs are settled and collected. */
void producer_join(struct producer *producer);

#endif
