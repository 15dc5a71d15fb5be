/*
 * What the tests of recording share: a server, a client of it, and a context of ann's project p
 * that records there; and short ways to publish and to fetch.
 */
#ifndef TESTS_TRACED_H
#define TESTS_TRACED_H

#include <check.h>

#include <bothy/bothy.h>

#include "tests/trace/shelf.h"

struct traced {
	bothy_server *server;
	bothy_client *client; /* of ann's project p; it belongs to no context */
	bothy_context *context;
	struct shelf *shelf; /* NULL: the server is built in */
};

extern struct traced traced;

/* Fixtures: each of these servers; and the end, where all must be given back. */
void traced_on_memory(void);
void traced_on_sqlite(void);
void traced_on_shelf(void);
void traced_on_batching_shelf(void); /* it has refs_read_batch */
void traced_teardown(void);

/* Run CASES on each of the servers, or some; the process's exit code. */
int run_on_every_server(const char *name, const TTest *const *cases, size_t n);
int run_on_built_in(const char *name, const TTest *const *cases, size_t n);
int run_on_shelf(const char *name, const TTest *const *cases, size_t n);
int run_on_batching_shelf(const char *name, const TTest *const *cases, size_t n);

/* Leave the test's context, so that what it recorded is handed over. */
void traced_leave(void);

/* A context of ENTITY's project p on the test's server. */
bothy_context *traced_enter(const char *entity);

/* All that was handed over so far is stored. */
void traced_flush(void);

/* Publish JSON for OBJECT (or NULL) as "thing"; JSON as NAME; a table of these rows.  Each returns a
 * hold of the caller's. */
bothy_ref *publish_thing(struct bothy_object *object, const char *json);
bothy_ref *publish_as(const char *name, const char *json);
bothy_ref *publish_rows(const char *const *rows, size_t n);

/* The URI of REF, in memory of the thread's that the next call uses again. */
const char *uri_of(const bothy_ref *ref);

/* The text that fetching URI, or REF with "/EXTRA" after it, tells; in such memory too. */
const char *fetch_uri(const char *uri);
const char *fetch_below(const bothy_ref *ref, const char *extra);

/* What fetching that says. */
int fetch_error(const char *uri);
int fetch_error_below(const bothy_ref *ref, const char *extra);

/* How many versions of NAME are stored for ann's project p. */
size_t stored_versions(const char *name);

#endif
