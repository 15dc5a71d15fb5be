/*
 * The section of recording, and the books of what was recorded: each thing that a call took is
 * stored, or told to be lost.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/scenario.h"
#include "tests/faults/verdict.h"

enum { KEPT_MAX = 128 };

/* ---- the books ----------------------------------------------------------------------------- */

struct kept {
	char entity[8], project[8], name[16], digest[BOTHY_DIGEST_BYTES];
};

static struct kept kept[KEPT_MAX], lost[KEPT_MAX]; /* of the lost, the digest alone */
static atomic_int n_kept, n_lost, n_told;

void recording_reset(void)
{
	atomic_store(&n_kept, 0);
	atomic_store(&n_lost, 0);
	atomic_store(&n_told, 0);
}

static struct kept *next_of(struct kept *list, atomic_int *n)
{
	int i = atomic_fetch_add(n, 1);

	if (i >= KEPT_MAX)
		abort();
	return &list[i];
}

static void keep(const bothy_ref *ref)
{
	struct kept *entry = next_of(kept, &n_kept);

	(void)snprintf(entry->entity, sizeof(entry->entity), "%s", bothy_ref_entity(ref));
	(void)snprintf(entry->project, sizeof(entry->project), "%s", bothy_ref_project(ref));
	(void)snprintf(entry->name, sizeof(entry->name), "%s", bothy_ref_name(ref));
	(void)snprintf(entry->digest, sizeof(entry->digest), "%s", bothy_ref_digest(ref));
}

/* On the writer's thread, or that of a job. */
static void note_lost(void *user, const struct bothy_failure *failure)
{
	struct kept *entry;

	(void)user;
	EXPECT(verdict_allows(failure->error));
	atomic_fetch_add(&n_told, 1);
	if (strcmp(failure->kind, "object") != 0)
		return;
	entry = next_of(lost, &n_lost);
	(void)snprintf(entry->digest, sizeof(entry->digest), "%s", failure->id);
}

static bool is_lost(const char *digest)
{
	for (int i = 0; i < atomic_load(&n_lost); i++)
		if (strcmp(lost[i].digest, digest) == 0)
			return true;
	return false;
}

static int see_object(void *user, const struct bothy_object_version *version)
{
	(void)version;
	++*(int *)user;
	return 0;
}

static void expect_kept(const struct kept *entry)
{
	bothy_client *client;
	int seen = 0, error;

	if (SAID(bothy_client_new(scenario.server, entry->entity, entry->project, &client)) < 0)
		return;
	error = bothy_object_read(client, entry->name, entry->digest, see_object, &seen);
	EXPECT((error == 0 && seen == 1) || (error == -ENOENT && is_lost(entry->digest)));
	bothy_client_release(client);
}

/* ---- recording ----------------------------------------------------------------------------- */

/* What was lost can't be read. */
#define READ(call) SAID_OR(-ENOENT, call)

static void fetch(const bothy_ref *ref)
{
	bothy_value *value;
	size_t bytes;
	bothy_ref *same;

	if (READ(bothy_fetch(ref, &value)) < 0)
		return;
	EXPECT(bothy_value_json(value, &bytes) != NULL && bytes > 0);
	EXPECT(bothy_value_hold(value) == value);
	bothy_value_release(value);
	EXPECT(bothy_object_get_ref(bothy_value_object(value), &same) == 0);
	EXPECT(bothy_ref_equal(same, ref));
	bothy_ref_release(same);
	bothy_value_release(value);
}

static int see_value(void *user, size_t i, int error, const char *json, size_t bytes)
{
	(void)i, (void)json, (void)bytes;
	(void)READ(error);
	++*(int *)user;
	return 0;
}

static void read_refs(bothy_ref *ref)
{
	bothy_ref *refs[] = {ref, ref};
	int seen = 0;

	if (READ(bothy_refs_read(bothy_client_current(), refs, 2, see_value, &seen)) == 0)
		EXPECT(seen == 2);
}

static void publish(void)
{
	static atomic_int number;
	struct bothy_object object = {{0}};
	char name[16], json[32];
	bothy_ref *ref;

	(void)snprintf(name, sizeof(name), "thing-%d", atomic_fetch_add(&number, 1) % 5);
	(void)snprintf(json, sizeof(json), "{\"n\": %d}", atomic_fetch_add(&number, 1));
	if (SAID(bothy_publish(&object, name, json, strlen(json), &ref)) == 0) {
		keep(ref);
		fetch(ref);
		read_refs(ref);
		bothy_ref_release(ref);
	}
	bothy_object_fini(&object);
}

static int see_row(void *user, const struct bothy_table_row *row)
{
	(void)user;
	EXPECT(row->digest != NULL && row->json != NULL);
	return 0;
}

static void fetch_rows(const bothy_ref *ref)
{
	const struct bothy_table_query query = {.size = sizeof(query),
	                                        .digest = bothy_ref_digest(ref)};
	bothy_table *table;

	if (READ(bothy_table_fetch(ref, 0, 0, &table)) == 0) {
		const char *digest;
		size_t bytes;

		EXPECT(bothy_table_count(table) == 2);
		EXPECT(bothy_table_row(table, 1, &bytes, &digest) != NULL);
		EXPECT(bothy_table_object(table) != NULL);
		bothy_table_release(table);
	}
	(void)READ(bothy_table_rows(bothy_client_current(), &query, see_row, NULL));
}

static void publish_table(void)
{
	bothy_table *table;
	bothy_ref *ref;

	if (SAID(bothy_table_new(&table)) < 0)
		return;
	if (SAID(bothy_table_add(table, "{\"a\": 1}", 8)) == 0 &&
	    SAID(bothy_table_add(table, "[1.5, \"b\"]", 10)) == 0 &&
	    SAID(bothy_table_publish(table, &ref)) == 0) {
		fetch_rows(ref);
		bothy_ref_release(ref);
	}
	bothy_table_release(table);
}

static void store_file(void)
{
	char digest[BOTHY_DIGEST_BYTES], same[BOTHY_DIGEST_BYTES];
	void *content;
	size_t bytes;

	if (SAID(bothy_file_store("content", 7, digest)) < 0)
		return;
	if (SAID(bothy_file_digest("content", 7, same)) == 0)
		EXPECT(strcmp(digest, same) == 0);
	if (READ(bothy_file_fetch(digest, &content, &bytes)) < 0)
		return;
	EXPECT(bytes == 7 && memcmp(content, "content", 7) == 0);
	free(content);
}

static int see_call(void *user, const struct bothy_call_record *call)
{
	(void)user;
	EXPECT(call->start.id != NULL);
	return 0;
}

/* The call has been handed over, and stored unless it was lost. */
static void read_calls(const char *id, const bothy_ref *ref)
{
	const struct bothy_calls_query query = {.size = sizeof(query), .op = "op", .limit = 2};

	(void)READ(bothy_call_read(bothy_client_current(), id, see_call, NULL));
	(void)SAID(bothy_calls_query(bothy_client_current(), &query, see_call, NULL));
	fetch(ref);
}

static void fill_call(bothy_call *call)
{
	EXPECT(bothy_call_current() == call);
	EXPECT(strlen(bothy_call_id(call)) == 36 && strlen(bothy_call_trace_id(call)) == 36);
	(void)SAID(bothy_call_set_name(call, "a name"));
	(void)SAID(bothy_call_set_inputs(call, "{\"i\": 2}"));
	(void)SAID(bothy_call_set_output(call, "3"));
	(void)SAID(bothy_call_set_summary(call, "{}"));
}

static void call(void)
{
	bothy_ref *ref = NULL;
	bothy_call *call;
	char id[64];

	(void)SAID(bothy_attributes_set("{\"a\": 1}"));
	if (SAID(bothy_call_begin("op", "{\"i\": 1}", &call)) < 0)
		return;
	fill_call(call);
	(void)snprintf(id, sizeof(id), "%s", bothy_call_id(call));
	(void)SAID(bothy_call_ref(call, &ref));
	/* Of a call that can't be ended now, the context's end is the end. */
	if (SAID(bothy_call_end(call, NULL, NULL)) == 0 && ref != NULL &&
	    SAID(bothy_client_flush(NULL, BOTHY_FOREVER)) == 0)
		read_calls(id, ref);
	bothy_ref_release(ref);
}

void record(void)
{
	if (scenario.server == NULL)
		return;
	publish();
	publish_table();
	store_file();
	call();
}

/* ---- the section --------------------------------------------------------------------------- */

static int see_project(void *user, const char *entity, const char *project)
{
	(void)user, (void)entity, (void)project;
	return 0;
}

static void query(bothy_server *server)
{
	const struct bothy_objects_query latest = {.size = sizeof(latest), .latest_only = true};
	struct bothy_server_stats stats = {.size = sizeof(stats)};
	bothy_client *client;
	int seen = 0;

	EXPECT(bothy_server_stats(server, &stats) == 0);
	(void)SAID(bothy_server_projects(server, see_project, NULL));
	if (SAID(bothy_client_new(server, "ann", "p", &client)) < 0)
		return;
	(void)SAID(bothy_objects_query(client, &latest, see_object, &seen));
	(void)SAID(bothy_client_flush(client, BOTHY_FOREVER));
	bothy_client_release(client);
}

static void record_here(bothy_server *server)
{
	const struct bothy_context_options options = {.size = sizeof(options),
	                                              .flags = BOTHY_ENSURE_PROJECT};
	bothy_context *context;

	if (SAID(bothy_context_enter(server, "ann", "p", &options, &context)) == 0) {
		record();
		(void)SAID(bothy_context_exit(context));
	}
	query(server);
}

/* Of the server in memory nothing is kept in the books: it is gone with the section. */
static void record_in_memory(void)
{
	bothy_context *context;
	bothy_server *server;

	if (SAID(bothy_server_open("memory:", NULL, &server)) < 0)
		return;
	if (SAID(bothy_context_enter(server, "ann", "p", NULL, &context)) == 0) {
		publish_table();
		store_file();
		call();
		(void)SAID(bothy_context_exit(context));
	}
	query(server);
	bothy_server_release(server);
}

int recording_open(void)
{
	const struct bothy_server_options options = {.size = sizeof(options), .failed = note_lost};

	return bothy_server_open(scenario.url, &options, &scenario.server);
}

void recording_section(void)
{
	char digest[BOTHY_DIGEST_BYTES];
	int error = SAID(bothy_value_digest("{\"b\": [1, true]}", 16, digest));

	EXPECT(error == 0 || bothy_trace_error() != NULL || error == -ENOMEM);
	record_in_memory();
	if (scenario.server != NULL)
		record_here(scenario.server);
}

static void expect_stored(bothy_client *client)
{
	struct bothy_server_stats stats = {.size = sizeof(stats)};

	/* What was lost before is told once. */
	if (bothy_client_flush(client, BOTHY_FOREVER) < 0)
		EXPECT(atomic_load(&n_told) > 0);
	record_here(scenario.server);
	EXPECT(bothy_client_flush(client, BOTHY_FOREVER) == 0);
	EXPECT(bothy_server_stats(scenario.server, &stats) == 0);
	EXPECT(stats.failed == (uint64_t)atomic_load(&n_told));
	EXPECT(stats.queued == 0);
}

void recording_serves(void)
{
	bothy_client *client;

	if (scenario.server == NULL ||
	    SAID(bothy_client_new(scenario.server, "ann", "p", &client)) < 0)
		return;
	expect_stored(client);
	bothy_client_release(client);
	for (int i = 0; i < atomic_load(&n_kept); i++)
		expect_kept(&kept[i]);
}
