/*
 * Times in buckets that grow with them: each power of two in 16 parts, so that a
 * percentile is right within 7%.
 */
#ifndef STRESS_LATENCY_H
#define STRESS_LATENCY_H

#include <stdint.h>

/* Any thread. */
void latency_add(int64_t ns);

uint64_t latency_count(void);

/* The time that PART (0 to 1) of those added do not exceed; 0 for none. */
int64_t latency_percentile(double part);
int64_t latency_max(void);

#endif
