/*
 * Publishing: what is stored, what is not stored again, and whose ref the object has then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"
#include "tests/trace/traced.h"

/* Items that the server has stored. */
static uint64_t stored(void)
{
	struct bothy_server_stats stats = {.size = sizeof(stats)};

	traced_flush();
	ck_assert_int_eq(bothy_server_stats(traced.server, &stats), 0);
	return stats.stored;
}

/* ---- what is stored --------------------------------------------------------------------- */

START_TEST(a_published_value_is_stored_under_its_digest)
{
	bothy_ref *ref = publish_thing(NULL, " { \"a\":1 } ");

	ck_assert_str_eq(uri_of(ref), "weave:///ann/p/object/thing:"
	                              "XdhgKMbg1k4iUYb5astpM4ssWXZN95FiEH9cS7NNExA");
	ck_assert_str_eq(fetch_uri(uri_of(ref)), "{\"a\": 1}");
	ck_assert_uint_eq(stored_versions("thing"), 1);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(each_value_is_one_more_version)
{
	struct bothy_object object = {0};

	bothy_ref_release(publish_thing(&object, "1"));
	bothy_ref_release(publish_thing(&object, "2"));
	ck_assert_uint_eq(stored_versions("thing"), 2);
	ck_assert_str_eq(fetch_uri("weave:///ann/p/object/thing:latest"), "2");
	bothy_object_fini(&object);
}
END_TEST

START_TEST(the_latest_version_is_the_one_published_last_though_it_is_not_stored_yet)
{
	bothy_ref_release(publish_thing(NULL, "1"));
	traced_flush();
	bothy_ref_release(publish_thing(NULL, "2"));
	ck_assert_str_eq(fetch_uri("weave:///ann/p/object/thing:latest"), "2");
}
END_TEST

/* ---- the object's ref ------------------------------------------------------------------- */

START_TEST(the_object_has_the_very_ref_that_is_returned)
{
	struct bothy_object object = {0};
	bothy_ref *ref = publish_thing(&object, "1"), *got = NULL;

	ck_assert_int_eq(bothy_object_get_ref(&object, &got), 0);
	ck_assert_ptr_eq(got, ref);
	bothy_ref_release(got);
	bothy_ref_release(ref);
	ck_assert_int_eq(bothy_publish(&object, "thing", "2", 1, NULL), 0);
	ck_assert_ref(&object, "thing");
	bothy_object_fini(&object);
}
END_TEST

START_TEST(what_this_context_knows_as_stored_is_not_stored_again)
{
	struct bothy_object object = {0};
	bothy_ref *ref = publish_thing(&object, "{\"a\": 1}");
	bothy_ref *again = publish_thing(&object, "{\"a\":1}");

	ck_assert(bothy_ref_equal(ref, again));
	ck_assert_int_eq(bothy_publish(&object, "thing", "{\"a\": 1}", 8, NULL), 0);
	ck_assert_uint_eq(stored(), 1);
	bothy_ref_release(ref);
	bothy_ref_release(again);
	bothy_object_fini(&object);
}
END_TEST

START_TEST(another_name_or_value_is_stored)
{
	struct bothy_object object = {0};
	bothy_ref *ref = NULL;

	bothy_ref_release(publish_thing(&object, "1"));
	ck_assert_int_eq(bothy_publish(&object, "other", "1", 1, &ref), 0);
	ck_assert_str_eq(bothy_ref_name(ref), "other");
	ck_assert_uint_eq(stored(), 2);
	bothy_ref_release(publish_thing(&object, "2"));
	ck_assert_uint_eq(stored(), 3);
	bothy_ref_release(ref);
	bothy_object_fini(&object);
}
END_TEST

START_TEST(without_an_object_each_call_stores_and_the_server_keeps_one)
{
	bothy_ref_release(publish_thing(NULL, "1"));
	bothy_ref_release(publish_thing(NULL, "1"));
	ck_assert_uint_eq(stored(), 2);
	ck_assert_uint_eq(stored_versions("thing"), 1);
}
END_TEST

START_TEST(what_another_context_of_the_project_put_on_the_object_does_not_count)
{
	struct bothy_object object = {0};
	bothy_context *inner;

	bothy_ref_release(publish_thing(&object, "1"));
	inner = traced_enter("ann");
	ck_assert_ref(&object, "thing"); /* the last one */
	bothy_ref_release(publish_thing(&object, "1"));
	leave(inner);
	ck_assert_uint_eq(stored(), 2);
	bothy_object_fini(&object);
}
END_TEST

START_TEST(a_ref_that_names_something_else_does_not_count)
{
	struct bothy_object object = {0};
	bothy_ref *ref = publish_thing(NULL, "1"), *foreign = NULL, *part = NULL;

	ck_assert_int_eq(bothy_ref_new_object("bob", "p", "thing", bothy_ref_digest(ref), &foreign),
	                 0);
	ck_assert_int_eq(bothy_object_set_ref(&object, foreign), 0);
	bothy_ref_release(publish_thing(&object, "1"));
	ck_assert_uint_eq(stored(), 2);
	ck_assert_int_eq(bothy_ref_extend(ref, BOTHY_REF_KEY, "k", &part), 0);
	ck_assert_int_eq(bothy_object_set_ref(&object, part), 0);
	bothy_ref_release(publish_thing(&object, "1"));
	ck_assert_uint_eq(stored(), 3);
	bothy_ref_release(ref);
	bothy_ref_release(foreign);
	bothy_ref_release(part);
	bothy_object_fini(&object);
}
END_TEST

START_TEST(tenants_that_publish_one_object_see_their_own_refs)
{
	struct bothy_object object = {0};
	bothy_ref *anns = publish_thing(&object, "1"), *bobs;
	bothy_context *bob = traced_enter("bob");

	ck_assert_ref(&object, NULL);
	bobs = publish_thing(&object, "1");
	ck_assert_str_eq(bothy_ref_entity(bobs), "bob");
	ck_assert_str_eq(fetch_uri(uri_of(bobs)), "1");
	ck_assert_int_eq(fetch_error(uri_of(anns)), -EACCES);
	leave(bob);
	bothy_ref_release(bobs);
	bobs = NULL;
	ck_assert_int_eq(bothy_object_get_ref(&object, &bobs), 0);
	ck_assert_ptr_eq(bobs, anns);
	bothy_ref_release(bobs);
	bothy_ref_release(anns);
	bothy_object_fini(&object);
}
END_TEST

/* ---- what is fetched, published again ---------------------------------------------------- */

START_TEST(a_fetched_value_is_known_as_stored)
{
	bothy_ref *ref = publish_thing(NULL, "[1, 2]");
	bothy_value *value = NULL;
	const char *json;
	size_t bytes;

	ck_assert_int_eq(bothy_fetch(ref, &value), 0);
	json = bothy_value_json(value, &bytes);
	ck_assert_int_eq(bothy_publish(bothy_value_object(value), "thing", json, bytes, NULL), 0);
	ck_assert_uint_eq(stored(), 1);
	bothy_value_release(value);
	bothy_ref_release(ref);
}
END_TEST

/* ---- when it goes wrong --------------------------------------------------------------------- */

START_TEST(without_memory_nothing_is_recorded_and_the_refs_are_as_they_were)
{
	struct bothy_object object = {0};
	bothy_ref *ref = NULL;
	bool failed = true;

	put_ref(&object, "ann", "p", "old");
	for (unsigned long n = 1; failed; n++) {
		int error;

		traced_flush();
		support_fail_allocation(n);
		error = bothy_publish(&object, "thing", "{\"a\": [1, 2]}", 13, &ref);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		ck_assert_ref(&object, failed ? "old" : "thing");
		ck_assert_uint_eq(stored(), failed ? 0 : 1);
	}
	bothy_ref_release(ref);
	bothy_object_fini(&object);
}
END_TEST

/* ---- with a server that fails ----------------------------------------------------------------- */

static int publish_in_job(void *arg, void **ret_result)
{
	(void)ret_result;
	ck_assert_int_eq(bothy_publish(arg, "thing", "1", 1, NULL), 0);
	return 7;
}

START_TEST(a_write_that_fails_is_told_by_flush_and_never_masks_a_jobs_outcome)
{
	static const enum shelf_op failing[] = {OBJ_CREATE, FLUSH};
	struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};
	static struct bothy_object object;

	ck_assert_int_eq(bothy_pool_new(traced.server, &options, &pool), 0);
	for (int i = 0; i < 2; i++) {
		atomic_store(&traced.shelf->codes[failing[i]], -ENOSPC);
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = publish_in_job, .arg = &object))),
		                 7);
		ck_assert_int_eq(bothy_client_flush(traced.client, BOTHY_FOREVER), -ENOSPC);
		ck_assert_int_eq(atomic_load(&traced.shelf->failed_error), -ENOSPC);
		atomic_store(&traced.shelf->codes[failing[i]], 0);
		ck_assert_int_eq(bothy_client_flush(traced.client, BOTHY_FOREVER), 0);
		ck_assert_uint_eq(stored_versions("thing"), (size_t)i);
	}
	bothy_pool_free(pool);
	pool = NULL;
	bothy_object_fini(&object);
}
END_TEST

START_TEST(what_was_lost_can_be_published_again)
{
	static struct bothy_object object;
	bothy_table *table;

	ck_assert_int_eq(bothy_table_new(&table), 0);
	for (int i = 0; i < 2; i++) {
		atomic_store(&traced.shelf->codes[FLUSH], i == 0 ? -ENOSPC : 0);
		ck_assert_int_eq(bothy_publish(&object, "thing", "1", 1, NULL), 0);
		ck_assert_int_eq(bothy_table_publish(table, NULL), 0);
		ck_assert_int_eq(bothy_client_flush(NULL, BOTHY_FOREVER), i == 0 ? -ENOSPC : 0);
	}
	ck_assert_uint_eq(stored_versions("thing"), 1);
	ck_assert_int_ge(traced.shelf->asked[TABLE_CREATE], 3); /* at first twice */
	bothy_table_release(table);
	bothy_object_fini(&object);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_published_value_is_stored_under_its_digest,
		each_value_is_one_more_version,
		the_latest_version_is_the_one_published_last_though_it_is_not_stored_yet,
		the_object_has_the_very_ref_that_is_returned,
		what_this_context_knows_as_stored_is_not_stored_again,
		another_name_or_value_is_stored,
		without_an_object_each_call_stores_and_the_server_keeps_one,
		what_another_context_of_the_project_put_on_the_object_does_not_count,
		a_ref_that_names_something_else_does_not_count,
		tenants_that_publish_one_object_see_their_own_refs,
		a_fetched_value_is_known_as_stored,
		without_memory_nothing_is_recorded_and_the_refs_are_as_they_were,
	};
	const TTest *const on_shelf[] = {
		a_write_that_fails_is_told_by_flush_and_never_masks_a_jobs_outcome,
		what_was_lost_can_be_published_again,
	};

	return run_on_every_server("publish", tests, sizeof(tests) / sizeof(tests[0])) |
	       run_on_shelf("publish", on_shelf, sizeof(on_shelf) / sizeof(on_shelf[0]));
}
