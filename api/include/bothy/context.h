/*
 * Contexts: whose work this thread does now.
 *
 * A pool gives each job a context.  The calls below work in the current one, which is
 * the innermost on this thread; each says what it does outside any.
 */
#ifndef BOTHY_CONTEXT_H
#define BOTHY_CONTEXT_H

#include <bothy/base.h>

BOTHY_BEGIN_DECLS

/* ---- the client ---------------------------------------------------------------- */

/*
 * The current context's client; outside any, and off the pools' threads, the global one;
 * or NULL.  A pool's threads never see the global client.
 *
 * Ownership: the context's, valid until it exits; the global one is valid for ever.
 */
BOTHY_API bothy_client *bothy_client_current(void);

/* The same, or -ENOENT.  *ret_client is not a new hold. */
BOTHY_API BOTHY_MUST_CHECK int bothy_client_require(bothy_client **ret_client);

/* Whose client it is: strings that live as long as CLIENT.  NULL for NULL. */
BOTHY_API const char *bothy_client_entity(const bothy_client *client);
BOTHY_API const char *bothy_client_project(const bothy_client *client);

/*
 * Make a client that belongs to no context, for bothy_client_set_global().
 *
 * SERVER may be NULL.
 * Ownership: the strings are copied, the server is held; *ret_client is the caller's.
 * Errors:    -EINVAL for an entity or project that is NULL, empty, of 512 MiB or more, or has
 *            a '/' or ':'; -ENOMEM; -ECHILD for a server from before a fork.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_client_new(bothy_server *server, const char *entity,
                                                const char *project, bothy_client **ret_client);

/*
 * Make CLIENT the one that code outside any context sees; NULL: none.
 *
 * The library keeps a hold on it until the process ends, since anyone may be using it; so its
 * server is never released, and what was recorded there is certain only after a flush.
 * Returns 0: it needs no memory.
 * Threads: any; a reader sees the old one or the new.
 */
BOTHY_API int bothy_client_set_global(bothy_client *client);

/* End the caller's hold.  Any thread; NULL is fine. */
BOTHY_API void bothy_client_release(bothy_client *client);

/* ---- in a context ---------------------------------------------------------------- */

/* The current context's number, which no other context of this process ever has; 0
 * outside any. */
BOTHY_API uint64_t bothy_context_id(void);

/*
 * Whether this job shall stop: 0, -ECANCELED (someone canceled it, or its pool closes)
 * or -ETIMEDOUT (its deadline is past).  A job that returns this value settles so; any
 * other value it returns stands.
 *
 * In a context that was entered with a deadline of its own, in a job or outside any, also
 * -ETIMEDOUT once that is past: then it is what was done there that shall stop, and to the
 * job it is an error like others.  Outside any context: 0.
 */
BOTHY_API int bothy_stop_requested(void);

/*
 * A file descriptor that becomes readable when the job shall stop, for poll().  Deadlines
 * that nobody watches don't show there, bothy_run_here()'s and an entered context's own:
 * poll no longer than until then.
 *
 * Ownership: the job's: don't read from it, don't close it.  It is closed when the job has ended
 *            and its last future is released.
 * Errors:    -ENOENT outside a job; what eventfd(2) says (-EMFILE, -ENFILE, -ENOMEM).
 */
BOTHY_API int bothy_stop_fd(void);

/*
 * Sleep until DEADLINE, or until the job is asked to stop.  The worker's place is not
 * lent meanwhile.
 *
 * Returns 0 when DEADLINE came, else what bothy_stop_requested() says.
 * Errors: -EINVAL.
 */
BOTHY_API int bothy_sleep_until(bothy_time deadline);

/*
 * Say what went wrong: `return bothy_fail(EIO, "no such file: %s", path);`
 *
 * Returns ERROR.  The text is kept with the job (bothy_future_error()) or context; the
 * last one counts, until the server's finish is told.  If there is no memory for it, it is
 * lost and ERROR stands.  Outside any context, and in finish, it only returns ERROR.
 */
BOTHY_API int bothy_fail(int error, const char *format, ...) BOTHY_PRINTF(2, 3);

/*
 * BYTES of memory, aligned for anything and not cleared, that is freed when the current
 * context exits.
 *
 * Returns NULL without memory, and outside any context.
 */
BOTHY_API void *bothy_context_alloc(size_t bytes);

/*
 * Call FN(ARG) when the current context exits: the newest first, with the context and
 * its client still there.  FN may do all that a job may, and defer again.
 *
 * Errors: -ENOENT outside any context, -ENOMEM.  Then FN is not called.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_context_defer(void (*fn)(void *), void *arg);

/*
 * This context's value for KEY, of which only the address counts (usually that of a
 * static variable).
 *
 * Setting it again destroys the old value, unless it is the same pointer.  DESTROY (may
 * be NULL) runs at the latest when the context exits, after its deferred functions, with
 * the context still there; never for a NULL value.
 *
 * Locals are not inherited, neither by nested contexts nor by spawned jobs.
 * Errors: -ENOENT outside any context; -ENOMEM: VALUE stays the caller's and the old one
 *         stays set.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_local_set(const void *key, void *value,
                                               void (*destroy)(void *));
BOTHY_API void *bothy_local_get(const void *key); /* NULL if not set */

/* What worker_init made for this pool thread, or NULL.  It outlives jobs.  Don't keep the
 * pointer across a wait that you expect others to respect: another job may use the
 * same thread's value only after this one has ended, but a job that runs in place of a
 * wait does so before. */
BOTHY_API void *bothy_worker_local(void);

/* ---- contexts without a pool -------------------------------------------------------- */

struct bothy_context_options {
	size_t size; /* sizeof (struct bothy_context_options) */
	/* From then on bothy_stop_requested() is -ETIMEDOUT; the server's finish may block
	 * so long.  Not given: in a job the job's, else BOTHY_FOREVER. */
	bothy_time deadline;
	enum bothy_ref_fallback refs; /* see <bothy/ref.h> */
	unsigned flags;               /* BOTHY_ENSURE_PROJECT */
};

/*
 * Enter a context of ENTITY and PROJECT on this thread, until bothy_context_exit().
 *
 * Contexts nest: the one outside is put back, untouched, by the exit.  In a job the
 * nested context has the job's stop requests.
 * SERVER and OPTIONS may be NULL.
 *
 * Ownership: the strings are copied; *ret_context is the caller's until it exits.  A
 *            thread that ends with contexts entered leaves them first (exit() and the
 *            return from main() do not: what such a context recorded, and did not hand over
 *            yet, is lost).
 * Threads:   the context belongs to the calling one.
 * Errors:    -EINVAL as with bothy_client_new(), or for an unknown fallback or flag;
 *            -ENOTSUP for BOTHY_TRACE, BOTHY_OWN_THREAD, and BOTHY_ENSURE_PROJECT without
 *            a server; -E2BIG; -ENOMEM; -ECHILD; what the server's ensure_project or begin
 *            said.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_context_enter(bothy_server *server, const char *entity,
                                                   const char *project,
                                                   const struct bothy_context_options *options,
                                                   bothy_context **ret_context);

/*
 * Leave CONTEXT: deferred functions, locals, the server's finish, refs and memory, in
 * this order, and put back the one outside.
 *
 * Errors: -EINVAL: not on this thread's stack of contexts (it has exited, or belongs to
 *         another thread), or NULL, or it or one inside it is being entered or left
 *         already (a deferred function asks): nothing happens.
 *         -EPERM: it belongs to the job, or lies outside the job that asks: nothing happens.
 *         -EBUSY: contexts entered inside it were still there; they were left as well.
 *         Otherwise what the server's finish said, or -ECHILD in a forked child, where one from
 *         before is not asked; the context is gone all the same.
 */
BOTHY_API int bothy_context_exit(bothy_context *context);

/*
 * Keep what a descendant of this context would get: its entity, project and server, its
 * refs (each held again) and the server's token.  Not its locals, nor its deadline.
 *
 * Ownership: *ret_capture is the caller's; it outlives the context and may be adopted any
 *            number of times, by any threads at once.
 * Errors:    -ENOENT outside any context; -ENOMEM; what the server's inherit said.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_context_capture(bothy_capture **ret_capture);

/* Enter a context made from CAPTURE, as bothy_context_enter() does and with its errors. */
BOTHY_API BOTHY_MUST_CHECK int bothy_context_adopt(bothy_capture *capture,
                                                   bothy_context **ret_context);

/* End the caller's hold.  Any thread; NULL is fine. */
BOTHY_API void bothy_capture_release(bothy_capture *capture);

/*
 * A block in a context:
 *
 *     int error;
 *     BOTHY_ISOLATED(&error, server, "entity", "project") {
 *             ...
 *     }
 *     if (error < 0)
 *             ...
 *
 * The context is left at the block's end and on return, break and goto; longjmp is not
 * covered.  On failure the block is skipped and the error says why; else it is 0.  An
 * error of the exit itself is lost: enter and exit by hand where it counts.
 * `continue` and `break` end the block.  GNU C and C++ (the cleanup attribute).
 */
#if defined(__GNUC__)
#define BOTHY_ISOLATED(ret_error, server, entity, project)                            \
	BOTHY_ISOLATED_AS(BOTHY_ISOLATED_NAME(__LINE__), ret_error, server, entity, project)

/* What BOTHY_ISOLATED is made of; not for use by hand.  The variable's name has the line's
 * number, so that such blocks nest without shadowing each other. */
#define BOTHY_ISOLATED_AS(name, ret_error, server, entity, project)                       \
	for (struct bothy_isolated name __attribute__((cleanup(bothy_isolated_leave))) =  \
	         bothy_isolated_enter((ret_error), (server), (entity), (project));        \
	     name.context != NULL; bothy_isolated_leave(&name))
#define BOTHY_ISOLATED_NAME(line) BOTHY_ISOLATED_PASTE(line)
#define BOTHY_ISOLATED_PASTE(line) bothy_isolated_##line

struct bothy_isolated {
	bothy_context *context;
};

static inline void bothy_isolated_leave(struct bothy_isolated *isolated)
{
	bothy_context *context = isolated->context;

	isolated->context = NULL;
	if (context != NULL)
		(void)bothy_context_exit(context);
}

static inline struct bothy_isolated bothy_isolated_enter(int *ret_error, bothy_server *server,
                                                         const char *entity, const char *project)
{
	struct bothy_isolated isolated = {NULL};

	*ret_error = bothy_context_enter(server, entity, project, NULL, &isolated.context);
	return isolated;
}
#endif

BOTHY_END_DECLS

#endif
