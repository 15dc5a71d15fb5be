#include "tests/trace/traced.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sync/testing.h"
#include "tests/pool_fixture.h"

struct traced traced;

static char folder[] = "/tmp/bothy-test-XXXXXX";
static bool in_folder;

/* ---- fixtures ----------------------------------------------------------------------------------- */

static void begin(void)
{
	fixture_setup();
	ck_assert_int_eq(bothy_client_new(traced.server, "ann", "p", &traced.client), 0);
	traced.context = traced_enter("ann");
}

void traced_on_memory(void)
{
	ck_assert_int_eq(bothy_server_open("memory:", NULL, &traced.server), 0);
	begin();
}

void traced_on_sqlite(void)
{
	char url[64];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	in_folder = true;
	snprintf(url, sizeof(url), "sqlite:%s/db", folder);
	ck_assert_int_eq(bothy_server_open(url, NULL, &traced.server), 0);
	begin();
}

static void on_shelf(struct bothy_server_ops ops)
{
	traced.shelf = shelf_new();
	ck_assert_ptr_nonnull(traced.shelf);
	ck_assert_int_eq(bothy_server_new(&ops, traced.shelf, &traced.server), 0);
	begin();
}

void traced_on_shelf(void)
{
	on_shelf(shelf_ops);
}

void traced_on_batching_shelf(void)
{
	on_shelf(shelf_batch_ops());
}

static void remove_folder(void)
{
	static const char *const files[] = {"db", "db-wal", "db-shm"};
	char path[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
		(void)unlink(path);
	}
	ck_assert_int_eq(rmdir(folder), 0);
}

void traced_leave(void)
{
	if (traced.context != NULL)
		ck_assert_int_eq(bothy_context_exit(traced.context), 0);
	traced.context = NULL;
}

void traced_teardown(void)
{
	traced_leave();
	fixture_teardown();
	bothy_client_release(traced.client);
	bothy_server_release(traced.server);
	if (in_folder)
		remove_folder();
	ck_assert_uint_eq(testing_counts.refs_destroyed, testing_counts.refs_made);
}

static int run_on(const char *name, const char *server, void (*setup)(void),
                  const TTest *const *cases, size_t n)
{
	char title[128];

	snprintf(title, sizeof(title), "%s on %s", name, server);
	return run_suite_with(title, setup, traced_teardown, cases, n);
}

int run_on_built_in(const char *name, const TTest *const *cases, size_t n)
{
	return run_on(name, "memory", traced_on_memory, cases, n) |
	       run_on(name, "SQLite", traced_on_sqlite, cases, n);
}

int run_on_shelf(const char *name, const TTest *const *cases, size_t n)
{
	return run_on(name, "a server of one's own", traced_on_shelf, cases, n);
}

int run_on_batching_shelf(const char *name, const TTest *const *cases, size_t n)
{
	return run_on(name, "one that reads many refs", traced_on_batching_shelf, cases, n);
}

int run_on_every_server(const char *name, const TTest *const *cases, size_t n)
{
	return run_on_built_in(name, cases, n) | run_on_shelf(name, cases, n) |
	       run_on_batching_shelf(name, cases, n);
}

/* ---- short ways --------------------------------------------------------------------------------- */

bothy_context *traced_enter(const char *entity)
{
	bothy_context *context = NULL;

	ck_assert_int_eq(bothy_context_enter(traced.server, entity, "p", NULL, &context), 0);
	return context;
}

void traced_flush(void)
{
	ck_assert_int_eq(
		bothy_client_flush(bothy_context_id() != 0 ? NULL : traced.client, BOTHY_FOREVER),
		0);
}

static bothy_ref *publish(struct bothy_object *object, const char *name, const char *json)
{
	bothy_ref *ref = NULL;

	ck_assert_int_eq(bothy_publish(object, name, json, strlen(json), &ref), 0);
	return ref;
}

bothy_ref *publish_thing(struct bothy_object *object, const char *json)
{
	return publish(object, "thing", json);
}

bothy_ref *publish_as(const char *name, const char *json)
{
	return publish(NULL, name, json);
}

bothy_ref *publish_rows(const char *const *rows, size_t n)
{
	bothy_table *table = NULL;
	bothy_ref *ref = NULL;

	ck_assert_int_eq(bothy_table_new(&table), 0);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(bothy_table_add(table, rows[i], strlen(rows[i])), 0);
	ck_assert_int_eq(bothy_table_publish(table, &ref), 0);
	bothy_table_release(table);
	return ref;
}

const char *uri_of(const bothy_ref *ref)
{
	static _Thread_local char uri[512];

	ck_assert_int_lt(bothy_ref_format(ref, uri, sizeof(uri)), (int)sizeof(uri));
	return uri;
}

static int fetch(const char *uri, bothy_value **ret_value)
{
	bothy_ref *ref = NULL;
	int error;

	ck_assert_int_eq(bothy_ref_parse(uri, &ref), 0);
	error = bothy_fetch(ref, ret_value);
	bothy_ref_release(ref);
	return error;
}

const char *fetch_uri(const char *uri)
{
	static _Thread_local char text[1024];
	bothy_value *value = NULL;

	ck_assert_int_eq(fetch(uri, &value), 0);
	snprintf(text, sizeof(text), "%s", bothy_value_json(value, NULL));
	bothy_value_release(value);
	return text;
}

int fetch_error(const char *uri)
{
	bothy_value *value = NULL;
	int error = fetch(uri, &value);

	bothy_value_release(value);
	return error;
}

static const char *below(const bothy_ref *ref, const char *extra)
{
	static _Thread_local char uri[1024];

	snprintf(uri, sizeof(uri), "%s/%s", uri_of(ref), extra);
	return uri;
}

const char *fetch_below(const bothy_ref *ref, const char *extra)
{
	return fetch_uri(below(ref, extra));
}

int fetch_error_below(const bothy_ref *ref, const char *extra)
{
	return fetch_error(below(ref, extra));
}

static int count_version(void *user, const struct bothy_object_version *object)
{
	(void)object;
	++*(size_t *)user;
	return 0;
}

size_t stored_versions(const char *name)
{
	const struct bothy_objects_query query = {.size = sizeof(query), .name = name};
	size_t n = 0;

	traced_flush();
	ck_assert_int_eq(bothy_objects_query(traced.client, &query, count_version, &n), 0);
	return n;
}
