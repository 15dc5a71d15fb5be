/*
 * The legal transitions of a job's phase: from each phase, those that may follow.
 *
 * There is no other list of them.  The assertion in job.c is made of it, and so are the
 * assertions of the models in tests/model, which Spin has the C preprocessor read: so there are
 * only preprocessor's lines and comments here, and whoever includes it defines
 *
 *     ROW(FROM, FOLLOWERS)    one phase, and the set of those that may follow it
 *     TO(PHASE)               the set of one; sets are joined by |
 */
#ifndef POOL_TRANSITIONS_H
#define POOL_TRANSITIONS_H

#define TRANSITIONS                                                               \
	ROW(JOB_NEW, TO(BOTHY_QUEUED))                                            \
	ROW(BOTHY_QUEUED, TO(BOTHY_RUNNING) | TO(JOB_CLAIMED))                    \
	ROW(BOTHY_RUNNING, TO(JOB_CLAIMED))                                       \
	ROW(JOB_CLAIMED, TO(BOTHY_DONE) | TO(BOTHY_FAILED) | TO(BOTHY_CANCELED) | \
	                         TO(BOTHY_EXPIRED) | TO(BOTHY_TIMED_OUT) |        \
	                         TO(BOTHY_THREAD_EXITED))

#endif
