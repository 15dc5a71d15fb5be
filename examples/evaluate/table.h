/*
 * What is printed at the end.
 */
#ifndef EXAMPLES_EVALUATE_TABLE_H
#define EXAMPLES_EVALUATE_TABLE_H

#include "examples/evaluate/run.h"

/* A line per project, one per model for all teams, and what the figures are.  -ENOMEM. */
int table_print(const struct plan *plan, struct outcome *outcome);

#endif
