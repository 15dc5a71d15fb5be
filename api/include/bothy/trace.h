/*
 * Recording: objects, tables, files and calls, in the project of the current context's client,
 * on its server.
 *
 * What is recorded is checked at once, and handed over to the server's writer when the
 * context exits, or before that at every 100 items or 4 MiB; so nobody waits for a disk.
 * bothy_client_flush() says when it is stored, and what could not be.
 *
 * Every call here that returns an int:
 *   - -ENOENT in no context, -ENOTSUP if its client has no server, or one that records
 *     nothing; -ECHILD for a server from before a fork; -EINVAL for a NULL where a pointer is
 *     needed, a struct's size of no release's, or no point in time; -ENOMEM;
 *   - when it fails otherwise, bothy_trace_error() says more.
 *
 * Waits for the store end at their deadline, and not when the job is asked to stop; the worker's
 * place is not lent meanwhile.  They are: bothy_client_flush(), until its own; a fetch that finds
 * what is not stored yet, and a hand-over for which there is no room, until the context's.
 *
 * Outside any context the global client is not asked: enter a context to record.
 *
 * All that is declared here is not there if the library was built without recording
 * (-DBOTHY_RECORDING=OFF).
 */
#ifndef BOTHY_TRACE_H
#define BOTHY_TRACE_H

#include <bothy/base.h>
#include <bothy/ref.h>
#include <bothy/server.h>

BOTHY_BEGIN_DECLS

typedef struct bothy_value bothy_value;
typedef struct bothy_table bothy_table;
typedef struct bothy_call bothy_call;

/*
 * Why the last call of this header, or bothy_server_open(), failed: a sentence that names the
 * file, the value or the place in it.  NULL if none failed.
 *
 * It belongs to the current context and lives until the next failure in it, or its exit;
 * outside any context, to the thread.
 */
BOTHY_API const char *bothy_trace_error(void);

/* ---- values ---------------------------------------------------------------------------
 *
 * JSON of any kind, up to 1 MiB (BOTHY_VALUE_MAX) as it is given and as its canonical text is:
 * as Python's json.dumps(value, sort_keys=True) writes it.  -EINVAL: not JSON (RFC 8259, in UTF-8),
 * a key that stands twice or holds a NUL, a lone surrogate, a number that no double holds
 * or an integer of more than 64 bits, nested too deep; -EMSGSIZE: too long.
 *
 * The digest of a value is that of Weave: the SHA-256 of its canonical text, in base64url
 * with X for - and Y for _, without padding: 43 characters.
 */
#define BOTHY_VALUE_MAX ((size_t)1 << 20)
#define BOTHY_DIGEST_BYTES 65 /* room for any digest, and its NUL */

/* The digest of the value in JSON[0..BYTES-1]; and of a file's content.  Need no context. */
BOTHY_API BOTHY_MUST_CHECK int bothy_value_digest(const char *json, size_t bytes,
                                                  char ret_digest[BOTHY_DIGEST_BYTES]);
BOTHY_API BOTHY_MUST_CHECK int bothy_file_digest(const void *content, size_t bytes,
                                                 char ret_digest[BOTHY_DIGEST_BYTES]);

/*
 * Store the value in JSON[0..BYTES-1] as the next version of the object NAME, and set OBJECT's
 * ref to it in this context.
 *
 * If OBJECT's own ref in this very context says that it is stored already under this name,
 * with the same digest, nothing is stored again and that ref is returned.  (The last ref that
 * another context of the project put on it does not count: it may record elsewhere.  Nor does any
 * once the server has lost something: so what was lost can be published again.)  OBJECT may be
 * NULL: then no ref is set, and the server is what keeps the same from being stored twice.
 * RET_REF may be NULL.
 *
 * If it fails nothing is recorded, and OBJECT's refs are as they were.
 *
 * Ownership: *ret_ref is a hold of the caller's.
 * Errors:    see "values"; -EINVAL for a NAME that is not of [A-Za-z0-9_.-]{1,128}.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_publish(struct bothy_object *object, const char *name,
                                             const char *json, size_t bytes,
                                             bothy_ref **ret_ref);

/*
 * Fetch what REF names.
 *
 * An object's or op's value; a table's rows, as a list; a call, as an object whose keys are id,
 * trace_id, parent_id, op_name, display_name, started_at, attributes, inputs, ended_at, output,
 * exception and summary: times are text in UTC ("2026-01-31T12:00:00.000000000Z"), and what the
 * call has not got (yet) is null.
 *
 * Each step of an EXTRA goes down into the value: key and attr into an object, index into a list
 * or table, id to the table's row of that digest.  Where a step meets a string that is a
 * ref of this project, it goes on in what that names (`.../key/rows/index/3`); a ref that the
 * last step leads to is itself what is fetched.  A step into a table reads that row alone.
 *
 * What this client has published is found, though it is not stored yet: the call waits
 * for it, at most until the job's deadline.  So it does before it reads a call, or the version
 * "latest", which may still change.
 * (An EACH must not wait so: its query may be what keeps the writer waiting.  Flush before.)
 *
 * The value's object has REF set in this context.
 *
 * Ownership: *ret_value is the caller's, to release.
 * Errors:    -ENOENT: no such object, table, call, key, index or row; -EACCES: a ref of
 *            another project; -ENOTDIR: a step into a value that has no parts; -ELOOP: more
 *            than 64 refs on the way; -EBADMSG: what is stored is not JSON; -EMSGSIZE: a value
 *            there is longer than BOTHY_VALUE_MAX; -ETIMEDOUT; what the server said, or -EPROTO
 *            if that is nothing that it may say.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_fetch(const bothy_ref *ref, bothy_value **ret_value);

/* A fetched value: immutable, counted.  Any thread.  Its text is canonical JSON, and lives as
 * long as the value; RET_BYTES may be NULL. */
BOTHY_API const char *bothy_value_json(const bothy_value *value, size_t *ret_bytes);
BOTHY_API struct bothy_object *bothy_value_object(bothy_value *value);
BOTHY_API bothy_value *bothy_value_hold(bothy_value *value);
BOTHY_API void bothy_value_release(bothy_value *value);

/* ---- tables ----------------------------------------------------------------------------
 *
 * A list of values, its rows, each with a digest; the table's own is the hex SHA-256 of theirs
 * put together.  A row has at most 1 MiB, as any value, all rows together have at most 3.5 MiB
 * (BOTHY_TABLE_MAX).
 */
#define BOTHY_TABLE_MAX ((size_t)7 << 19)

/* An empty table.  Needs no context.  One thread at a time may add or publish; once it is published
 * or fetched, any number at once may use it, each in a context of its own. */
BOTHY_API BOTHY_MUST_CHECK int bothy_table_new(bothy_table **ret_table);

/* Append a row.  Errors: see "values"; -EMSGSIZE: the table would be too large; -EBUSY: it has been
 * published or fetched, and does not change any more. */
BOTHY_API BOTHY_MUST_CHECK int bothy_table_add(bothy_table *table, const char *json,
                                               size_t bytes);

/* Store TABLE, unless this context knows it as stored already, as above; and set its object's ref.
 * RET_REF may be NULL; *ret_ref is a hold of the caller's. */
BOTHY_API BOTHY_MUST_CHECK int bothy_table_publish(bothy_table *table, bothy_ref **ret_ref);

/*
 * Fetch rows of the table that REF names: at most LIMIT (0: all) from OFFSET on.
 *
 * The table's object has REF set in this context if all rows were asked for (0, 0).  Else it
 * is a table of its own, of those rows, that nothing is known of yet.
 * Errors: as bothy_fetch(); -EINVAL for a ref that is no table's.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_table_fetch(const bothy_ref *ref, size_t offset, size_t limit,
                                                 bothy_table **ret_table);

BOTHY_API size_t bothy_table_count(const bothy_table *table);

/* Row I's canonical JSON and digest, which live as long as TABLE; NULL if there is no such row.
 * RET_BYTES and RET_DIGEST may be NULL. */
BOTHY_API const char *bothy_table_row(const bothy_table *table, size_t i, size_t *ret_bytes,
                                      const char **ret_digest);
BOTHY_API struct bothy_object *bothy_table_object(bothy_table *table);
BOTHY_API void bothy_table_release(bothy_table *table);

/* ---- files -------------------------------------------------------------------------------- */

/* Store CONTENT[0..BYTES-1], and say its digest.  CONTENT is copied; it may be NULL if BYTES is 0.
 * Errors: -EMSGSIZE above BOTHY_FILE_MAX. */
#define BOTHY_FILE_MAX ((size_t)64 << 20)
BOTHY_API BOTHY_MUST_CHECK int bothy_file_store(const void *content, size_t bytes,
                                                char ret_digest[BOTHY_DIGEST_BYTES]);

/* Fetch the file of that digest.  Ownership: *ret_content is the caller's, to free(); a NUL that is
 * not counted stands after it.
 * Errors: -ENOENT; as bothy_fetch(). */
BOTHY_API BOTHY_MUST_CHECK int bothy_file_fetch(const char *digest, void **ret_content,
                                                size_t *ret_bytes);

/* ---- calls --------------------------------------------------------------------------------
 *
 * Calls nest in their context: one that begins while another is open is its child, in its
 * trace.  Spawned jobs, and contexts adopted from a capture, go on below the call that was
 * current.  A job with BOTHY_TRACE is itself a call: its op is the job's name ("job" without
 * one; no more than 1,024 bytes of it), its exception what bothy_fail() said, or how else it
 * ended.  (A job that never runs is none.)  A call still open when its context exits is ended,
 * and says so in its exception.
 *
 * Names are UTF-8.  Exceptions, and the names of jobs, may be anything: a byte that is no part of
 * a character is kept as U+FFFD.
 *
 * A bothy_call is its context's: valid in it alone, until it has ended or the context exits.
 */

/*
 * Begin a call.  INPUTS_JSON is an object, or NULL for {}.
 *
 * OP is a name or an op's URI, of at most 1,024 bytes.  RET_CALL may be NULL: then the call
 * is ended as bothy_call_current().
 * Errors: see "values"; -EINVAL: no op, too long or not UTF-8; inputs that are no object.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_call_begin(const char *op, const char *inputs_json,
                                                bothy_call **ret_call);

/*
 * End CALL.  OUTPUT_JSON is any value, or NULL; EXCEPTION is why it failed, or NULL: each byte in
 * it that is no part of a character is stored as U+FFFD.
 *
 * Errors: see "values": then the call is still open; -EINVAL: CALL is not open in this context;
 *         -EBUSY: calls that began inside it were open: they were ended too, and say so.
 */
BOTHY_API int bothy_call_end(bothy_call *call, const char *output_json, const char *exception);

/* The innermost open call of this context; that of the job with BOTHY_TRACE too, which can't be
 * ended by hand (-EPERM).  NULL without one. */
BOTHY_API bothy_call *bothy_call_current(void);

/* CALL's id and trace, which live as long as it. */
BOTHY_API const char *bothy_call_id(const bothy_call *call);
BOTHY_API const char *bothy_call_trace_id(const bothy_call *call);

/* A ref to CALL.  *ret_ref is a hold of the caller's. */
BOTHY_API BOTHY_MUST_CHECK int bothy_call_ref(const bothy_call *call, bothy_ref **ret_ref);

/*
 * What CALL, which is open, will have when it ends: a name for people, of at most 1,024
 * characters; and, in JSON, its inputs (an object), output and summary (an object).  The last
 * one set counts, but for what bothy_call_end() is given; NULL: none.
 *
 * Errors: see "values"; -EINVAL: not open in this context; a name too long or not UTF-8.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_call_set_name(bothy_call *call, const char *display_name);
BOTHY_API BOTHY_MUST_CHECK int bothy_call_set_inputs(bothy_call *call, const char *json);
BOTHY_API BOTHY_MUST_CHECK int bothy_call_set_output(bothy_call *call, const char *json);
BOTHY_API BOTHY_MUST_CHECK int bothy_call_set_summary(bothy_call *call, const char *json);

/* The attributes, an object, of all calls that begin in this context from now on; descendants
 * inherit them.  NULL: none. */
BOTHY_API BOTHY_MUST_CHECK int bothy_attributes_set(const char *json);

/* ---- what is stored ---------------------------------------------------------------------------
 *
 * Queries of CLIENT's project.  They need no context and tell what is stored: flush first, to
 * see what was just recorded.  See <bothy/server.h> for EACH.
 *
 * A NULL QUERY asks for all; that of table rows is needed, with a digest.  IDS that are not NULL
 * but none (N_IDS 0) ask for nothing.  What is stored while EACH is called is not told by a file; it
 * may be told by `memory:`, so that there a query ends when EACH is faster than what is recorded.
 * Errors: -EINVAL: no CLIENT, EACH or name, a size of no release's, a NULL among the ids or refs;
 *         -E2BIG; -ENOTSUP, -ECHILD; -ENOENT of what is read by name, id or digest; what EACH
 *         returned; what the server said, or -EPROTO if that is nothing that it may say.
 */

/*
 * Wait until all that contexts of CLIENT's project have handed over is stored.
 *
 * What the current context has recorded is handed over first, if it is of that project, on that
 * server.  CLIENT may be NULL: the current one.
 *
 * Returns 0 only if all of it is durable.
 * Errors: -ETIMEDOUT: not all of it is stored yet, but nothing is lost by that; -EDEADLK: in an
 *         operation of the server's, on its writer's thread; -EINVAL; -ECHILD; -ENOTSUP; else the
 *         first error of an item of CLIENT's that could not be stored since the last flush that
 *         said so; bothy_trace_error() has its id.
 */
BOTHY_API BOTHY_MUST_CHECK int bothy_client_flush(bothy_client *client, bothy_time deadline);

BOTHY_API BOTHY_MUST_CHECK int bothy_objects_query(bothy_client *client,
                                                   const struct bothy_objects_query *query,
                                                   bothy_object_each *each, void *user);
BOTHY_API BOTHY_MUST_CHECK int bothy_object_read(bothy_client *client, const char *name,
                                                 const char *version, bothy_object_each *each,
                                                 void *user);
BOTHY_API BOTHY_MUST_CHECK int bothy_table_rows(bothy_client *client,
                                                const struct bothy_table_query *query,
                                                bothy_row_each *each, void *user);
BOTHY_API BOTHY_MUST_CHECK int bothy_call_read(bothy_client *client, const char *id,
                                               bothy_call_each *each, void *user);
BOTHY_API BOTHY_MUST_CHECK int bothy_calls_query(bothy_client *client,
                                                 const struct bothy_calls_query *query,
                                                 bothy_call_each *each, void *user);

/* The values of many refs of this project at once, EXTRA followed.  EACH is told of every one, in
 * order; of one that can't be had, the error, as bothy_fetch() has it.  If a server that reads many
 * at once fails as a whole, that is returned and EACH is told nothing. */
BOTHY_API BOTHY_MUST_CHECK int bothy_refs_read(bothy_client *client, bothy_ref *const *refs,
                                               size_t n, bothy_value_each *each, void *user);

BOTHY_END_DECLS

#endif
