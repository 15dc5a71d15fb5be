/*
 * What ran when: each job's stretch of time, written down as it ends, and sums over any span.
 */
#ifndef BENCH_STRETCHES_H
#define BENCH_STRETCHES_H

#include <stddef.h>
#include <stdint.h>

/* Room for N of them; 0 or -ENOMEM. */
int stretches_init(size_t n);
void stretches_fini(void);

/* A job of PROJECT ran from BEGUN to ENDED and took TOOK ns of that.  Any thread; what there is no
 * room for is not kept. */
void stretches_add(unsigned project, int64_t begun, int64_t ended, int64_t took);

/* The rest when no job runs any more. */

/* What each of N projects took between FROM and TO, with the part of it of jobs that ran across
 * an end.  Returns the sum. */
double stretches_took(int64_t from, int64_t to, double *ret_took, unsigned n);

/* When N projects had taken NS since FROM; after TO: not by then. */
int64_t stretches_when(int64_t from, int64_t to, double ns, unsigned n);

#endif
