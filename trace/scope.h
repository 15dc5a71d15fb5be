/*
 * Reads from a server, within one project.
 *
 * What a server may get wrong ends here: an operation that it does not have is -ENOTSUP, a
 * positive value -EPROTO; an EACH that has returned something else than 0 is not called again, and
 * that is returned whatever the server makes of it.  EACH runs under the server's query, and
 * must not write.
 *
 * Where what this context recorded may be meant (a scope with a recorder), a read that finds
 * nothing first waits until all of it is stored, and then tries once more.
 */
#ifndef TRACE_SCOPE_H
#define TRACE_SCOPE_H

#include <bothy/trace.h>

struct recorder;
struct trace_server;

struct scope {
	const struct trace_server *server;
	const char *entity, *project; /* the client's */
	struct recorder *recorder;    /* NULL: there is nothing to wait for (any more) */
};

/* The scope of the current context: -ENOENT, -ENOTSUP, -ECHILD, see <bothy/trace.h>. */
int scope_current(struct scope *ret_scope);

/* CLIENT's, and of what is stored alone.  -ENOTSUP, -ECHILD. */
int scope_of(const bothy_client *client, struct scope *ret_scope);

/* ---- refs, and what is said about them */

enum { SCOPE_URI_SHOWN = 400 }; /* bytes of a URI in the text of an error */

/* Whether REF is of the scope's project. */
bool scope_has(const struct scope *scope, const bothy_ref *ref);

/* 0; or -EACCES for a ref of another project, with a text. */
int scope_check_ref(const struct scope *scope, const bothy_ref *ref);

/* Keep why, in words about REF, for bothy_trace_error().  Returns ERROR. */
int scope_say(int error, const bothy_ref *ref, const char *format, ...) BOTHY_PRINTF(3, 4);

/* The same where ERROR alone says why.  What else failed has said more itself. */
int scope_fail(int error, const bothy_ref *ref);

/* ---- the reads */

/* One object, file or call: EACH is called once, or -ENOENT.  What can still change (a call, the
 * latest version) is waited for before it is read. */
int scope_object(struct scope *scope, const char *name, const char *version,
                 bothy_object_each *each, void *user);
int scope_file(struct scope *scope, const char *digest, bothy_content_each *each, void *user);
int scope_call(struct scope *scope, const char *id, bothy_call_each *each, void *user);

int scope_objects(struct scope *scope, const struct bothy_objects_query *query,
                  bothy_object_each *each, void *user);
int scope_rows(struct scope *scope, const struct bothy_table_query *query, bothy_row_each *each,
               void *user);
int scope_calls(struct scope *scope, const struct bothy_calls_query *query, bothy_call_each *each,
                void *user);

/* All projects of SERVER. */
int scope_projects(const struct trace_server *server, bothy_project_each *each, void *user);

/* Whether the server reads many refs at once; and that read.  EACH may be told of some refs not
 * at all. */
bool scope_has_batch(const struct scope *scope);
int scope_batch(struct scope *scope, bothy_ref *const *refs, size_t n, bothy_value_each *each,
                void *user);

#endif
