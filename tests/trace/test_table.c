/*
 * Tables: rows and digests, published and fetched, and shared by tenants.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"
#include "tests/trace/traced.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const three[] = {"{\"a\":1}", "[2]", "\"x\""};

/* Of their digests put together, as Python's hashlib has it. */
static const char digest_of_three[] =
	"6a50f720bd9403e54dd5a93826e9e3b294469ddec158144122836f213f3e9b0b";

static bothy_table *table_of(const char *const *rows, size_t n)
{
	bothy_table *table = NULL;

	ck_assert_int_eq(bothy_table_new(&table), 0);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(bothy_table_add(table, rows[i], strlen(rows[i])), 0);
	return table;
}

static uint64_t stored(void)
{
	struct bothy_server_stats stats = {.size = sizeof(stats)};

	traced_flush();
	ck_assert_int_eq(bothy_server_stats(traced.server, &stats), 0);
	return stats.stored;
}

/* ---- rows ------------------------------------------------------------------------------- */

START_TEST(a_row_has_its_canonical_text_and_digest)
{
	bothy_table *table = table_of(three, COUNT(three));
	const char *digest = NULL;
	size_t bytes = 0;

	ck_assert_uint_eq(bothy_table_count(table), 3);
	ck_assert_str_eq(bothy_table_row(table, 0, &bytes, &digest), "{\"a\": 1}");
	ck_assert_uint_eq(bytes, 8);
	ck_assert_str_eq(digest, "XdhgKMbg1k4iUYb5astpM4ssWXZN95FiEH9cS7NNExA");
	ck_assert_str_eq(bothy_table_row(table, 2, NULL, NULL), "\"x\"");
	ck_assert_ptr_null(bothy_table_row(table, 3, &bytes, &digest));
	bothy_table_release(table);
}
END_TEST

START_TEST(a_row_that_is_refused_changes_nothing)
{
	bothy_table *table = table_of(three, COUNT(three));

	ck_assert_int_eq(bothy_table_add(table, "{", 1), -EINVAL);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), "row"));
	ck_assert_uint_eq(bothy_table_count(table), 3);
	bothy_table_release(table);
}
END_TEST

/* A string of BYTES bytes, quotes and all. */
static char *long_text(size_t bytes)
{
	char *text = malloc(bytes + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', bytes);
	text[0] = text[bytes - 1] = '"';
	text[bytes] = '\0';
	return text;
}

START_TEST(rows_have_a_mebibyte_and_tables_three_and_a_half)
{
	char *text = long_text(BOTHY_VALUE_MAX + 1);
	bothy_table *table = table_of(NULL, 0);
	bothy_ref *ref = NULL;

	ck_assert_int_eq(bothy_table_add(table, text, BOTHY_VALUE_MAX + 1), -EMSGSIZE);
	text[BOTHY_VALUE_MAX - 1] = '"';
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(bothy_table_add(table, text, BOTHY_VALUE_MAX), 0);
	ck_assert_int_eq(bothy_table_add(table, text, BOTHY_VALUE_MAX), -EMSGSIZE);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), "table"));
	text[BOTHY_VALUE_MAX / 2 - 1] = '"';
	ck_assert_int_eq(bothy_table_add(table, text, BOTHY_VALUE_MAX / 2), 0);
	ck_assert_int_eq(bothy_table_add(table, "1", 1), -EMSGSIZE);
	ck_assert_uint_eq(bothy_table_count(table), 4);
	ck_assert_int_eq(bothy_table_publish(table, &ref), 0);
	bothy_table_release(table);
	ck_assert_int_eq(bothy_table_fetch(ref, 0, 0, &table), 0);
	ck_assert_uint_eq(bothy_table_count(table), 4);
	bothy_table_release(table);
	bothy_ref_release(ref);
	free(text);
}
END_TEST

/* ---- published and fetched ----------------------------------------------------------------- */

START_TEST(a_published_table_is_known_by_the_digest_of_its_rows_digests)
{
	bothy_table *table = table_of(three, COUNT(three));
	bothy_ref *ref = NULL, *got = NULL;

	ck_assert_int_eq(bothy_table_publish(table, &ref), 0);
	ck_assert_int_eq((int)bothy_ref_kind(ref), (int)BOTHY_REF_TABLE);
	ck_assert_str_eq(bothy_ref_digest(ref), digest_of_three);
	ck_assert_int_eq(bothy_object_get_ref(bothy_table_object(table), &got), 0);
	ck_assert_ptr_eq(got, ref);
	ck_assert_str_eq(fetch_uri(uri_of(ref)), "[{\"a\": 1}, [2], \"x\"]");
	bothy_ref_release(got);
	bothy_ref_release(ref);
	bothy_table_release(table);
}
END_TEST

START_TEST(a_table_without_rows_is_one_too)
{
	bothy_ref *ref = publish_rows(NULL, 0);
	bothy_table *table = NULL;

	ck_assert_str_eq(bothy_ref_digest(ref), "e3b0c44298fc1c149afbf4c8996fb924"
	                                        "27ae41e4649b934ca495991b7852b855");
	ck_assert_str_eq(fetch_uri(uri_of(ref)), "[]");
	ck_assert_int_eq(bothy_table_fetch(ref, 0, 0, &table), 0);
	ck_assert_uint_eq(bothy_table_count(table), 0);
	bothy_table_release(table);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(a_table_does_not_change_once_it_is_published_or_fetched)
{
	bothy_table *table = table_of(three, COUNT(three));
	bothy_ref *ref = NULL;

	ck_assert_int_eq(bothy_table_publish(table, &ref), 0);
	ck_assert_int_eq(bothy_table_add(table, "1", 1), -EBUSY);
	bothy_table_release(table);
	ck_assert_int_eq(bothy_table_fetch(ref, 0, 1, &table), 0);
	ck_assert_int_eq(bothy_table_add(table, "1", 1), -EBUSY);
	bothy_table_release(table);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(a_table_that_this_context_knows_is_not_stored_again)
{
	bothy_table *table = table_of(three, COUNT(three));
	bothy_context *inner;

	ck_assert_int_eq(bothy_table_publish(table, NULL), 0);
	ck_assert_int_eq(bothy_table_publish(table, NULL), 0);
	ck_assert_uint_eq(stored(), 1);
	inner = traced_enter("ann");
	ck_assert_int_eq(bothy_table_publish(table, NULL), 0);
	leave(inner);
	ck_assert_uint_eq(stored(), 2);
	bothy_table_release(table);
}
END_TEST

START_TEST(a_fetched_table_has_its_rows_in_order_and_the_ref)
{
	bothy_ref *ref = publish_rows(three, COUNT(three)), *got = NULL;
	bothy_table *table = NULL;
	const char *digest;

	ck_assert_int_eq(bothy_table_fetch(ref, 0, 0, &table), 0);
	ck_assert_uint_eq(bothy_table_count(table), 3);
	ck_assert_str_eq(bothy_table_row(table, 0, NULL, NULL), "{\"a\": 1}");
	ck_assert_str_eq(bothy_table_row(table, 1, NULL, &digest), "[2]");
	ck_assert_str_eq(digest, "A4lm3p9rmpAbILTGyosqRgCf7r4DG6vIQtQ2kMC8Iis");
	ck_assert_int_eq(bothy_object_get_ref(bothy_table_object(table), &got), 0);
	ck_assert_ptr_eq(got, ref);
	ck_assert_int_eq(bothy_table_publish(table, NULL), 0);
	ck_assert_uint_eq(stored(), 1);
	bothy_ref_release(got);
	bothy_table_release(table);
	bothy_ref_release(ref);
}
END_TEST

/* The texts of N rows of the table that REF names, from OFFSET on. */
static const char *page(const bothy_ref *ref, size_t offset, size_t limit)
{
	static char text[256];
	bothy_table *table = NULL;

	ck_assert_int_eq(bothy_table_fetch(ref, offset, limit, &table), 0);
	text[0] = '\0';
	for (size_t i = 0; i < bothy_table_count(table); i++) {
		strcat(text, bothy_table_row(table, i, NULL, NULL));
		strcat(text, ";");
	}
	bothy_table_release(table);
	return text;
}

START_TEST(a_page_has_the_rows_that_were_asked_for)
{
	bothy_ref *ref = publish_rows(three, COUNT(three));

	ck_assert_str_eq(page(ref, 0, 2), "{\"a\": 1};[2];");
	ck_assert_str_eq(page(ref, 2, 2), "\"x\";");
	ck_assert_str_eq(page(ref, 1, 0), "[2];\"x\";");
	ck_assert_str_eq(page(ref, 3, 1), "");
	ck_assert_str_eq(page(ref, SIZE_MAX, SIZE_MAX), "");
	ck_assert_str_eq(page(ref, 1, SIZE_MAX), "[2];\"x\";");
	bothy_ref_release(ref);
}
END_TEST

START_TEST(a_page_is_a_table_of_its_own_without_a_ref)
{
	bothy_ref *ref = publish_rows(three, COUNT(three)), *part = NULL;
	bothy_table *table = NULL;

	ck_assert_int_eq(bothy_table_fetch(ref, 1, 2, &table), 0);
	ck_assert_int_eq(bothy_object_get_ref(bothy_table_object(table), &part), -ENOENT);
	ck_assert_int_eq(bothy_table_publish(table, &part), 0);
	ck_assert_str_ne(bothy_ref_digest(part), bothy_ref_digest(ref));
	ck_assert_str_eq(fetch_uri(uri_of(part)), "[[2], \"x\"]");
	bothy_table_release(table);
	bothy_ref_release(ref);
	bothy_ref_release(part);
}
END_TEST

START_TEST(no_such_table_or_none_of_this_project)
{
	bothy_ref *ref = publish_rows(three, COUNT(three)), *other = NULL;
	bothy_table *table = NULL;
	bothy_context *bob;

	ck_assert_int_eq(bothy_ref_new_table("ann", "p", "0000", &other), 0);
	ck_assert_int_eq(bothy_table_fetch(other, 0, 0, &table), -ENOENT);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), "0000"));
	bothy_ref_release(other);
	bob = traced_enter("bob");
	ck_assert_int_eq(bothy_table_fetch(ref, 0, 0, &table), -EACCES);
	ck_assert_int_eq(bothy_ref_new_table("bob", "p", bothy_ref_digest(ref), &other), 0);
	ck_assert_int_eq(bothy_table_fetch(other, 0, 0, &table), -ENOENT);
	leave(bob);
	ck_assert_ptr_null(table);
	bothy_ref_release(other);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(a_ref_that_is_no_tables_is_refused)
{
	bothy_ref *ref = publish_thing(NULL, "[1]");
	bothy_table *table = NULL;

	ck_assert_int_eq(bothy_table_fetch(ref, 0, 0, &table), -EINVAL);
	ck_assert_ptr_null(table);
	bothy_ref_release(ref);
}
END_TEST

static int count_row(void *user, const struct bothy_table_row *row)
{
	ck_assert_uint_eq(row->index, *(size_t *)user + 1);
	ck_assert_str_eq(row->json, three[row->index]);
	++*(size_t *)user;
	return row->index == 2 ? 42 : 0;
}

START_TEST(the_rows_are_told_one_by_one_until_each_has_enough)
{
	bothy_ref *ref = publish_rows(three, COUNT(three));
	struct bothy_table_query query = {
		.size = sizeof(query),
		.digest = bothy_ref_digest(ref),
		.offset = 1,
	};
	size_t n = 0;

	traced_flush();
	ck_assert_int_eq(bothy_table_rows(traced.client, &query, count_row, &n), 42);
	ck_assert_uint_eq(n, 2);
	query.digest = "0000";
	ck_assert_int_eq(bothy_table_rows(traced.client, &query, count_row, &n), -ENOENT);
	bothy_ref_release(ref);
}
END_TEST

/* ---- shared ------------------------------------------------------------------------------------ */

enum { TENANTS = 4, ROUNDS = 50 };

static bothy_table *shared;

static void *publish_shared(void *arg)
{
	const char *entity = arg;

	gate_wait(&gate);
	for (int i = 0; i < ROUNDS; i++) {
		bothy_context *context = traced_enter(entity);
		bothy_ref *ref = NULL, *got = NULL;

		ck_assert_int_eq(bothy_table_publish(shared, &ref), 0);
		ck_assert_int_eq(bothy_object_get_ref(bothy_table_object(shared), &got), 0);
		ck_assert_str_eq(bothy_ref_entity(got), entity);
		ck_assert_ptr_eq(got, ref);
		if (i == 0)
			ck_assert_str_eq(fetch_uri(uri_of(ref)), "[{\"a\": 1}, [2], \"x\"]");
		bothy_ref_release(got);
		bothy_ref_release(ref);
		leave(context);
	}
	return NULL;
}

START_TEST(tenants_that_share_a_table_see_their_own_refs)
{
	static char entities[TENANTS][4] = {"ann", "bob", "cyd", "dan"};
	pthread_t threads[TENANTS];

	shared = table_of(three, COUNT(three));
	ck_assert_int_eq(bothy_table_publish(shared, NULL), 0);
	for (int i = 0; i < TENANTS; i++)
		threads[i] = support_thread(publish_shared, entities[i]);
	gate_await(&gate, TENANTS);
	gate_open(&gate);
	for (int i = 0; i < TENANTS; i++)
		support_join(threads[i]);
	bothy_table_release(shared); /* the writer may have the last hold */
}
END_TEST

/* ---- without memory ------------------------------------------------------------------------------- */

START_TEST(without_memory_a_row_is_not_added)
{
	bothy_table *table = table_of(NULL, 0);

	for (int row = 0; row < 10; row++) {
		bool failed = true;

		for (unsigned long n = 1; failed; n++) {
			int error;

			support_fail_allocation(n);
			error = bothy_table_add(table, "[1, 2]", 6);
			failed = support_allocation_failed();
			support_fail_allocation(0);
			ck_assert_int_eq(error, failed ? -ENOMEM : 0);
			ck_assert_uint_eq(bothy_table_count(table), (size_t)row + !failed);
		}
	}
	bothy_table_release(table);
}
END_TEST

START_TEST(without_memory_a_table_is_not_published_and_may_still_grow)
{
	bothy_table *table = table_of(three, COUNT(three));
	bothy_ref *ref = NULL;
	bool failed = true;

	for (unsigned long n = 1; failed; n++) {
		int error;

		traced_flush();
		support_fail_allocation(n);
		error = bothy_table_publish(table, &ref);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		ck_assert_uint_eq(stored(), failed ? 0 : 1);
		if (failed)
			ck_assert_int_eq(bothy_table_add(table, "1", 1), 0);
	}
	bothy_ref_release(ref);
	bothy_table_release(table);
}
END_TEST

START_TEST(without_memory_for_a_fetch_nothing_is_left)
{
	bothy_ref *ref = publish_rows(three, COUNT(three));
	bothy_table *table = NULL;
	bool failed = true;

	for (unsigned long n = 1; failed; n++) {
		int error;

		traced_flush();
		support_fail_allocation(n);
		error = bothy_table_fetch(ref, 0, 0, &table);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		ck_assert(failed == (table == NULL));
	}
	bothy_table_release(table);
	bothy_ref_release(ref);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_row_has_its_canonical_text_and_digest,
		a_row_that_is_refused_changes_nothing,
		rows_have_a_mebibyte_and_tables_three_and_a_half,
		a_published_table_is_known_by_the_digest_of_its_rows_digests,
		a_table_without_rows_is_one_too,
		a_table_does_not_change_once_it_is_published_or_fetched,
		a_table_that_this_context_knows_is_not_stored_again,
		a_fetched_table_has_its_rows_in_order_and_the_ref,
		a_page_has_the_rows_that_were_asked_for,
		a_page_is_a_table_of_its_own_without_a_ref,
		no_such_table_or_none_of_this_project,
		a_ref_that_is_no_tables_is_refused,
		the_rows_are_told_one_by_one_until_each_has_enough,
		tenants_that_share_a_table_see_their_own_refs,
		without_memory_a_row_is_not_added,
		without_memory_a_table_is_not_published_and_may_still_grow,
		without_memory_for_a_fetch_nothing_is_left,
	};

	return run_on_every_server("table", tests, COUNT(tests));
}
