/*
 * Trace servers: what keeps what jobs record.  This release has none built in; bring
 * your own with bothy_server_new().
 */
#ifndef BOTHY_SERVER_H
#define BOTHY_SERVER_H

#include <bothy/base.h>

BOTHY_BEGIN_DECLS

/*
 * A server's operations.  Any of them may be NULL: then there is nothing to do, and it
 * counts as done.
 *
 * They are called by any number of threads at once, with no lock held: inherit_free and
 * destroy on the thread that gave up the last hold, with no context installed; the others on
 * the thread whose context it is about.  They may block, but not call pthread_exit().
 * Where a negative errno is expected, a positive value counts as -EPROTO.
 */
struct bothy_server_ops {
	size_t size; /* sizeof (struct bothy_server_ops) */

	/* Make sure that the project exists.  0 or a negative errno.  Called with the new
	 * context installed, before begin. */
	int (*ensure_project)(void *self, const char *entity, const char *project);

	/* A context begins: what is recorded in it goes to *ret_slot.  TOKEN is what
	 * inherit made of the context that this one descends from, or NULL; it stays the
	 * library's.  CLIENT is valid until finish returns.  A negative errno: the job's
	 * function does not run, and that is its outcome; finish is not called. */
	int (*begin)(void *self, bothy_client *client, void *token, void **ret_slot);

	/* A job is spawned from the slot's context, or the context is captured: what shall
	 * its descendants know?  A negative errno fails the spawn or capture. */
	int (*inherit)(void *self, void *slot, void **ret_token);

	/* No descendant will begin with TOKEN any more. */
	void (*inherit_free)(void *self, void *token);

	/* The slot's context ends, after its deferred functions and locals.  CODE and
	 * ERROR_TEXT (or NULL) are what the job returned and what bothy_fail() said.  May
	 * block until DEADLINE.  A negative errno is counted in the pool's statistics (a
	 * context of your own: returned by bothy_context_exit()) and never changes the
	 * outcome of the job.  The slot is gone in either case. */
	int (*finish)(void *self, void *slot, int code, const char *error_text,
	              bothy_time deadline);

	/* The last hold on the server is gone. */
	void (*destroy)(void *self);
};

/*
 * Make a server of your own operations; OPS is copied, SELF is handed to each.
 *
 * Ownership: *ret_server is the caller's hold.  Pools, contexts, clients and captures
 *            hold it too: destroy runs when the last of all is gone, on that thread.
 * Errors:    -EINVAL for NULL OPS or a size too small, -E2BIG, -ENOMEM; then SELF stays
 *            the caller's.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_server_new(const struct bothy_server_ops *ops, void *self,
                                                bothy_server **ret_server);

/* One hold less.  Any thread; NULL is fine.  In a forked child the server is dead: it is
 * not destroyed there. */
BOTHY_API void bothy_server_release(bothy_server *server);

BOTHY_END_DECLS

#endif
