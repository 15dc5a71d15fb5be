/*
 * Objects in memory that is used again and again: a fresh one has no ref, whatever was
 * there before, and whoever still has a ref of that in a table.
 */
#ifndef STRESS_REUSE_H
#define STRESS_REUSE_H

#include "stress/visit.h"

void reuse_stay(struct visit *visit);

#endif
