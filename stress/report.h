/*
 * The report at the end, for people or as JSON.
 */
#ifndef STRESS_REPORT_H
#define STRESS_REPORT_H

#include <bothy/bothy.h>

void report_print(const struct bothy_pool_stats *stats, bothy_time elapsed_ns);

#endif
