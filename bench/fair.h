/*
 * The parts of fair; each on the crowd's pool, which is idle before and after.
 */
#ifndef BENCH_FAIR_H
#define BENCH_FAIR_H

void fair_shares(void); /* and waits */
void fair_throughput(void);

#endif
