/*
 * A task: the argument of one job, and all that the program knows about that job.
 *
 * Tasks come from one array that lives as long as the program, so that what is freed
 * twice, or too late, is noticed and does no harm.
 *
 * Parties.  task->parties counts those who may still touch a task: whoever claimed it
 * (until the submit has returned), arg_free, the collector of its outcome (none for a
 * forgotten job), a notify function, its result, a canceler.  Each drops its share once;
 * at 0 the task is free to be claimed again.  Release on each drop, acquire on the claim.
 * Nothing else here orders memory: what a job wrote is plain, and read by the collector
 * after a wait, so that the thread sanitizer sees whether the library ordered it.
 */
#ifndef STRESS_TASK_H
#define STRESS_TASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <bothy/bothy.h>

#include "stress/random.h"
#include "stress/tenants.h"

/* What a job does; how many in 100,000; the states it may settle in. */
#define IN(state) (1u << BOTHY_##state)
#define KINDS(X)                                                                              \
	X(WORK, work, 76066, IN(DONE))           /* look, set refs, look again */             \
	X(FAIL, fail, 6000, IN(FAILED))          /* the same, and bothy_fail() */             \
	X(PARENT, parent, 4000, IN(DONE))        /* spawn, and wait or not */                 \
	X(NESTER, nester, 4000, IN(DONE))        /* enter contexts of other tenants */        \
	X(CAPTURER, capturer, 1500, IN(DONE))    /* capture, adopt, hand the capture on */    \
	X(WAITER, waiter, 1000, IN(DONE))        /* wait for a job submitted before */        \
	X(RUNNER, runner, 50, IN(DONE))          /* bothy_run() another tenant's job */       \
	X(CANCELED, canceled, 2500, IN(DONE) | IN(CANCELED)) /* canceled at some time */      \
	X(STOPPED, stopped, 300, IN(DONE) | IN(CANCELED))    /* runs until it is canceled */  \
	X(EXPIRED, expired, 2500, IN(EXPIRED))   /* its deadline is past at once */           \
	X(RUSHED, rushed, 1000, IN(DONE) | IN(EXPIRED) | IN(TIMED_OUT)) /* ... is near */     \
	X(OUTLIVER, outliver, 40, IN(TIMED_OUT) | IN(EXPIRED)) /* runs past its deadline */   \
	X(STUCK, stuck, 4, IN(TIMED_OUT) | IN(EXPIRED))        /* ... and past the grace */   \
	X(EXITER, exiter, 300, IN(THREAD_EXITED)) /* pthread_exit(), here or there */         \
	X(SIRE, sire, 30, IN(DONE) | IN(THREAD_EXITED)) /* waits for a child that does so */  \
	X(OWNER, owner, 300, IN(DONE))           /* on a thread of its own */                 \
	X(UNMADE, unmade, 400, IN(FAILED))       /* its project can't be made */              \
	X(KNOT, knot, 10, IN(DONE))              /* two that wait for each other */           \
	X(LAST, last, 0, IN(CANCELED))           /* waits for what stops its parent or pool */

enum task_kind {
#define KIND_ENUM(name, text, weight, states) KIND_##name,
	KINDS(KIND_ENUM)
#undef KIND_ENUM
	KIND_COUNT
};

/* How its outcome is learned. */
enum task_delivery {
	DELIVERY_FORGET,     /* not at all; it is certain */
	DELIVERY_FUTURE,     /* from its future, after a wait */
	DELIVERY_NOTIFIED,   /* from its future, in the notify function */
	DELIVERY_COMPLETION, /* from a completion queue */
	DELIVERY_HERE        /* from bothy_run() or bothy_run_here() */
};

/* Refs that a descendant must find, each held. */
#define KEEPSAKES 4u
struct keepsakes {
	unsigned count;
	struct keepsake {
		unsigned shared; /* which object's */
		bothy_ref *ref;
	} items[KEEPSAKES];
};

struct result {
	_Atomic unsigned state; /* enum result_state */
	bothy_capture *capture; /* held, or NULL */
	struct keepsakes kept;  /* what the capture must know */
};

enum result_state { RESULT_NONE, RESULT_MADE, RESULT_TAKEN, RESULT_FREED };

struct knot;

struct task {
	_Atomic unsigned parties;
	_Atomic unsigned runs, freed, notified, collected;
	_Atomic bool cancel_done; /* the canceler is through with the future */
	_Atomic(bothy_future *) future; /* for the canceler */
	struct task *next_cancel;
	struct result result;
	/* Written by whoever submits it. */
	uint64_t number, seed;
	enum task_kind kind;
	enum task_delivery delivery;
	const struct tenant *tenant;
	bool here;             /* not on the pool */
	bool parcel;           /* the argument is copied */
	unsigned depth;        /* of spawning */
	int fail_code;         /* what it returns to fail */
	bothy_time submitted, deadline;
	unsigned char *mark;   /* to be set at its end, for someone who waits for a group */
	unsigned char marks[KEEPSAKES]; /* its children's */
	struct keepsakes kept; /* what its parent had; released by arg_free */
	struct task *parent;   /* whose mark it is, and who is told when it is freed; or NULL */
	bool fresh;            /* wait for the gate, then see that object has no ref */
	_Atomic bool gate;
	struct bothy_object object;
	bothy_future *awaited; /* a waiter's */
	struct task *awaited_task;
	struct knot *knot;
	unsigned knot_side;
	bothy_completions *children; /* to which a stopped job's child goes, or NULL */
	_Atomic unsigned *children_due;
	/* Written by the job; plain. */
	int inside;            /* its context is there */
	int stopped;           /* it returned what bothy_stop_requested() said */
	uint64_t proof;        /* task_proof() once the body has ended */
};

int tasks_init(unsigned count);
void tasks_fini(void);

/* A task for a job of KIND, or NULL if none is free now.  The caller is its one party. */
struct task *task_claim(enum task_kind kind, const struct tenant *tenant, uint64_t number,
                        uint64_t seed, enum task_delivery delivery);
void task_join(struct task *task); /* one party more; the caller is one */
void task_drop(struct task *task); /* the caller's share */

/* Room for the copied argument. */
struct parcel {
	uint64_t magic;
	struct task *task;
};
#define PARCEL_MAGIC UINT64_C(0x5ca1ab1e0ddba11)

/* Fill in what a struct bothy_job needs to run TASK; PARCEL is used if task->parcel. */
void task_describe(struct task *task, struct bothy_job *ret_job, struct parcel *parcel);

/* Before a submit, and after it; accepted or refused (-EAGAIN: counted). */
void task_offer(struct task *task);
void task_settle_offer(struct task *task, int error);

/* Called once per accepted job with its outcome; checks it. */
void task_outcome(struct task *task, enum bothy_state state, int code);

/* Read the outcome from FUTURE, which is settled, and release it; drops the collector's
 * share. */
void task_collect(struct task *task, bothy_future *future);
/* The same from a completion; TASK is its tag. */
void task_collect_completion(const struct bothy_completion *completion);
/* The same from what bothy_run() returned. */
void task_collect_here(struct task *task, int code, void *result);

/* Have FUTURE's notify function collect it. */
void task_collect_later(struct task *task, bothy_future *future);
/* Have the time from submit to settling noted. */
void task_time(struct task *task, bothy_future *future);

/* In the body: make the result.  It may be given a capture, and what that must know. */
void *task_result(struct task *task);
/* Take RESULT (the caller's now) or free it. */
void task_result_free(void *result);

uint64_t task_proof(const struct task *task);
const char *task_kind_name(const struct task *task);
unsigned task_kind_weight(enum task_kind kind);
/* Whether it can settle in one way only, and in which. */
bool task_is_certain(const struct task *task);
enum bothy_state task_certain_state(const struct task *task);
/* Whether its function must have run if it settled in STATE.  A deadline may come between a
 * start and the first instruction. */
bool task_must_run(const struct task *task, enum bothy_state state);

void keepsakes_release(struct keepsakes *kept);

/* Say what is known of tasks that are not free: after a hang, or at the end. */
void tasks_report_left(void);

#endif
