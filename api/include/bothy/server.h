/*
 * Trace servers: what keeps what jobs record.
 *
 * Two are built in: bothy_server_open() opens a SQLite file, or memory.  With
 * bothy_server_new() anyone can bring another.
 */
#ifndef BOTHY_SERVER_H
#define BOTHY_SERVER_H

#include <bothy/base.h>

BOTHY_BEGIN_DECLS

/* A point in time as calendars have it: nanoseconds since 1970-01-01T00:00:00Z. */
typedef int64_t bothy_wall;

/* ---- what is stored ------------------------------------------------------------------
 *
 * Texts are UTF-8 and end with a NUL; JSON is canonical: as Python's
 * json.dumps(value, sort_keys=True) writes it.  A digest tells the content, so what has the
 * same digest is the same.  All is stored under an entity and project, and can be
 * reached through them alone: nobody gets at another project's by knowing a digest or id.
 *
 * What a call is handed (a struct and all that it points to) is the caller's, and is not
 * to be kept or changed.
 */

/* One version of an object. */
struct bothy_object_version {
	const char *name; /* the object's id: [A-Za-z0-9_.-]{1,128} */
	const char *digest;
	const char *json;
	size_t bytes; /* of JSON, without its NUL */
	bothy_wall created;
	/* Told by obj_read and objs_query; of no meaning to obj_create. */
	uint64_t version; /* 0, 1, ...: in the order in which the object got them */
	bool latest;
};

struct bothy_table_row {
	uint64_t index; /* in its table, from 0 */
	const char *digest;
	const char *json;
	size_t bytes;
};

/* A call's beginning and end.  A server gets them together, or one after the other: an
 * end may come first. */
struct bothy_call_start {
	const char *id; /* UUIDs, version 7, of 36 characters */
	const char *trace_id;
	const char *parent_id; /* NULL: a root */
	const char *op;
	const char *display_name; /* or NULL */
	bothy_wall started;
	const char *attributes_json; /* an object */
	const char *inputs_json;     /* an object */
};

struct bothy_call_end {
	const char *id;
	bothy_wall ended;
	const char *output_json;  /* any value; NULL: none */
	const char *exception;    /* why it failed; NULL: it did not */
	const char *summary_json; /* an object; NULL: none */
};

struct bothy_call_part {
	const char *entity, *project;
	const struct bothy_call_start *start; /* one of them may be NULL; */
	const struct bothy_call_end *end;     /* if not, their ids are the same */
};

/* A call as a query tells it.  Of one that only its end is known of, the start has its id
 * and NULLs. */
struct bothy_call_record {
	struct bothy_call_start start;
	bool has_ended;
	struct bothy_call_end end;
};

/* ---- queries ---------------------------------------------------------------------------
 *
 * A query calls EACH for each row, in order; what EACH is handed is gone when it returns.
 * If EACH returns anything but 0 the query ends and returns that.  EACH may make other queries,
 * but no writes, and may not call pthread_exit(): what the query holds would be held for good.
 */
typedef int bothy_object_each(void *user, const struct bothy_object_version *object);
typedef int bothy_row_each(void *user, const struct bothy_table_row *row);
typedef int bothy_call_each(void *user, const struct bothy_call_record *call);
typedef int bothy_content_each(void *user, const void *content, size_t bytes);
typedef int bothy_project_each(void *user, const char *entity, const char *project);
/* The I-th ref's value; ERROR is 0, or why there is none. */
typedef int bothy_value_each(void *user, size_t i, int error, const char *json, size_t bytes);

/* By name, then version. */
struct bothy_objects_query {
	size_t size;      /* sizeof (struct bothy_objects_query) */
	const char *name; /* NULL: all objects */
	bool latest_only;
	size_t limit, offset; /* limit 0: all */
};

/* By index. */
struct bothy_table_query {
	size_t size;            /* sizeof (struct bothy_table_query) */
	const char *digest;     /* the table's */
	const char *row_digest; /* NULL: all rows */
	size_t limit, offset;   /* limit 0: all */
};

/* By id, which is by the time of the start, to the millisecond.  All that is given must hold.  A
 * call of which only the end is known is no root, and has no op, parent or trace. */
struct bothy_calls_query {
	size_t size; /* sizeof (struct bothy_calls_query) */
	const char *op;
	const char *parent_id;
	const char *trace_id;
	const char *const *ids; /* N_IDS of them, each counted once; NULL: any */
	size_t n_ids;
	bool roots_only;
	bool newest_first;
	size_t limit, offset; /* limit 0: all */
};

/* ---- a server's operations ------------------------------------------------------------------ */

/* A context begins. */
struct bothy_begin {
	bothy_client *client; /* valid until finish returns */
	void *token;          /* what inherit made of the context that this one descends from, or
	                       * NULL; it stays the library's */
	unsigned flags;       /* BOTHY_TRACE, of the job */
	const char *name;     /* the job's, or NULL */
};

/* What could not be stored. */
struct bothy_failure {
	const char *entity, *project;
	const char *kind; /* "object", "table", "file" or "call" */
	const char *id;   /* the call's id; else the digest */
	int error;        /* a negative errno */
};

/*
 * A server's operations, in three groups; SELF is what bothy_server_new() was given.  Any may be
 * NULL: a hook, or flush or failed, that is NULL has nothing to do, and counts as done; what
 * another write would have stored fails with -ENOTSUP, as does a read.  Where a negative errno is
 * expected, a positive value counts as -EPROTO (but for what an EACH returned).  None may call
 * pthread_exit().
 *
 * Threads
 *   Hooks: any number of threads at once, with no lock held: inherit_free and destroy on the
 *   thread that gave up the last hold (if that is the writer's: when it is done), with no context
 *   installed; the others on the
 *   thread whose context it is about.  They may block.
 *   Writes: one at a time, on the server's own writer thread, which is there if a write or read is.
 *   What they did need not last until flush has returned 0.  They, and failed, may record too, in
 *   contexts that they enter; on that thread nothing waits for room in the same server's queue.
 *   Reads: any number of threads at once, also beside a write, which they need not see before
 *   its flush.
 */
struct bothy_server_ops {
	size_t size;      /* sizeof (struct bothy_server_ops) */
	size_t queue_max; /* items that may be handed over and not yet stored; 0: 10,000.  All of
	                   * them together have at most 256 MiB, or are those of one context */

	/* ---- hooks: what becomes of contexts */

	/* Make sure that the project exists.  0 or a negative errno.  Called with the new
	 * context installed, before begin; perhaps beside a write. */
	int (*ensure_project)(void *self, const char *entity, const char *project);

	/* A context begins: what is recorded in it goes to *ret_slot.  A negative errno: the
	 * job's function does not run, and that is its outcome; finish is not called. */
	int (*begin)(void *self, const struct bothy_begin *context, void **ret_slot);

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

	/* The last hold on the server is gone, and all that was handed over is written. */
	void (*destroy)(void *self);

	/* ---- writes */

	/* Store one more version; a digest that the object has already changes nothing. */
	int (*obj_create)(void *self, const char *entity, const char *project,
	                  const struct bothy_object_version *object);
	int (*table_create)(void *self, const char *entity, const char *project, const char *digest,
	                    const struct bothy_table_row *rows, size_t n);
	int (*file_create)(void *self, const char *entity, const char *project, const char *digest,
	                   const void *content, size_t bytes);

	/* Store starts and ends, of any projects.  What a call has already got is replaced by
	 * what comes; a part without an id, or a start without an op, is -EINVAL.  RET_ERRORS
	 * has N zeros: set the negative errno of each part that could not be stored; the
	 * others are. */
	void (*calls_upsert)(void *self, const struct bothy_call_part *parts, size_t n,
	                     int *ret_errors);

	/* Make durable all that was written since the last flush; called after each group of
	 * writes, whatever became of them.  A negative errno: some of it may not be stored;
	 * each item is then written and flushed again by itself. */
	int (*flush)(void *self);

	/* An item could not be stored.  On the writer's thread, or that of the context whose
	 * item found no room in the queue before the deadline, or no memory at its end.  On
	 * either with no context installed: that one, its calls, refs and locals are out of
	 * reach, and a context that is entered here and left behind is ended.
	 *
	 * It may block, run jobs and wait for them (on the writer's thread for none that waits
	 * for room in turn), but spawn none.  What it records itself waits for no room on
	 * either thread, and of what is lost of that it is not told, nor is another server's
	 * failed: the flush and the statistics tell. */
	void (*failed)(void *self, const struct bothy_failure *failure);

	/* ---- reads */

	/* VERSION is a digest, "latest", or "vN".  EACH is called once; -ENOENT without it. */
	int (*obj_read)(void *self, const char *entity, const char *project, const char *name,
	                const char *version, bothy_object_each *each, void *user);
	int (*objs_query)(void *self, const char *entity, const char *project,
	                  const struct bothy_objects_query *query, bothy_object_each *each,
	                  void *user);
	/* -ENOENT without such a table. */
	int (*table_query)(void *self, const char *entity, const char *project,
	                   const struct bothy_table_query *query, bothy_row_each *each, void *user);
	int (*file_content)(void *self, const char *entity, const char *project, const char *digest,
	                    bothy_content_each *each, void *user);
	int (*call_read)(void *self, const char *entity, const char *project, const char *id,
	                 bothy_call_each *each, void *user);
	int (*calls_query)(void *self, const char *entity, const char *project,
	                   const struct bothy_calls_query *query, bothy_call_each *each,
	                   void *user);
	/* The values that REFS[0..N-1] name: objects and ops of this project, without EXTRA.  EACH
	 * is told of each one once, in any order.  NULL: they are read one by one. */
	int (*refs_read_batch)(void *self, const char *entity, const char *project,
	                       bothy_ref *const *refs, size_t n, bothy_value_each *each,
	                       void *user);
	/* All projects, by entity and project. */
	int (*projects_query)(void *self, bothy_project_each *each, void *user);
};

/*
 * Make a server of your own operations; OPS is copied, SELF is handed to each.
 *
 * If it has a write or a read, what jobs record (<bothy/trace.h>) is kept there, and its begin,
 * inherit, inherit_free and finish, if any, are called as well.
 *
 * Ownership: *ret_server is the caller's hold.  Pools, contexts, clients and captures
 *            hold it too: destroy runs when the last of all is gone, on that thread.
 * Errors:    -EINVAL for NULL OPS or a size too small, -E2BIG, -ENOMEM; what
 *            pthread_create(3) said of the writer's thread; -ENOTSUP for one with a write or
 *            a read, if the library was built without recording; then SELF stays the caller's.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_server_new(const struct bothy_server_ops *ops, void *self,
                                                bothy_server **ret_server);

/* ---- the servers that are built in ------------------------------------------------------------
 *
 * What follows, but for bothy_server_release(), is not there if the library was built without
 * recording (-DBOTHY_RECORDING=OFF).
 */

struct bothy_server_options {
	size_t size;      /* sizeof (struct bothy_server_options) */
	size_t queue_max; /* as in struct bothy_server_ops */
	bool read_only;   /* the file must exist and is not changed; writes fail with -EROFS */
	/* As the operation of that name: an item could not be stored. */
	void (*failed)(void *user, const struct bothy_failure *failure);
	void *user;
};

/*
 * Open a server that is built in:
 *
 *     memory:       gone with the last hold
 *     sqlite:PATH   a SQLite file, made if it does not exist.  It is in WAL mode; any number
 *                   of processes may have it open.
 *
 * OPTIONS may be NULL.
 * Ownership: as with bothy_server_new().  The last release waits until all that was handed
 *            over is stored.
 * Errors:    as bothy_server_new(); and, with more said by bothy_trace_error():
 *            -EINVAL: another scheme, or no path; -ENOENT, -EACCES, -EISDIR and what else
 *            open(2) says; -EROFS: it is read-only; -EBUSY: somebody has locked it; -EBADMSG:
 *            corrupt, or no SQLite file; -EMEDIUMTYPE: a SQLite file of another program, or
 *            an empty one to be read only;
 *            -EPROTONOSUPPORT: written by a later release; -ENOSPC; -EIO; -ENOTSUP: its
 *            file system can't share memory, as WAL needs; -ECHILD: the file was open when
 *            this process was forked, and SQLite does not bear that.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_server_open(const char *url,
                                                 const struct bothy_server_options *options,
                                                 bothy_server **ret_server);

/* One hold less.  Any thread; NULL is fine.  In a forked child the server is dead: it is
 * not destroyed there. */
BOTHY_API void bothy_server_release(bothy_server *server);

struct bothy_server_stats {
	size_t size;     /* the caller's sizeof (struct bothy_server_stats); no more is written */
	uint64_t stored; /* items: objects, tables, files, parts of calls */
	uint64_t failed; /* ... that could not be stored */
	uint64_t commits;
	uint64_t queued; /* handed over, and not stored yet */
	uint64_t waited; /* hand-overs that had to wait for room in the queue */
	int error;       /* the last failure's, or 0 */
};

/* Errors: -EINVAL, -ECHILD; -ENOTSUP for a server that records nothing. */
BOTHY_API BOTHY_MUST_CHECK int bothy_server_stats(bothy_server *server,
                                                  struct bothy_server_stats *stats);

/* All projects that SERVER knows.  Errors: -EINVAL, -ECHILD, -ENOTSUP; what EACH returned. */
BOTHY_API BOTHY_MUST_CHECK int bothy_server_projects(bothy_server *server, bothy_project_each *each,
                                                     void *user);

BOTHY_END_DECLS

#endif
