/*
 * What every server that keeps things has to do: one suite, run for each.
 *
 * Another server is added by a line in `kinds`: its operations and SELF are all that is used.
 */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pool_fixture.h"
#include "tests/trace/store_fixture.h"
#include "tests/support.h"

/* ---- the servers -------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*open)(void);
	void (*close)(void);
} kinds[] = {
	{"memory:", store_open_memory, store_close},
	{"sqlite:", store_open_file, store_close},
};

static size_t kind; /* that of the running suite */

static void begin(void)
{
	kinds[kind].open();
}

static void end(void)
{
	kinds[kind].close();
}

#define ANN "ann", "cats"
#define BOB "bob", "dogs"

/* ---- objects ------------------------------------------------------------------------------ */

START_TEST(versions_count_from_nought_in_each_object)
{
	begin();
	put_object(ANN, "x", "d0", "0");
	put_object(ANN, "y", "d0", "0");
	put_object(ANN, "x", "d1", "1");
	put_object(ANN, "x", "d2", "2");
	flush();
	ck_assert_str_eq(objects(ANN, NULL),
	                 "x:d0=0 v0 x:d1=1 v1 x:d2=2 v2 latest y:d0=0 v0 latest");
	end();
}
END_TEST

START_TEST(a_digest_that_an_object_has_already_changes_nothing)
{
	begin();
	put_object(ANN, "x", "d0", "0");
	put_object(ANN, "x", "d1", "1");
	put_object(ANN, "x", "d0", "\"other\"");
	flush();
	put_object(ANN, "x", "d1", "\"other\"");
	flush();
	ck_assert_str_eq(objects(ANN, NULL), "x:d0=0 v0 x:d1=1 v1 latest");
	end();
}
END_TEST

START_TEST(a_version_is_named_by_digest_number_or_latest)
{
	begin();
	put_object(ANN, "x", "d0", "0");
	put_object(ANN, "x", "v77", "1"); /* a digest that looks like a number */
	flush();
	ck_assert_str_eq(object(ANN, "x", "d0"), "x:d0=0 v0");
	ck_assert_str_eq(object(ANN, "x", "v0"), "x:d0=0 v0");
	ck_assert_str_eq(object(ANN, "x", "v1"), "x:v77=1 v1 latest");
	ck_assert_str_eq(object(ANN, "x", "latest"), "x:v77=1 v1 latest");
	end();
}
END_TEST

START_TEST(a_version_that_is_not_there_is_not_found)
{
	const char *const versions[] = {
		"v1",     "v00", "v", "v-1", "v+0", "v 0", "d1", "", "v99999999999999999999",
		"Latest", "D0"};

	begin();
	put_object(ANN, "x", "d0", "0");
	flush();
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		ck_assert_str_eq(object(ANN, "x", versions[i]), "-ENOENT");
	ck_assert_str_eq(object(ANN, "X", "latest"), "-ENOENT");
	ck_assert_str_eq(object(ANN, "", "latest"), "-ENOENT");
	ck_assert_str_eq(object("ann", "none", "x", "latest"), "-ENOENT");
	end();
}
END_TEST

START_TEST(objects_are_told_by_name_and_version_in_pages)
{
	struct bothy_objects_query query = {.size = sizeof(query), .limit = 2, .offset = 1};

	begin();
	put_object(ANN, "b", "d0", "0");
	put_object(ANN, "a", "d1", "1");
	put_object(ANN, "b", "d2", "2");
	put_object(ANN, "a.1", "d3", "3");
	flush();
	ck_assert_str_eq(objects(ANN, &query), "a.1:d3=3 v0 latest b:d0=0 v0");
	query.limit = 0;
	ck_assert_str_eq(objects(ANN, &query), "a.1:d3=3 v0 latest b:d0=0 v0 b:d2=2 v1 latest");
	query.latest_only = true;
	ck_assert_str_eq(objects(ANN, &query), "a.1:d3=3 v0 latest b:d2=2 v1 latest");
	query.name = "b";
	ck_assert_str_eq(objects(ANN, &query), "");
	query.offset = 0;
	ck_assert_str_eq(objects(ANN, &query), "b:d2=2 v1 latest");
	query.offset = SIZE_MAX;
	ck_assert_str_eq(objects(ANN, &query), "");
	end();
}
END_TEST

START_TEST(the_time_of_a_version_is_kept)
{
	struct bothy_object_version object = {.name = "x", .digest = "d", .json = "1", .bytes = 1};

	begin();
	object.created = INT64_C(1764000000123456789);
	ck_assert_int_eq(store.ops.obj_create(store.self, ANN, &object), 0);
	flush();
	ck_assert_int_eq(object_created(ANN, "x"), INT64_C(1764000000123456789));
	end();
}
END_TEST

/* ---- tables ------------------------------------------------------------------------------- */

START_TEST(a_table_tells_its_rows_in_their_order)
{
	struct bothy_table_query query = {.size = sizeof(query), .digest = "t"};

	begin();
	put_table(ANN, "t", "c a b a");
	flush();
	ck_assert_str_eq(table(ANN, &query), "0:c 1:a 2:b 3:a");
	query.limit = 2;
	ck_assert_str_eq(table(ANN, &query), "0:c 1:a");
	query.offset = 1;
	ck_assert_str_eq(table(ANN, &query), "1:a 2:b");
	query.limit = 0;
	query.offset = 3;
	ck_assert_str_eq(table(ANN, &query), "3:a");
	query.offset = 4;
	ck_assert_str_eq(table(ANN, &query), "");
	end();
}
END_TEST

START_TEST(a_row_is_found_by_its_digest)
{
	struct bothy_table_query query = {.size = sizeof(query), .digest = "t", .row_digest = "a"};

	begin();
	put_table(ANN, "t", "c a b a");
	put_table(ANN, "u", "d");
	flush();
	ck_assert_str_eq(table(ANN, &query), "1:a 3:a");
	query.offset = 1;
	ck_assert_str_eq(table(ANN, &query), "3:a");
	query.offset = 0;
	query.row_digest = "d"; /* another table's */
	ck_assert_str_eq(table(ANN, &query), "");
	end();
}
END_TEST

START_TEST(tables_share_rows_and_the_same_table_again_changes_nothing)
{
	struct bothy_table_query query = {.size = sizeof(query), .digest = "t"};

	begin();
	put_table(ANN, "t", "a b");
	put_table(ANN, "u", "b a");
	put_table(ANN, "t", "a b");
	flush();
	put_table(ANN, "u", "b a");
	flush();
	ck_assert_str_eq(table(ANN, &query), "0:a 1:b");
	query.digest = "u";
	ck_assert_str_eq(table(ANN, &query), "0:b 1:a");
	end();
}
END_TEST

START_TEST(an_empty_table_is_one_and_a_missing_one_is_none)
{
	struct bothy_table_query query = {.size = sizeof(query), .digest = "t"};

	begin();
	put_table(ANN, "t", "");
	flush();
	ck_assert_str_eq(table(ANN, &query), "");
	query.digest = "T";
	ck_assert_str_eq(table(ANN, &query), "-ENOENT");
	end();
}
END_TEST

/* ---- files -------------------------------------------------------------------------------- */

START_TEST(a_file_is_any_bytes_or_none)
{
	char bytes[256];

	begin();
	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	put_file(ANN, "f", bytes, sizeof(bytes));
	put_file(ANN, "empty", NULL, 0);
	put_file(ANN, "f", "other", 5); /* changes nothing */
	flush();
	expect_file(ANN, "f", bytes, sizeof(bytes));
	expect_file(ANN, "empty", "", 0);
	ck_assert_int_eq(read_no_file(ANN, "g"), -ENOENT);
	end();
}
END_TEST

START_TEST(values_may_be_large)
{
	enum { LARGE = 1 << 20 };
	char *json = malloc(LARGE + 1);
	struct bothy_object_version version = {
		.name = "x", .digest = "d", .json = json, .bytes = LARGE};
	struct bothy_call_start start = start_of(1, "op", 0, 1);
	struct bothy_call_part part = {.entity = "ann", .project = "cats", .start = &start};
	int error = 0;

	begin();
	ck_assert_ptr_nonnull(json);
	memset(json, 'x', LARGE);
	json[0] = json[LARGE - 1] = '"';
	json[LARGE] = '\0';
	start.inputs_json = json;
	ck_assert_int_eq(store.ops.obj_create(store.self, ANN, &version), 0);
	store.ops.calls_upsert(store.self, &part, 1, &error);
	ck_assert_int_eq(error, 0);
	put_file(ANN, "f", json, LARGE);
	flush();
	expect_object_json(ANN, "x", json, LARGE);
	expect_file(ANN, "f", json, LARGE);
	expect_call_inputs(ANN, id_of(1), json);
	free(json);
	end();
}
END_TEST

/* ---- calls -------------------------------------------------------------------------------- */

START_TEST(a_call_is_told_as_it_was_recorded)
{
	struct bothy_call_start start = {id_of(2),
	                                 id_of(1),
	                                 id_of(1),
	                                 "op \xc3\xa9",
	                                 "na\xc3\xafve \xf0\x9f\x90\x88",
	                                 INT64_C(1764000000123456789),
	                                 "{\"a\": 1}",
	                                 "{\"i\": 2}"};
	struct bothy_call_end finish = {id_of(2), INT64_C(1764000000987654321), "[1, 2]",
	                                "it's \"bad\"; DROP TABLE call; --", "{}"};

	begin();
	put_part(ANN, &start, &finish);
	flush();
	expect_call(ANN, &start, &finish);
	end();
}
END_TEST

START_TEST(what_is_missing_stays_missing)
{
	struct bothy_call_start start = {id_of(2), id_of(2), NULL, "op", NULL, 5, NULL, NULL};
	struct bothy_call_end finish = {id_of(2), -7, NULL, NULL, NULL};

	begin();
	put_part(ANN, &start, &finish);
	flush();
	expect_call(ANN, &start, &finish);
	finish.exception = ""; /* is not NULL */
	start.display_name = "";
	put_part(ANN, &start, &finish);
	flush();
	expect_call(ANN, &start, &finish);
	end();
}
END_TEST

START_TEST(start_and_end_come_apart_in_any_order)
{
	struct bothy_call_start start = start_of(1, "op", 0, 1), other = start_of(2, "op", 1, 1);
	struct bothy_call_end finish = end_of(1, "1"), other_end = end_of(2, "2");

	begin();
	put_part(ANN, &start, NULL);
	put_part(ANN, NULL, &other_end);
	flush();
	expect_call(ANN, &start, NULL);
	expect_call(ANN, NULL, &other_end);
	put_part(ANN, NULL, &finish);
	put_part(ANN, &other, NULL);
	flush();
	expect_call(ANN, &start, &finish);
	expect_call(ANN, &other, &other_end);
	end();
}
END_TEST

START_TEST(parts_of_one_call_may_come_in_one_batch)
{
	struct bothy_call_start start = start_of(1, "op", 0, 1);
	struct bothy_call_end finish = end_of(1, "1");
	const struct bothy_call_part parts[] = {
		{.entity = "ann", .project = "cats", .end = &finish},
		{.entity = "ann", .project = "cats", .start = &start},
		{.entity = "ann", .project = "cats", .start = &start},
	};
	int errors[3] = {0};

	begin();
	store.ops.calls_upsert(store.self, parts, 3, errors);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(errors[i], 0);
	flush();
	expect_call(ANN, &start, &finish);
	ck_assert_str_eq(calls(ANN, NULL), "1");
	end();
}
END_TEST

START_TEST(what_comes_again_replaces_that_part_alone)
{
	struct bothy_call_start start = start_of(1, "op", 0, 1), again = start_of(1, "other", 2, 3);
	struct bothy_call_end finish = end_of(1, "1"), anew = end_of(1, "2");

	begin();
	put_part(ANN, &start, &finish);
	flush();
	put_part(ANN, &again, NULL);
	flush();
	expect_call(ANN, &again, &finish);
	anew.exception = "late";
	put_part(ANN, NULL, &anew);
	flush();
	expect_call(ANN, &again, &anew);
	put_part(ANN, &start, &finish);
	flush();
	expect_call(ANN, &start, &finish);
	ck_assert_str_eq(calls(ANN, NULL), "1");
	end();
}
END_TEST

START_TEST(a_moved_call_is_found_where_it_is_now_alone)
{
	struct bothy_call_start start = start_of(1, "op", 0, 1), again = start_of(1, "other", 2, 3);
	struct bothy_calls_query query = {.size = sizeof(query)};

	begin();
	put_part(ANN, &start, NULL);
	put_part(ANN, &again, NULL);
	flush();
	query.op = "op";
	ck_assert_str_eq(calls(ANN, &query), "");
	query.op = "other";
	query.parent_id = id_of(2);
	query.trace_id = id_of(3);
	ck_assert_str_eq(calls(ANN, &query), "1");
	query = (struct bothy_calls_query){.size = sizeof(query), .roots_only = true};
	ck_assert_str_eq(calls(ANN, &query), "");
	end();
}
END_TEST

START_TEST(a_call_whose_start_is_not_known_is_no_root)
{
	struct bothy_call_end finish = end_of(1, "1");
	struct bothy_calls_query query = {.size = sizeof(query), .roots_only = true};

	begin();
	put_part(ANN, NULL, &finish);
	flush();
	ck_assert_str_eq(calls(ANN, NULL), "1");
	ck_assert_str_eq(calls(ANN, &query), "");
	end();
}
END_TEST

START_TEST(a_missing_call_is_not_found)
{
	begin();
	put_call(ANN, 1, "op", 0, 1);
	flush();
	ck_assert_int_eq(read_no_call(ANN, id_of(2)), -ENOENT);
	ck_assert_int_eq(read_no_call(ANN, ""), -ENOENT);
	ck_assert_int_eq(read_no_call(ANN, "not a uuid"), -ENOENT);
	ck_assert_int_eq(read_no_call("ann", "none", id_of(1)), -ENOENT);
	end();
}
END_TEST

/* ---- queries of calls, against a list that is searched by hand ---------------------------- */

enum { CALLS = 48 };

static struct {
	const char *op;
	int parent, trace;
} known[CALLS + 1];

static void put_many(void)
{
	for (int i = 1; i <= CALLS; i++) {
		int n = i * 29 % (CALLS + 1); /* not in their order; each once */

		known[n].op = n % 3 == 0 ? "load" : "predict";
		known[n].trace = 1 + n % 4;
		known[n].parent = n % 5 == 0 ? 0 : 1 + n % 6;
		put_call(ANN, n, known[n].op, known[n].parent, known[n].trace);
	}
	put_call(BOB, 1, "predict", 2, 2);
	flush();
}

static bool is_asked_for(const struct bothy_calls_query *query, int n)
{
	bool listed = query->ids == NULL;

	for (size_t i = 0; i < query->n_ids; i++)
		listed = listed || strcmp(query->ids[i], id_of(n)) == 0;
	return listed && (query->op == NULL || strcmp(query->op, known[n].op) == 0) &&
	       (query->parent_id == NULL ||
	        (known[n].parent != 0 && strcmp(query->parent_id, id_of(known[n].parent)) == 0)) &&
	       (query->trace_id == NULL || strcmp(query->trace_id, id_of(known[n].trace)) == 0) &&
	       (!query->roots_only || known[n].parent == 0);
}

static const char *by_hand(const struct bothy_calls_query *query)
{
	static char text[1024];
	size_t at = 0, skip = query->offset, left = query->limit > 0 ? query->limit : SIZE_MAX;

	text[0] = '\0';
	for (int i = 1; i <= CALLS && left > 0; i++) {
		int n = query->newest_first ? CALLS + 1 - i : i;

		if (!is_asked_for(query, n))
			continue;
		if (skip > 0) {
			skip--;
			continue;
		}
		left--;
		at += (size_t)sprintf(text + at, "%s%d", at > 0 ? " " : "", n);
	}
	return text;
}

/* The I-th of the combinations. */
static struct bothy_calls_query combination(unsigned i)
{
	static const char *ids[] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};
	static const int numbers[] = {40, 3, 12, 3, 15, 999, 30};
	struct bothy_calls_query query = {.size = sizeof(query)};

	for (int n = 0; n < 7; n++)
		ids[n] = id_of(numbers[n]);
	query.op = i & 1 ? "predict" : NULL;
	query.parent_id = i & 2 ? id_of(3) : NULL;
	query.trace_id = i & 4 ? id_of(2) : NULL;
	query.roots_only = (i & 8) != 0;
	query.ids = i & 16 ? ids : NULL;
	query.n_ids = i & 16 ? 7 : 0;
	query.newest_first = (i & 32) != 0;
	query.limit = i & 64 ? 2 : 0;
	query.offset = i & 128 ? 1 : 0;
	return query;
}

START_TEST(filters_order_and_pages_may_be_combined)
{
	begin();
	put_many();
	for (unsigned i = 0; i < 256; i++) {
		struct bothy_calls_query query = combination(i);

		ck_assert_msg(strcmp(calls(ANN, &query), by_hand(&query)) == 0,
		              "combination %u: <%s>, not <%s>", i, calls(ANN, &query),
		              by_hand(&query));
	}
	end();
}
END_TEST

START_TEST(no_ids_are_no_calls)
{
	static const char *const none[1];
	struct bothy_calls_query query = {.size = sizeof(query), .ids = none};

	begin();
	put_call(ANN, 1, "op", 0, 1);
	flush();
	ck_assert_str_eq(calls(ANN, &query), "");
	end();
}
END_TEST

/* ---- projects ----------------------------------------------------------------------------- */

START_TEST(a_project_is_there_once_it_is_ensured_or_written_to)
{
	begin();
	ck_assert_int_eq(store.ops.ensure_project(store.self, BOB), 0);
	ck_assert_int_eq(store.ops.ensure_project(store.self, ANN), 0);
	ck_assert_int_eq(store.ops.ensure_project(store.self, ANN), 0);
	ck_assert_str_eq(projects(), "ann/cats bob/dogs");
	put_call("ann", "birds", 1, "op", 0, 1);
	flush();
	ck_assert_str_eq(projects(), "ann/birds ann/cats bob/dogs");
	end();
}
END_TEST

START_TEST(names_that_look_alike_are_different_projects)
{
	begin();
	put_object("ann", "bcats", "x", "d", "1");
	put_object("annb", "cats", "x", "d", "2");
	put_object("ANNB", "cats", "x", "d", "3");
	put_object("annb", "cats ", "x", "d", "4");
	flush();
	ck_assert_str_eq(object("ann", "bcats", "x", "d"), "x:d=1 v0 latest");
	ck_assert_str_eq(object("annb", "cats", "x", "d"), "x:d=2 v0 latest");
	ck_assert_str_eq(object("ANNB", "cats", "x", "d"), "x:d=3 v0 latest");
	ck_assert_str_eq(object("annb", "cats ", "x", "d"), "x:d=4 v0 latest");
	end();
}
END_TEST

START_TEST(many_projects_at_once_are_kept_apart)
{
	char name[16];

	begin();
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 300; i++) {
			(void)snprintf(name, sizeof(name), "p%d", i);
			put_call("ann", name, 1 + i + round * 300, "op", 0, 1);
		}
	flush();
	for (int i = 0; i < 300; i++) {
		char both[32];

		(void)snprintf(name, sizeof(name), "p%d", i);
		(void)snprintf(both, sizeof(both), "%d %d", 1 + i, 301 + i);
		ck_assert_str_eq(calls("ann", name, NULL), both);
	}
	end();
}
END_TEST

START_TEST(nothing_of_another_project_is_reached_by_id_or_digest)
{
	const char *const ids[] = {id_of(1)};
	struct bothy_table_query rows = {.size = sizeof(rows), .digest = "t", .row_digest = "a"};
	struct bothy_calls_query query = {.size = sizeof(query)};

	begin();
	put_object(ANN, "x", "d", "1");
	put_table(ANN, "t", "a b");
	put_file(ANN, "f", "secret", 6);
	put_call(ANN, 1, "op", 2, 3);
	ck_assert_int_eq(store.ops.ensure_project(store.self, BOB), 0);
	put_table(BOB, "u", "c");
	flush();
	ck_assert_str_eq(object(BOB, "x", "d"), "-ENOENT");
	ck_assert_str_eq(object(BOB, "x", "v0"), "-ENOENT");
	ck_assert_str_eq(objects(BOB, NULL), "");
	ck_assert_str_eq(table(BOB, &rows), "-ENOENT");
	rows.digest = "u";
	ck_assert_str_eq(table(BOB, &rows), "");
	ck_assert_int_eq(read_no_file(BOB, "f"), -ENOENT);
	ck_assert_int_eq(read_no_call(BOB, id_of(1)), -ENOENT);
	ck_assert_str_eq(calls(BOB, NULL), "");
	query.ids = ids;
	query.n_ids = 1;
	ck_assert_str_eq(calls(BOB, &query), "");
	query = (struct bothy_calls_query){.size = sizeof(query), .parent_id = id_of(2)};
	ck_assert_str_eq(calls(BOB, &query), "");
	query = (struct bothy_calls_query){.size = sizeof(query), .trace_id = id_of(3)};
	ck_assert_str_eq(calls(BOB, &query), "");
	end();
}
END_TEST

START_TEST(nothing_of_another_project_is_overwritten_by_id_or_digest)
{
	struct bothy_call_start start = start_of(1, "op", 2, 3), evil = start_of(1, "evil", 4, 5);
	struct bothy_call_end finish = end_of(1, "1"), evil_end = end_of(1, "666");
	struct bothy_table_query rows = {.size = sizeof(rows), .digest = "t"};

	begin();
	put_object(ANN, "x", "d", "1");
	put_table(ANN, "t", "a b");
	put_file(ANN, "f", "mine", 4);
	put_part(ANN, &start, &finish);
	flush();
	put_object(BOB, "x", "d", "666");
	put_object(BOB, "x", "e", "667");
	put_table(BOB, "t", "c");
	put_file(BOB, "f", "evil", 4);
	put_part(BOB, &evil, NULL);
	put_part(BOB, NULL, &evil_end);
	flush();
	ck_assert_str_eq(objects(ANN, NULL), "x:d=1 v0 latest");
	ck_assert_str_eq(table(ANN, &rows), "0:a 1:b");
	expect_file(ANN, "f", "mine", 4);
	expect_call(ANN, &start, &finish);
	expect_call(BOB, &evil, &evil_end);
	ck_assert_str_eq(objects(BOB, NULL), "x:d=666 v0 x:e=667 v1 latest");
	ck_assert_str_eq(table(BOB, &rows), "0:c");
	expect_file(BOB, "f", "evil", 4);
	end();
}
END_TEST

/* ---- queries while others go on ----------------------------------------------------------- */

enum { STOPPED = 77 };

static int stop_at_second_call(void *user, const struct bothy_call_record *call)
{
	(void)call;
	return ++*(int *)user == 2 ? STOPPED : 0;
}

static int stop_at_second_object(void *user, const struct bothy_object_version *version)
{
	(void)version;
	return ++*(int *)user == 2 ? -STOPPED : 0;
}

static int stop_at_second_row(void *user, const struct bothy_table_row *row)
{
	(void)row;
	return ++*(int *)user == 2 ? STOPPED : 0;
}

static int stop_at_second_project(void *user, const char *entity, const char *project)
{
	(void)entity;
	(void)project;
	return ++*(int *)user == 2 ? STOPPED : 0;
}

static int stop_at_content(void *user, const void *content, size_t bytes)
{
	(void)user;
	(void)content;
	(void)bytes;
	return STOPPED;
}

START_TEST(a_query_ends_when_each_says_so_and_returns_that)
{
	struct bothy_calls_query of_calls = {.size = sizeof(of_calls)};
	struct bothy_objects_query of_objects = {.size = sizeof(of_objects)};
	struct bothy_table_query of_rows = {.size = sizeof(of_rows), .digest = "t"};
	const char *const ids[] = {id_of(3), id_of(1), id_of(2)};
	int n = 0;

	begin();
	for (int i = 1; i <= 3; i++)
		put_call(ANN, i, "op", 0, 1);
	put_object(ANN, "x", "a", "1");
	put_object(ANN, "x", "b", "2");
	put_object(ANN, "x", "c", "3");
	put_table(ANN, "t", "a b c");
	put_file(ANN, "f", "x", 1);
	put_call(BOB, 1, "op", 0, 1);
	put_call("cat", "p", 1, "op", 0, 1);
	flush();
	ck_assert_int_eq(store.ops.calls_query(store.self, ANN, &of_calls, stop_at_second_call, &n),
	                 STOPPED);
	ck_assert_int_eq(n, 2);
	of_calls.ids = ids;
	of_calls.n_ids = 3;
	n = 0;
	ck_assert_int_eq(store.ops.calls_query(store.self, ANN, &of_calls, stop_at_second_call, &n),
	                 STOPPED);
	ck_assert_int_eq(n, 2);
	n = 0;
	ck_assert_int_eq(
		store.ops.objs_query(store.self, ANN, &of_objects, stop_at_second_object, &n),
		-STOPPED);
	ck_assert_int_eq(n, 2);
	n = 0;
	ck_assert_int_eq(store.ops.table_query(store.self, ANN, &of_rows, stop_at_second_row, &n),
	                 STOPPED);
	ck_assert_int_eq(n, 2);
	n = 0;
	ck_assert_int_eq(store.ops.projects_query(store.self, stop_at_second_project, &n), STOPPED);
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(store.ops.file_content(store.self, ANN, "f", stop_at_content, NULL),
	                 STOPPED);
	n = 1;
	ck_assert_int_eq(store.ops.call_read(store.self, ANN, id_of(1), stop_at_second_call, &n),
	                 STOPPED);
	n = 1;
	ck_assert_int_eq(store.ops.obj_read(store.self, ANN, "x", "v0", stop_at_second_object, &n),
	                 -STOPPED);
	ck_assert_str_eq(calls(ANN, NULL), "1 2 3");
	end();
}
END_TEST

enum { DEPTH = 4 };

struct nest {
	int depth;
	int leaves;
};

/* Asks the same query from within itself; what the outer one is told must stay. */
static int ask_again(void *user, const struct bothy_call_record *call)
{
	struct nest *nest = user;
	struct bothy_calls_query query = {.size = sizeof(query)};
	char id[37];
	int result = 0;

	if (nest->depth == DEPTH) {
		nest->leaves++;
		return 0;
	}
	(void)strcpy(id, call->start.id);
	nest->depth++;
	result = store.ops.calls_query(store.self, ANN, &query, ask_again, nest);
	nest->depth--;
	return result != 0 || strcmp(id, call->start.id) == 0 ? result : -EILSEQ;
}

START_TEST(each_may_query_again)
{
	struct bothy_calls_query query = {.size = sizeof(query)};
	struct nest nest = {0};

	begin();
	for (int i = 1; i <= 3; i++)
		put_call(ANN, i, "op", 0, 1);
	flush();
	ck_assert_int_eq(store.ops.calls_query(store.self, ANN, &query, ask_again, &nest), 0);
	ck_assert_int_eq(nest.leaves, 3 * 3 * 3 * 3 * 3);
	end();
}
END_TEST

enum { BATCHES = 40, BATCH = 25 };

static atomic_int written; /* calls that a flush has returned for */

static void *write_batches(void *arg)
{
	for (int i = 0; i < BATCHES; i++) {
		for (int k = 1; k <= BATCH; k++)
			put_call(ANN, i * BATCH + k, "op", 0, 1);
		flush();
		atomic_store(&written, (i + 1) * BATCH);
	}
	return arg;
}

static int count_call(void *user, const struct bothy_call_record *call)
{
	++*(int *)user;
	return strcmp(call->start.op, "op") == 0 ? 0 : -EILSEQ;
}

/* Until all is written, whatever is flushed is seen. */
static void *read_on(void *arg)
{
	struct bothy_calls_query query = {.size = sizeof(query), .op = "op"};
	int flushed = 0;

	while (flushed < BATCHES * BATCH) {
		int seen = 0;

		flushed = atomic_load(&written);
		if (store.ops.calls_query(store.self, ANN, &query, count_call, &seen) != 0 ||
		    seen < flushed)
			return NULL;
	}
	return arg;
}

START_TEST(reads_go_on_beside_a_write_and_see_what_was_flushed)
{
	pthread_t writer, readers[3];

	begin();
	atomic_store(&written, 0);
	writer = support_thread(write_batches, NULL);
	for (int i = 0; i < 3; i++)
		readers[i] = support_thread(read_on, &store);
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_eq(support_join(readers[i]), &store);
	(void)support_join(writer);
	end();
}
END_TEST

static void *ensure_many(void *arg)
{
	char name[16];

	for (int i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		if (store.ops.ensure_project(store.self, "ann", name) != 0)
			return NULL;
	}
	return arg;
}

START_TEST(projects_are_ensured_beside_a_write)
{
	pthread_t writer, others[2];
	int n = 0;
	const char *text;

	begin();
	writer = support_thread(write_batches, NULL);
	for (int i = 0; i < 2; i++)
		others[i] = support_thread(ensure_many, &store);
	for (int i = 0; i < 2; i++)
		ck_assert_ptr_eq(support_join(others[i]), &store);
	(void)support_join(writer);
	for (text = projects(); (text = strchr(text, '/')) != NULL; text++)
		n++;
	ck_assert_int_eq(n, 51);
	ck_assert_int_eq(count_calls(ANN), BATCHES * BATCH);
	end();
}
END_TEST

/* ---- failures ----------------------------------------------------------------------------- */

START_TEST(a_part_that_can_not_be_stored_fails_alone)
{
	struct bothy_call_start first = start_of(1, "op", 0, 1), third = start_of(3, "op", 0, 1);
	const struct bothy_call_part parts[] = {
		{.entity = "ann", .project = "cats", .start = &first},
		{.entity = "ann", .project = "cats"}, /* neither start nor end */
		{.entity = "ann", .project = "cats", .start = &third},
	};
	int errors[3] = {0};

	begin();
	store.ops.calls_upsert(store.self, parts, 3, errors);
	ck_assert_int_eq(errors[0], 0);
	ck_assert_int_eq(errors[1], -EINVAL);
	ck_assert_int_eq(errors[2], 0);
	flush();
	ck_assert_str_eq(calls(ANN, NULL), "1 3");
	end();
}
END_TEST

START_TEST(a_flush_without_writes_is_fine)
{
	begin();
	flush();
	flush();
	ck_assert_str_eq(projects(), "");
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		versions_count_from_nought_in_each_object,
		a_digest_that_an_object_has_already_changes_nothing,
		a_version_is_named_by_digest_number_or_latest,
		a_version_that_is_not_there_is_not_found,
		objects_are_told_by_name_and_version_in_pages,
		the_time_of_a_version_is_kept,
		a_table_tells_its_rows_in_their_order,
		a_row_is_found_by_its_digest,
		tables_share_rows_and_the_same_table_again_changes_nothing,
		an_empty_table_is_one_and_a_missing_one_is_none,
		a_file_is_any_bytes_or_none,
		values_may_be_large,
		a_call_is_told_as_it_was_recorded,
		what_is_missing_stays_missing,
		start_and_end_come_apart_in_any_order,
		parts_of_one_call_may_come_in_one_batch,
		what_comes_again_replaces_that_part_alone,
		a_moved_call_is_found_where_it_is_now_alone,
		a_call_whose_start_is_not_known_is_no_root,
		a_missing_call_is_not_found,
		filters_order_and_pages_may_be_combined,
		no_ids_are_no_calls,
		a_project_is_there_once_it_is_ensured_or_written_to,
		names_that_look_alike_are_different_projects,
		many_projects_at_once_are_kept_apart,
		nothing_of_another_project_is_reached_by_id_or_digest,
		nothing_of_another_project_is_overwritten_by_id_or_digest,
		a_query_ends_when_each_says_so_and_returns_that,
		each_may_query_again,
		reads_go_on_beside_a_write_and_see_what_was_flushed,
		projects_are_ensured_beside_a_write,
		a_part_that_can_not_be_stored_fails_alone,
		a_flush_without_writes_is_fine,
	};
	int failed = EXIT_SUCCESS;

	for (kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++)
		if (run_suite(kinds[kind].name, tests, sizeof(tests) / sizeof(tests[0])) !=
		    EXIT_SUCCESS)
			failed = EXIT_FAILURE;
	return failed;
}
