/*
 * Running a job on the calling thread, in a context of its own, to whichever end.
 */
#ifndef POOL_RUN_H
#define POOL_RUN_H

#include "pool/worker.h"

/* How far a run has come.  It moves on before each step that may call code of the user's, so
 * that one that pthread_exit() cuts short goes on with what is left. */
enum run_stage {
	RUN_NONE = 0,  /* there is no run */
	RUN_RUNS,      /* fn, and the end of the context */
	RUN_FREES,     /* the argument */
	RUN_CHECKS,    /* what the thread was left like */
	RUN_SETTLES,   /* claims the job, and keeps the books */
	RUN_DROPS,     /* the result, if nobody will have it */
	RUN_PUBLISHES, /* the outcome */
	RUN_LEAVES     /* the job */
};

struct run {
	enum run_stage stage;
	bool in_place;         /* of a wait of another job's on the same thread */
	uint32_t generation;   /* of the process whose run it is: see sync/fork.h */
	bothy_future *job;
	struct worker *worker; /* NULL: bothy_run_here() */
	bothy_context *context;
	struct context_spec spec;
	bool exited;           /* something ended the thread */
	int finish_error;      /* what the server's finish said */
	int refusal;           /* why fn was not called: a negative errno */
	int code;              /* what fn returned */
	void *result;
	char *error_text;
	/* once it settles */
	bool claimed;          /* else a deadline was faster */
	unsigned phase;
	int outcome;
};

/*
 * Run the job that WORKER has started, in the worker's context.  RUN is where that is kept: if
 * the thread ends, run_cut_short() must be called with it.
 */
void run_taken(struct run *run, struct worker *worker);

/* The thread has ended, perhaps in the middle of RUN: do what is left of it. */
void run_cut_short(struct run *run);

/*
 * Run JOB, which is queued, on WORKER's thread in place of a wait of the job that runs
 * there.  False: it is not queued any more.
 */
bool run_in_place(struct worker *worker, bothy_future *job);

/* What bothy_run_here() does; SPEC is checked, with its names given. */
int run_here(bothy_server *server, const struct bothy_job *spec, void **ret_result);

#endif
