/*
 * Violations: what should never be seen.  Each is reported with what was expected, what
 * was seen, and the seed; the program goes on, and exits with 1.
 */
#ifndef STRESS_VIOLATION_H
#define STRESS_VIOLATION_H

#include <stdbool.h>
#include <stddef.h>

#include <bothy/base.h>

#define VIOLATIONS(X)                                                                \
	X(CLIENT, "client")             /* not the job's own entity and project */   \
	X(CONTEXT_ID, "context-id")     /* 0, changed, or seen before */             \
	X(LOCALS, "locals")             /* not empty to begin with, or lost */       \
	X(FOREIGN_REF, "foreign-ref")   /* another tenant's ref was seen */          \
	X(OWN_REF, "own-ref")           /* not the very ref that was set */          \
	X(STALE_REF, "stale-ref")       /* the ref of an object that is no more */   \
	X(HYGIENE, "hygiene")           /* the thread is not as it should be */      \
	X(DEFER, "defer")               /* lost, twice, or in the wrong order */     \
	X(MEMORY, "memory")             /* of bothy_context_alloc() */               \
	X(THREAD, "thread")             /* on the wrong thread */                    \
	X(OUTCOME, "outcome")           /* a job did not settle as it should */      \
	X(ERROR_TEXT, "error-text")     /* not what bothy_fail() said */             \
	X(RUN, "run")                   /* twice, or although it should not */       \
	X(ARG_FREE, "arg-free")         /* never, twice, or too soon */              \
	X(RESULT, "result")             /* lost, or freed twice */                   \
	X(NOTIFY, "notify")             /* never, or twice */                        \
	X(STOP, "stop")                 /* not asked for, or for the wrong reason */ \
	X(UNSEEN, "unseen")             /* a wait returned before the job's writes */ \
	X(CALLBACK, "callback")         /* a context was installed, or is not */     \
	X(CALL, "call")                 /* the library refused what it should do */  \
	X(SHARE, "share")               /* a project had more than its share */      \
	X(STATS, "stats")               /* the pool's figures contradict the truth */ \
	X(CONSERVATION, "conservation") /* something was lost or made of nothing */  \
	X(HANG, "hang")                 /* nothing goes on */

enum violation_kind {
#define VIOLATION_ENUM(name, text) VIOLATION_##name,
	VIOLATIONS(VIOLATION_ENUM)
#undef VIOLATION_ENUM
	VIOLATION_COUNT
};

/* Any thread.  Of each kind the first few are printed, all are counted. */
void violation(enum violation_kind kind, const char *format, ...) BOTHY_PRINTF(2, 3);

/* The same, unless RETURNED is 0: "CALL returned -22 (Invalid argument)". */
bool violation_call(const char *call, int returned);

unsigned long violations_of(enum violation_kind kind);
unsigned long violations_total(void);
const char *violation_name(enum violation_kind kind);

#endif
