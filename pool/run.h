/*
 * Running a job on the calling thread, in a context of its own, to whichever end.
 */
#ifndef POOL_RUN_H
#define POOL_RUN_H

#include "pool/worker.h"

/* Run worker->top, in the worker's context. */
void run_taken(struct worker *worker);

/*
 * Run JOB, which is queued, on WORKER's thread in place of a wait of worker->top.  False:
 * it is not queued any more.
 */
bool run_in_place(struct worker *worker, bothy_future *job);

/* What bothy_run_here() does; SPEC is checked, with its names given. */
int run_here(bothy_server *server, const struct bothy_job *spec, void **ret_result);

#endif
