/*
 * What users do with a job's future, but for waiting (wait.h).
 */
#ifndef POOL_FUTURE_H
#define POOL_FUTURE_H

#include "pool/job.h"

int future_result(bothy_future *job, void **ret_result);
const char *future_error(bothy_future *job);
enum bothy_state future_state(bothy_future *job);
int future_notify(bothy_future *job, void (*fn)(void *), void *arg);
void future_release(bothy_future *job);

#endif
