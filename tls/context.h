/*
 * The context: everything that belongs to the one whose work a thread does now.
 *
 * A thread has a stack of contexts, and one thread-specific pointer to the innermost.  A
 * context is used by its own thread alone, so it has no lock.
 *
 * A worker keeps its outermost context struct from job to job (its arena and its memory
 * stay warm); context_begin() gives it a fresh id each time.
 */
#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include <bothy/context.h>

#include "refs/arena.h"
#include "refs/table.h"
#include "sync/fork.h"
#include "sync/testing.h"
#include "tls/capture.h"
#include "tls/stop.h"

/* How far a context's end has come.  It moves on before each callback, so that an end that
 * pthread_exit() cuts short goes on with what is left. */
enum context_stage {
	CONTEXT_IDLE = 0,   /* not installed */
	CONTEXT_STARTING,   /* installed; the server has no slot for it */
	CONTEXT_ACTIVE,
	CONTEXT_INHERITING, /* active or unwinding; the server's inherit was called */
	CONTEXT_UNWINDING,  /* deferred functions and locals are running */
	CONTEXT_FINISHING,  /* the server's finish was called */
	CONTEXT_SWEEPING    /* ... has returned; what it deferred is running */
};

struct context_deferred;
struct context_local;

struct bothy_context {
	/* cleared by each begin */
	uint64_t id;
	bothy_context *outer;       /* what was installed before */
	enum context_stage stage;
	bool entered;               /* on the heap, by bothy_context_enter() or adopt */
	uint32_t generation;        /* of the process that may end it: see sync/fork.h */
	enum bothy_ref_fallback fallback;
	bothy_client *client;       /* held, if it was entered; a job's is its project's */
	void *slot;                 /* of the server's begin */
	struct stop *stop;          /* the job's, or NULL */
	void *job;                  /* the pool's struct job; NULL outside jobs.  Nested
	                             * contexts have their job's */
	bothy_time deadline;        /* BOTHY_FOREVER: none */
	bool polls;                 /* nobody requests the stop at the deadline: who asks
	                             * looks at the clock */
	int code;                   /* what finish will be told */
	int finish_error;           /* what finish said */
	char *error_text;           /* malloc'd, what bothy_fail() said; or NULL */
	struct context_deferred *deferred; /* newest first; in the arena */
	struct context_local *locals;      /* in the arena */
	struct table refs;
	/* kept from job to job */
	struct arena arena;
	struct context_ids { uint64_t next, end; } ids; /* a block from the counter */
};

/* What a context begins with. */
struct context_spec {
	bothy_client *client;          /* an entered context takes a hold; for another one it must
	                                * be there until it has ended */
	const bothy_capture *inherited; /* or NULL; only read */
	enum bothy_ref_fallback fallback;
	unsigned flags;                /* BOTHY_ENSURE_PROJECT and BOTHY_TRACE, or 0 */
	const char *name;              /* the job's; or NULL */
	bothy_time deadline;           /* BOTHY_FOREVER: none */
	bool watched;                  /* someone requests the stop at the deadline */
	struct stop *stop;
	void *job;
};

/* Make the thread-specific pointer; needed before any other call here that installs.
 * 0 or the negative errno of pthread_key_create(3); any number of calls, any thread. */
int context_ready(void);

/* Prepare the struct, without installing it.  Its owner calls fini when it is IDLE. */
void context_init(bothy_context *context);
void context_fini(bothy_context *context);

/* Give back the memory that CONTEXT, which has ended, keeps for the next: a stale pointer into it
 * is one that a sanitizer sees. */
void context_renew(bothy_context *context);

/*
 * Install CONTEXT on this thread as the innermost, restore the inherited refs, and ask the
 * server for the project (with the flag) and the slot.
 *
 * 0, -ENOMEM, -ECHILD (a server from before a fork) or what the server said; then the
 * context is ended and uninstalled already, and the text of bothy_fail() is handed over as
 * by context_end().
 */
int context_begin(bothy_context *context, const struct context_spec *spec, char **ret_error_text);

/*
 * End CONTEXT and all inside it, innermost first, and install what was outside.
 *
 * CODE and the text of bothy_fail() go to the server's finish.  Deferred functions and
 * locals' destructors run until there are none of either; then finish; then what that
 * left; then the refs are released and the memory is freed, all with CONTEXT installed.
 * If one of the callbacks ends the thread, calling this again goes on where it was.  In a forked
 * child to which CONTEXT does not belong nothing is called: -ECHILD.
 *
 * Returns what finish said, 0 or a negative errno; -ECHILD for a server from before a fork,
 * which is not asked; -ENOTRECOVERABLE if what was outside could not be put back.  The text
 * of bothy_fail() is handed to the caller, to free, unless RET_ERROR_TEXT is NULL.
 */
int context_end(bothy_context *context, int code, char **ret_error_text);

/* Whether this is a forked child, and CONTEXT is its parent's to end. */
static inline bool context_is_parents(const bothy_context *context)
{
	return context->generation != fork_generation() && !PLANTED(CHILD_ENDS_CONTEXT);
}

/* Those contexts that this thread has entered are to be ended in this process, from the innermost to
 * OUTERMOST; NULL: all. */
void context_make_own(const bothy_context *outermost);

/* End all contexts inside CONTEXT (which is installed), innermost first.  Their number. */
unsigned context_unwind(bothy_context *context);

/* The innermost context on this thread, or NULL.  A bare one (below) counts as NULL. */
bothy_context *context_current(void);

/* The current context's client; NULL in a bare one; without any, the global one. */
bothy_client *context_client(void);

/*
 * A bare context stands where a thread is in nobody's: on pool threads between jobs, and
 * while callbacks run that belong to no context.  In it there is no client at all, not
 * even the global one.  context_suspend() installs it and returns what was there, for
 * context_resume(); a context entered meanwhile is ended by the resume.
 */
bothy_context *context_suspend(void);
void context_resume(bothy_context *suspended);

/* The refs of objects in the current context: what bothy_object_* and bothy_address_* do.
 * OBJECT is not NULL. */
int context_object_set(struct bothy_object *object, bothy_ref *ref);
int context_object_get(struct bothy_object *object, bothy_ref **ret_ref);
void context_object_end(struct bothy_object *object);
int context_address_set(void *address, bothy_ref *ref);
int context_address_get(void *address, bothy_ref **ret_ref);
void context_address_forget(void *address);

#endif
