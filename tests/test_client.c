/*
 * Clients, and the global one.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"

static bothy_client *client_of(const char *entity)
{
	bothy_client *client = NULL;

	ck_assert_int_eq(bothy_client_new(NULL, entity, "p", &client), 0);
	return client;
}

static void set_global(bothy_client *client)
{
	ck_assert_int_eq(bothy_client_set_global(client), 0);
}

/* Make ENTITY's client the global one, with no hold left but the library's. */
static void set_global_of(const char *entity)
{
	bothy_client *client = client_of(entity);

	set_global(client);
	bothy_client_release(client);
}

START_TEST(bad_names_are_refused)
{
	bothy_client *client = NULL;

	ck_assert_int_eq(bothy_client_new(NULL, NULL, "p", &client), -EINVAL);
	ck_assert_int_eq(bothy_client_new(NULL, "ann", NULL, &client), -EINVAL);
	ck_assert_int_eq(bothy_client_new(NULL, "", "p", &client), -EINVAL);
	ck_assert_int_eq(bothy_client_new(NULL, "ann", "p/q", &client), -EINVAL);
	ck_assert_int_eq(bothy_client_new(NULL, "ann:", "p", &client), -EINVAL);
	ck_assert_int_eq(bothy_client_new(NULL, "ann", "p", NULL), -EINVAL);
	ck_assert_ptr_null(client);
	ck_assert_ptr_null(bothy_client_entity(NULL));
	ck_assert_ptr_null(bothy_client_project(NULL));
	bothy_client_release(NULL);
}
END_TEST

START_TEST(the_global_client_is_seen_outside_any_context)
{
	bothy_client *required = NULL;

	ck_assert_ptr_null(bothy_client_current());
	ck_assert_int_eq(bothy_client_require(&required), -ENOENT);
	set_global_of("ann");
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
	ck_assert_int_eq(bothy_client_require(&required), 0);
	ck_assert_ptr_eq(required, bothy_client_current());
	set_global(NULL);
	ck_assert_ptr_null(bothy_client_current());
}
END_TEST

START_TEST(the_global_client_is_not_seen_in_a_context)
{
	bothy_context *context;

	set_global_of("global");
	context = enter("ann", "p");
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
	leave(context);
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "global");
	set_global(NULL);
}
END_TEST

START_TEST(a_client_that_was_global_is_valid_for_ever)
{
	bothy_client *before;

	set_global_of("ann");
	before = bothy_client_current();
	set_global_of("bob");
	set_global(NULL);
	ck_assert_str_eq(bothy_client_entity(before), "ann");
}
END_TEST

START_TEST(setting_the_same_client_again_adds_nothing)
{
	bothy_client *ann = client_of("ann"), *bob = client_of("bob");
	long live;

	set_global(ann);
	set_global(bob);
	live = support_live_allocations();
	for (int i = 0; i < 1000; i++) {
		set_global(ann);
		set_global(bob);
		set_global(bob);
	}
	ck_assert_int_eq(support_live_allocations(), live);
	bothy_client_release(ann);
	bothy_client_release(bob);
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "bob");
	set_global(ann);
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
	set_global(NULL);
}
END_TEST

/* ---- on a pool's threads -------------------------------------------------------------- */

static void check_none(void)
{
	bothy_client *client;

	ck_assert_ptr_null(bothy_client_current());
	ck_assert_int_eq(bothy_client_require(&client), -ENOENT);
	ck_assert_uint_eq(bothy_context_id(), 0);
}

static void check_none_arg(void *arg)
{
	check_none();
	note(arg);
}

static pthread_key_t thread_key;

static int init_worker(void *user, void **ret_local)
{
	(void)user;
	(void)ret_local;
	check_none();
	ck_assert_int_eq(pthread_setspecific(thread_key, "thread end"), 0);
	note("init");
	return 0;
}

static int init_worker_alone(void *user, void **ret_local)
{
	(void)user;
	(void)ret_local;
	check_none();
	note("init");
	return 0;
}

static void fini_worker(void *user, void *local)
{
	(void)user;
	(void)local;
	check_none();
	note("fini");
}

static int check_ann(void *arg, void **ret_result)
{
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "ann");
	*ret_result = "result";
	note(arg);
	return 0;
}

START_TEST(a_pools_threads_never_see_the_global_client)
{
	const struct bothy_pool_options options = {
		.size = sizeof(options),
		.workers = 1,
		.worker_init = init_worker,
		.worker_fini = fini_worker,
	};
	const struct bothy_job job =
		BOTHY_JOB(.entity = "ann", .project = "p", .fn = check_ann, .arg = "job",
	                  .arg_free = check_none_arg, .result_free = check_none_arg);

	set_global_of("global");
	/* Two keys: the destructor of one runs before the library's own, the other's after. */
	ck_assert_int_eq(pthread_key_create(&thread_key, check_none_arg), 0);
	ck_assert_int_eq(bothy_pool_new(NULL, &options, &pool), 0);
	ck_assert_int_eq(bothy_submit(pool, &job, NULL), 0);
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_noted("init job job result fini thread end");
	pthread_key_delete(thread_key);
	set_global(NULL);
}
END_TEST

static int set_thread_key(void *arg, void **ret_result)
{
	(void)ret_result;
	ck_assert_int_eq(pthread_setspecific(thread_key, arg), 0);
	return 0;
}

START_TEST(nor_do_the_destructors_of_later_keys)
{
	set_global_of("global");
	pool_of(1);
	ck_assert_int_eq(pthread_key_create(&thread_key, check_none_arg), 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = set_thread_key, .arg = "thread end"))), 0);
	bothy_pool_free(pool);
	pool = NULL;
	ck_assert_noted("thread end");
	pthread_key_delete(thread_key);
	set_global(NULL);
}
END_TEST

START_TEST(nor_does_a_thread_without_memory_for_its_pointer)
{
	set_global_of("global");
	leave(enter("ann", "p"));
	support_fail_value(1); /* the worker's first */
	pool_with((struct bothy_pool_options){.workers = 1, .worker_init = init_worker_alone});
	ck_assert(support_value_failed());
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.fn = check_ann, .arg = "job", .arg_free = check_none_arg,
	                                .result_free = check_none_arg))),
		0);
	bothy_pool_free(pool); /* the worker may have the last hold on the result */
	pool = NULL;
	ck_assert_noted("init job job result");
	set_global(NULL);
}
END_TEST

START_TEST(a_callback_without_memory_for_the_pointer_belongs_to_no_context_either)
{
	set_global_of("global");
	recorder_open();
	recorder.in_destroy = check_none;
	support_fail_value(1);
	bothy_server_release(recorder.server);
	ck_assert(support_value_failed());
	ck_assert_noted("destroy");
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "global");

	recorder_open();
	recorder.in_destroy = check_none;
	support_fail_value(0);
	bothy_server_release(recorder.server);
	ck_assert_noted("destroy");
	ck_assert_str_eq(bothy_client_entity(bothy_client_current()), "global");
	set_global(NULL);
}
END_TEST

/* ---- swapped while it is read --------------------------------------------------------- */

enum { READERS = 4, SWAPS = 20000 };

static atomic_bool over;

static void *read_often(void *arg)
{
	unsigned long n = 0;

	(void)arg;
	gate_wait(&gate);
	while (!atomic_load(&over) || n == 0) {
		const char *entity = bothy_client_entity(bothy_client_current());

		ck_assert(strcmp(entity, "ann") == 0 || strcmp(entity, "bob") == 0);
		n++;
	}
	return NULL;
}

START_TEST(swapping_it_while_it_is_read_shows_the_old_one_or_the_new)
{
	bothy_client *ann = client_of("ann"), *bob = client_of("bob");
	pthread_t threads[READERS];

	set_global(ann);
	for (int i = 0; i < READERS; i++)
		threads[i] = support_thread(read_often, NULL);
	gate_await(&gate, READERS);
	gate_open(&gate);
	for (int i = 0; i < SWAPS; i++) {
		set_global(i % 2 == 0 ? bob : ann);
		if (i % 100 == 0)
			set_global_of(i % 200 == 0 ? "ann" : "bob");
	}
	atomic_store(&over, true);
	for (int i = 0; i < READERS; i++)
		support_join(threads[i]);
	set_global(NULL);
	bothy_client_release(ann);
	bothy_client_release(bob);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		bad_names_are_refused,
		the_global_client_is_seen_outside_any_context,
		the_global_client_is_not_seen_in_a_context,
		a_client_that_was_global_is_valid_for_ever,
		setting_the_same_client_again_adds_nothing,
		a_pools_threads_never_see_the_global_client,
		nor_do_the_destructors_of_later_keys,
		nor_does_a_thread_without_memory_for_its_pointer,
		a_callback_without_memory_for_the_pointer_belongs_to_no_context_either,
		swapping_it_while_it_is_read_shows_the_old_one_or_the_new,
	};

	return run_suite("client", tests, sizeof(tests) / sizeof(tests[0]));
}
