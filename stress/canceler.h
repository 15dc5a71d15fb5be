/*
 * A thread that cancels jobs which run already.
 */
#ifndef STRESS_CANCELER_H
#define STRESS_CANCELER_H

#include "stress/task.h"

/* 0 or a negative errno. */
int canceler_start(void);
void canceler_stop(void); /* when nobody asks any more */

/* In TASK's job: have it canceled, now or a little later. */
void canceler_ask(struct task *task);

/* Until the canceler has done with TASK's future; only if its job has run. */
void canceler_wait(const struct task *task);

#endif
