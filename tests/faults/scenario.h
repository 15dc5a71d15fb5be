/*
 * One scenario that calls every function of the public API, while any call of the system may fail.
 *
 * Whatever fails, each call says 0 or an error that the fault may cause; every accepted job
 * settles once, with its argument freed once; waits that the API says can't fail don't.  When
 * the faults are over, the same pool and server serve as if nothing had been, and at the end
 * all is given back.
 */
#ifndef TESTS_FAULTS_SCENARIO_H
#define TESTS_FAULTS_SCENARIO_H

#include <bothy/bothy.h>

/* What the sections share.  Anything may be NULL: then it was refused. */
struct scenario {
	const char *url; /* of a store that does not exist yet */
	bothy_server *server;
	bothy_pool *pool;
};

extern struct scenario scenario;

/* Once in a process, before anything fails: what the library keeps for good. */
void scenario_prepare(void);

/* Run it.  OVER is called when no more is to fail. */
void scenario_run(const char *url, void (*over)(void));

/* ---- its sections ------------------------------------------------------------------------- */

void refs_section(void);     /* ref values, and refs of objects, outside any context */
void contexts_section(void); /* contexts of this thread's own */
void jobs_section(void);     /* on the scenario's pool, if there is one */
void strict_section(void);   /* on a strict pool of its own */

/* In a job, or a context entered: all that one may do there. */
void use_context(void);
void use_refs(void);

/* Without recording these do nothing. */
void recording_reset(void);
int recording_open(void);     /* the scenario's server */
void recording_section(void); /* in a context of this thread's own, and without any */
void record(void);            /* in a context of that server's, ann's or bob's */
/* When no more fails: what is recorded is stored, and of all that was recorded before each thing is
 * there, or was told to be lost. */
void recording_serves(void);

/* ---- jobs ---------------------------------------------------------------------------------- */

/* Each job has a note as its argument, which counts what became of it. */
void notes_reset(void);
void notes_balance(void); /* each accepted one was freed once, each refused one never */

/* Submit JOB with a note of its own, for a project of its own: what bothy_submit() said. */
int submit_noted(struct bothy_job job, bothy_future **ret_future);
int spawn_noted(struct bothy_job job, bothy_future **ret_future);
void note_accepted(void *note, bool accepted);
void *note_new(void);
void note_free(void *note);

int nothing(void *arg, void **ret_result);

#endif
