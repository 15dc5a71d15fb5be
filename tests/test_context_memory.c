/*
 * Contexts without memory: the n-th allocation fails, for every n.
 */
#include <errno.h>

#include "sync/testing.h"
#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"

enum { OBJECTS = 40 };

static struct bothy_object objects[OBJECTS];
static bothy_ref *refs[OBJECTS];
static bothy_capture *capture;
static int destroyed, deferred; /* callbacks that ran */
static int set, defers;         /* ... and that must */

static void count_destroyed(void *arg)
{
	(void)arg;
	destroyed++;
}

static void count_deferred(void *arg)
{
	(void)arg;
	deferred++;
}

/* Keys are the objects' addresses.  Each returns the first error. */

static int use_refs(void)
{
	int error = 0;

	for (int i = 0; i < OBJECTS && error == 0; i++)
		error = bothy_object_set_ref(&objects[i], refs[i]);
	return error;
}

static int use_locals(void)
{
	int error = 0;

	for (int i = 0; i < OBJECTS && error == 0; i++) {
		error = bothy_local_set(&objects[i], refs[i], count_destroyed);
		set += error == 0;
	}
	return error;
}

static int use_deferred(void)
{
	int error = 0;

	for (int i = 0; i < OBJECTS && error == 0; i++) {
		error = bothy_context_defer(count_deferred, NULL);
		defers += error == 0;
	}
	return error;
}

static int use_memory(void)
{
	for (size_t i = 1; i <= 64 * 1024; i *= 2)
		if (bothy_context_alloc(i) == NULL)
			return -ENOMEM;
	return 0;
}

static int use_context(void)
{
	int error = use_refs();

	if (error == 0)
		error = use_locals();
	if (error == 0)
		error = use_deferred();
	if (error == 0)
		error = use_memory();
	(void)bothy_fail(1, "a text that needs memory");
	if (error == 0)
		error = bothy_context_capture(&capture);
	return error;
}

static int adopt_captured(void)
{
	bothy_context *context;
	int error = bothy_context_adopt(capture, &context);

	return error < 0 ? error : bothy_context_exit(context);
}

/* Enter, use all there is, adopt what was captured, and leave. */
static int live_once(void)
{
	bothy_context *outer, *context;
	int error = bothy_context_enter(NULL, "ann", "p", NULL, &outer);
	int left;

	if (error < 0)
		return error;
	error = bothy_context_enter(recorder.server, "bob", "q", NULL, &context);
	if (error == 0)
		error = use_context();
	if (capture != NULL)
		error = adopt_captured();
	left = bothy_context_exit(outer);
	return error == 0 && left != -EBUSY ? left : error;
}

static int live_with_failing_allocation(unsigned long n, bool *ret_failed)
{
	int error;

	capture = NULL;
	destroyed = deferred = set = defers = 0;
	support_fail_allocation(n);
	error = live_once();
	*ret_failed = support_allocation_failed();
	support_fail_allocation(0);
	bothy_capture_release(capture);
	return error;
}

static void make_refs(void)
{
	for (int i = 0; i < OBJECTS; i++)
		refs[i] = ref_of("bob", "q", "x");
}

static void end_objects(void)
{
	for (int i = 0; i < OBJECTS; i++)
		bothy_object_fini(&objects[i]);
}

static void free_refs(void)
{
	for (int i = 0; i < OBJECTS; i++)
		bothy_ref_release(refs[i]);
}

START_TEST(a_context_survives_the_failure_of_any_allocation)
{
	bool failed = true;
	long live;

	recorder_open();
	make_refs();
	leave(enter("ann", "p"));
	live = support_live_allocations();
	for (unsigned long n = 1; failed; n++) {
		int error = live_with_failing_allocation(n, &failed);

		/* A text that is lost is no error. */
		ck_assert(error == 0 || (failed && error == -ENOMEM));
		ck_assert_int_eq(destroyed, set);
		ck_assert_int_eq(deferred, defers);
		ck_assert_uint_eq(bothy_context_id(), 0);
		end_objects();
		ck_assert_int_eq(support_live_allocations(), live);
		ck_assert_int_eq(recorder.slots, 0);
		ck_assert_int_eq(recorder.tokens, 0);
		ck_assert_uint_eq(testing_counts.contexts_ended, testing_counts.contexts_begun);
		ck_assert_msg(!failed || n < 1000, "no end to the allocations");
		(void)noted();
	}
	ck_assert_int_eq(set, OBJECTS);
	ck_assert_int_eq(defers, OBJECTS);
	free_refs();
	recorder_close();
	ck_assert_uint_eq(testing_counts.refs_destroyed, testing_counts.refs_made);
}
END_TEST

START_TEST(leaving_a_context_needs_no_memory)
{
	bothy_context *context;
	int said;

	recorder_open();
	make_refs();
	context = enter_recorded("ann", "p");
	ck_assert_int_eq(use_context(), 0);
	support_fail_allocation(1);
	said = bothy_context_exit(context);
	ck_assert(!support_allocation_failed());
	support_fail_allocation(0);
	ck_assert_int_eq(said, 0);
	bothy_capture_release(capture);
	end_objects();
	free_refs();
	recorder_close();
}
END_TEST

START_TEST(clients_and_servers_report_that_there_is_no_memory)
{
	const struct bothy_server_ops ops = {.size = sizeof(ops)};
	bothy_server *server = NULL;
	bothy_client *client = NULL;
	int error;

	support_fail_allocation(1);
	error = bothy_server_new(&ops, NULL, &server);
	ck_assert_int_eq(error, -ENOMEM);
	support_fail_allocation(1);
	error = bothy_client_new(NULL, "ann", "p", &client);
	support_fail_allocation(0);
	ck_assert_int_eq(error, -ENOMEM);
	ck_assert_ptr_null(server);
	ck_assert_ptr_null(client);
}
END_TEST

START_TEST(the_global_client_is_set_without_memory)
{
	bothy_client *client = NULL;
	int error;

	ck_assert_int_eq(bothy_client_new(NULL, "ann", "p", &client), 0);
	support_fail_allocation(1);
	error = bothy_client_set_global(client);
	support_fail_allocation(0);
	ck_assert_int_eq(error, 0);
	bothy_client_release(client);
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_context_survives_the_failure_of_any_allocation,
		leaving_a_context_needs_no_memory,
		clients_and_servers_report_that_there_is_no_memory,
		the_global_client_is_set_without_memory,
	};

	return run_suite("context_memory", tests, sizeof(tests) / sizeof(tests[0]));
}
