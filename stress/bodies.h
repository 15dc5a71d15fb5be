/*
 * What jobs do.
 */
#ifndef STRESS_BODIES_H
#define STRESS_BODIES_H

#include "stress/visit.h"

/* Functions of jobs: of a task, and of a parcel with one. */
int body_run(void *arg, void **ret_result);
int body_run_parcel(void *arg, void **ret_result);

/* How long a job waited lately, from submit to its start. */
int64_t body_delay_ns(void);

/* What a job of KIND_FAIL says. */
#define BODY_TEXT 96
void body_fail_text(const struct task *task, char text[BODY_TEXT]);

/* Adopt CAPTURE, of TASK's context, on this thread, and see that KEPT and no more came. */
void body_adopt(struct task *task, bothy_capture *capture, const struct keepsakes *kept);

/*
 * The kinds' own parts, between the first look and the last.  Each returns what the job's
 * function shall.
 */
#define BODY_DECLARE(name, text, weight, states) \
	int body_##text(struct visit *visit, void **ret_result);
KINDS(BODY_DECLARE)
#undef BODY_DECLARE

/* Two jobs that wait for each other. */
struct knot {
	_Atomic(bothy_future *) futures[2]; /* each set by the producer ... */
	_Atomic bool cut;                   /* ... or this; or by a job that has waited for long */
	_Atomic unsigned given_up;          /* waits that the library did not let begin */
};

/* Wait in a job, for ever: 0, the stop reason, -EDEADLK, or -EAGAIN (no spare thread). */
int body_wait(struct visit *visit, bothy_future *future);

/* The thread's own story, for worker_init and worker_fini. */
int worker_begin(void *user, void **ret_worker_local);
void worker_end(void *user, void *worker_local);

#endif
