/*
 * Submitting: from a spec to an accepted job.
 */
#ifndef POOL_SUBMIT_H
#define POOL_SUBMIT_H

#include "pool/pool.h"

/* SPEC is complete and checked.  Errors as bothy_submit(). */
int submit(bothy_pool *pool, const struct bothy_job *spec, bothy_future **ret_future);

/* As bothy_run(), bothy_spawn(). */
int submit_and_wait(bothy_pool *pool, const struct bothy_job *spec, bothy_time deadline,
                    void **ret_result);
int submit_child(const struct bothy_job *spec, bothy_future **ret_future);

#endif
