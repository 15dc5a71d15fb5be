/*
 * What a job sees, and what it does not: client, refs, locals, the server's slot; on every
 * way out.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sync/testing.h"
#include "tests/pool_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int run_for(const char *entity, bothy_fn *fn, void *arg)
{
	return outcome(start(
		BOTHY_JOB(.entity = entity, .project = "p", .fn = fn, .arg = arg)));
}

/* ---- the client ------------------------------------------------------------------------- */

static int is_my_client(void *arg, void **ret_result)
{
	bothy_client *client = NULL;

	(void)ret_result;
	if (bothy_client_require(&client) < 0 || client != bothy_client_current())
		return 1;
	return strcmp(bothy_client_entity(client), arg) == 0 &&
	                       strcmp(bothy_client_project(client), "p") == 0
	               ? 0
	               : 2;
}

START_TEST(inside_a_job_the_client_is_the_jobs_own_whatever_the_global_one_is)
{
	bothy_client *global;
	char ann[] = "ann", bob[] = "bob";

	ck_assert_int_eq(bothy_client_new(NULL, "everyone", "g", &global), 0);
	ck_assert_int_eq(bothy_client_set_global(global), 0);
	pool_of(1);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(run_for("ann", is_my_client, ann), 0);
		ck_assert_int_eq(run_for("bob", is_my_client, bob), 0);
	}
	ck_assert_int_eq(bothy_run_here(NULL,
	                                &BOTHY_JOB(.entity = "ann", .project = "p",
	                                           .fn = is_my_client, .arg = ann),
	                                NULL),
	                 0);
	ck_assert_ptr_eq(bothy_client_current(), global);
	ck_assert_int_eq(bothy_client_set_global(NULL), 0);
	bothy_client_release(global);
}
END_TEST

static bool client_in_callback;

static void look_for_client(void *arg)
{
	(void)arg;
	client_in_callback = bothy_client_current() != NULL || bothy_context_id() != 0;
}

START_TEST(callbacks_of_nobody_see_no_client_not_even_the_global_one)
{
	bothy_client *global;

	ck_assert_int_eq(bothy_client_new(NULL, "everyone", "g", &global), 0);
	ck_assert_int_eq(bothy_client_set_global(global), 0);
	pool_of(1);
	client_in_callback = false;
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.fn = nothing, .arg = &freed, .arg_free = look_for_client))),
		0);
	ck_assert(!client_in_callback);
	bothy_client_set_global(NULL);
	bothy_client_release(global);
}
END_TEST

/* ---- ids ------------------------------------------------------------------------------------ */

static int give_id(void *arg, void **ret_result)
{
	(void)ret_result;
	*(uint64_t *)arg = bothy_context_id();
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

START_TEST(no_two_contexts_ever_have_one_id)
{
	enum { N = 20000 };
	static uint64_t ids[N];

	pool_of(4);
	for (int i = 0; i < N; i++)
		start_and_forget(BOTHY_JOB(.fn = give_id, .arg = &ids[i]));
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	qsort(ids, N, sizeof(ids[0]), compare_ids);
	ck_assert_uint_ne(ids[0], 0);
	for (int i = 1; i < N; i++)
		ck_assert_uint_ne(ids[i], ids[i - 1]);
}
END_TEST

/* ---- refs -------------------------------------------------------------------------------------- */

static struct bothy_object shared; /* between tenants, on purpose */
static int bare;                   /* the same, known by its address */

static bothy_ref *ref_of(const char *entity)
{
	bothy_ref *ref;

	ck_assert_int_eq(bothy_ref_new_object(entity, "p", "o", "d", &ref), 0);
	return ref;
}

/* Whose REF is: its entity's first letter.  Releases it. */
static int letter_of(bothy_ref *ref)
{
	int letter = bothy_ref_entity(ref)[0];

	bothy_ref_release(ref);
	return letter;
}

/* The same for the ref that is seen; 0 without one. */
static int letter_of_shared(void)
{
	bothy_ref *ref;

	return bothy_object_get_ref(&shared, &ref) == 0 ? letter_of(ref) : 0;
}

static int letter_of_bare(void)
{
	bothy_ref *ref;

	return bothy_address_get_ref(&bare, &ref) == 0 ? letter_of(ref) : 0;
}

static int read_shared(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return letter_of_shared() == letter_of_bare() ? letter_of_shared() : -1;
}

/* Set *ARG's ref, and keep it while others look. */
static int set_shared(void *arg, void **ret_result)
{
	bothy_ref *ref = ref_of(arg);

	(void)ret_result;
	if (bothy_object_set_ref(&shared, ref) < 0 || bothy_address_set_ref(&bare, ref) < 0)
		return 1;
	bothy_ref_release(ref);
	gate_wait(&gate);
	return read_shared(NULL, NULL) == ((const char *)arg)[0] ? 0 : 2;
}

static void end_shared(void)
{
	bothy_object_fini(&shared);
	bothy_address_forget(&bare);
}

START_TEST(second_tenant_sees_no_refs_of_first)
{
	bothy_future *ann, *bob;
	char a[] = "ann", b[] = "bob";

	pool_of(3);
	ann = start(BOTHY_JOB(.entity = "ann", .project = "p", .fn = set_shared, .arg = a));
	gate_await(&gate, 1);
	ck_assert_int_eq(run_for("bob", read_shared, NULL), 0);
	bob = start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = set_shared, .arg = b));
	gate_await(&gate, 1);
	/* Both are live, each with its own; and bob, who wrote last, is what his project sees. */
	ck_assert_int_eq(run_for("ann", read_shared, NULL), 0);
	ck_assert_int_eq(run_for("bob", read_shared, NULL), 'b');
	ck_assert_int_eq(run_for("cy", read_shared, NULL), 0);
	gate_open(&gate);
	ck_assert_int_eq(outcome(ann), 0);
	ck_assert_int_eq(outcome(bob), 0);
	end_shared();
}
END_TEST

static void check_fallback(enum bothy_ref_fallback refs, int own_project, int other_project)
{
	char a[] = "ann";

	pool_with((struct bothy_pool_options){.workers = 1, .refs = refs});
	gate_open(&gate);
	ck_assert_int_eq(run_for("ann", set_shared, a), 0);
	ck_assert_int_eq(run_for("ann", read_shared, NULL), own_project);
	ck_assert_int_eq(run_for("bob", read_shared, NULL), other_project);
	ck_assert_int_eq(letter_of_shared(), 'a'); /* outside any context */
	end_shared();
}

START_TEST(the_same_project_sees_its_last_ref_by_default)
{
	check_fallback(BOTHY_REFS_SAME_PROJECT, 'a', 0);
}
END_TEST

START_TEST(anybodys_last_ref_is_seen_only_if_asked_for)
{
	check_fallback(BOTHY_REFS_ANY, 'a', 'a');
}
END_TEST

START_TEST(without_fallback_only_the_contexts_own_refs_are_seen)
{
	check_fallback(BOTHY_REFS_NONE, 0, 0);
}
END_TEST

static int set_strangers(void *arg, void **ret_result)
{
	bothy_ref *ref = ref_of(arg);
	int error = bothy_object_set_ref(&shared, ref);

	(void)ret_result;
	bothy_ref_release(ref);
	return error < 0 ? 1 : letter_of_shared();
}

START_TEST(a_ref_that_names_another_project_is_the_setting_contexts_alone)
{
	char b[] = "bob";

	pool_of(1);
	/* ann's job says that bob's name is on it: neither project takes her word. */
	ck_assert_int_eq(run_for("ann", set_strangers, b), 'b');
	ck_assert_int_eq(run_for("ann", read_shared, NULL), 0);
	ck_assert_int_eq(run_for("bob", read_shared, NULL), 0);
	end_shared();
}
END_TEST

/* ---- locals, memory and hooks, on every way out ------------------------------------------------------ */

static const char key[1];
static atomic_int destroyed, deferred;

static void count_destroyed(void *value)
{
	(void)value;
	atomic_fetch_add(&destroyed, 1);
}

static void count_deferred(void *arg)
{
	/* The client is still there. */
	atomic_fetch_add(&deferred, bothy_client_current() != NULL ? 1 : 1000);
	(void)arg;
}

enum way_out { RETURN, FAIL, STOP, EXIT, LEAVE_A_CONTEXT_ENTERED, WAYS };

static int leave_by(void *arg, void **ret_result)
{
	bothy_context *forgotten;

	(void)ret_result;
	if (bothy_local_get(key) != NULL)
		return 100;
	if (bothy_local_set(key, &destroyed, count_destroyed) < 0 ||
	    bothy_context_defer(count_deferred, NULL) < 0 || bothy_context_alloc(100000) == NULL)
		return 101;
	switch (*(enum way_out *)arg) {
	case FAIL:
		return bothy_fail(EIO, "so it goes");
	case STOP:
		return until_stopped(NULL, NULL);
	case EXIT:
		pthread_exit(NULL);
	case LEAVE_A_CONTEXT_ENTERED:
		return -bothy_context_enter(NULL, "x", "y", NULL, &forgotten);
	default:
		return 0;
	}
}

START_TEST(locals_and_deferred_functions_end_on_every_way_out)
{
	static const int codes[WAYS] = {0, EIO, -ECANCELED, -EOWNERDEAD, 0};

	pool_of(1);
	destroyed = deferred = 0;
	for (enum way_out way = RETURN; way < WAYS; way++) {
		bothy_future *future = start(BOTHY_JOB(.fn = leave_by, .arg = &way));

		if (way == STOP) {
			gate_await(&gate, 1);
			ck_assert_int_eq(bothy_future_cancel(future), 0);
		}
		ck_assert_int_eq(outcome(future), codes[way]);
		ck_assert_int_eq(destroyed, (int)way + 1);
		ck_assert_int_eq(deferred, (int)way + 1);
	}
}
END_TEST

static void submit_and_fail(void *arg)
{
	(void)bothy_fail(ENOSPC, "from a deferred function");
	if (bothy_submit(pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing), NULL) ==
	    0)
		atomic_fetch_add((atomic_int *)arg, 1);
}

static int defer_mischief(void *arg, void **ret_result)
{
	(void)ret_result;
	return -bothy_context_defer(submit_and_fail, arg);
}

START_TEST(a_deferred_function_may_submit_and_fail)
{
	bothy_future *future;

	pool_of(1);
	deferred = 0;
	future = start(BOTHY_JOB(.fn = defer_mischief, .arg = &deferred));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_int_eq(deferred, 1);
	ck_assert_str_eq(bothy_future_error(future), "from a deferred function");
	ck_assert_int_eq(outcome(future), 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().done, 2);
}
END_TEST

/* ---- spawn ------------------------------------------------------------------------------------------------ */

static int spawn_with_ref(void *arg, void **ret_result)
{
	bothy_ref *before = ref_of("ann"), *after = ref_of("bob");
	bothy_future *child;
	int code;

	(void)ret_result;
	if (bothy_object_set_ref(&shared, before) < 0 || bothy_address_set_ref(&bare, before) < 0 ||
	    bothy_local_set(key, &code, NULL) < 0 ||
	    bothy_spawn(&BOTHY_JOB(.fn = arg != NULL ? read_shared : leave_by, .arg = &(int){RETURN},
	                           .arg_bytes = sizeof(int)),
	                &child) < 0)
		return 200;
	/* Too late for the child. */
	if (bothy_object_set_ref(&shared, after) < 0 || bothy_address_set_ref(&bare, after) < 0)
		return 201;
	bothy_ref_release(before);
	bothy_ref_release(after);
	if (bothy_future_wait(child, BOTHY_FOREVER) < 0)
		return 202;
	code = bothy_future_result(child, NULL);
	bothy_future_release(child);
	return code;
}

START_TEST(a_child_has_the_parents_refs_as_they_were_at_the_spawn)
{
	int yes;

	pool_of(1);
	ck_assert_int_eq(run_for("ann", spawn_with_ref, &yes), 'a');
	end_shared();
}
END_TEST

START_TEST(a_child_does_not_have_the_parents_locals)
{
	pool_of(1);
	destroyed = deferred = 0;
	ck_assert_int_eq(run_for("ann", spawn_with_ref, NULL), 0);
	ck_assert_int_eq(destroyed, 1);
	end_shared();
}
END_TEST

static atomic_int links;
static unsigned long most_blocks;

static int respawn(void *arg, void **ret_result)
{
	/* One worker: nobody makes or frees a block meanwhile. */
	unsigned long live = testing_counts.blocks_made - testing_counts.blocks_freed;

	(void)arg;
	(void)ret_result;
	most_blocks = live > most_blocks ? live : most_blocks;
	if (atomic_fetch_sub(&links, 1) <= 0)
		return 0;
	return -bothy_spawn(&BOTHY_JOB(.fn = respawn), NULL);
}

START_TEST(a_job_that_spawns_itself_again_keeps_nothing_of_its_ancestors)
{
	enum { N = 20000 };

	links = N;
	most_blocks = 0;
	pool_of(1);
	start_and_forget(BOTHY_JOB(.fn = respawn));
	while (atomic_load(&links) > 0)
		sched_yield();
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_le(most_blocks, 4);
	ck_assert_uint_eq(stats_now().done, N + 1);
}
END_TEST

/* ---- servers -------------------------------------------------------------------------------------------------- */

static struct {
	atomic_int ensured, begun, finished;
	int ensure_error, begin_error, finish_error;
	int code;
	char text[64];
} told;

static int tell_ensure(void *self, const char *entity, const char *project)
{
	(void)self;
	told.ensured++;
	return strcmp(entity, "ann") == 0 && strcmp(project, "p") == 0 ? told.ensure_error : -1;
}

static int tell_begin(void *self, const struct bothy_begin *context, void **ret_slot)
{
	(void)self;
	told.begun++;
	*ret_slot = context->client;
	return told.begin_error;
}

static int tell_finish(void *self, void *slot, int code, const char *text, bothy_time deadline)
{
	(void)self;
	(void)slot;
	(void)deadline;
	told.finished++;
	told.code = code;
	snprintf(told.text, sizeof(told.text), "%s", text != NULL ? text : "");
	return told.finish_error;
}

static void pool_with_server(void)
{
	const struct bothy_server_ops ops = {.size = sizeof(ops),
	                                     .ensure_project = tell_ensure,
	                                     .begin = tell_begin,
	                                     .finish = tell_finish};
	struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};
	bothy_server *server;

	memset(&told, 0, sizeof(told));
	ck_assert_int_eq(bothy_server_new(&ops, NULL, &server), 0);
	ck_assert_int_eq(bothy_pool_new(server, &options, &pool), 0);
	bothy_server_release(server); /* the pool has a hold of its own */
}

START_TEST(the_project_is_ensured_before_the_job_runs)
{
	pool_with_server();
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	ck_assert_int_eq(told.ensured, 0);
	ck_assert_int_eq(
		outcome(start(BOTHY_JOB(.fn = nothing, .flags = BOTHY_ENSURE_PROJECT))), 0);
	ck_assert_int_eq(told.ensured, 1);
	ck_assert_int_eq(told.begun, 2);
	ck_assert_int_eq(told.finished, 2);
}
END_TEST

START_TEST(if_the_project_cannot_be_ensured_the_job_never_runs)
{
	bothy_future *future;

	pool_with_server();
	told.ensure_error = -EACCES;
	future = start(BOTHY_JOB(.fn = end_thread, .flags = BOTHY_ENSURE_PROJECT, .arg = &freed,
	                         .arg_free = count_free));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_int_eq(bothy_future_state(future), BOTHY_FAILED);
	ck_assert_int_eq(outcome(future), -EACCES);
	ck_assert_int_eq(freed, 1);
	ck_assert_int_eq(told.begun + told.finished, 0);
}
END_TEST

START_TEST(if_the_server_cannot_begin_the_job_never_runs)
{
	pool_with_server();
	told.begin_error = -EIO;
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = end_thread))), -EIO);
	ck_assert_int_eq(told.finished, 0);
}
END_TEST

static int fail_with_text(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_fail(EDOM, "the job's own");
}

START_TEST(a_finish_that_fails_is_counted_and_masks_nothing)
{
	bothy_future *future;

	pool_with_server();
	told.finish_error = -ENOSPC;
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	future = start(BOTHY_JOB(.fn = fail_with_text));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	ck_assert_str_eq(bothy_future_error(future), "the job's own");
	ck_assert_int_eq(outcome(future), EDOM);
	ck_assert_int_eq(told.code, EDOM);
	ck_assert_str_eq(told.text, "the job's own");
	ck_assert_uint_eq(stats_now().finish_failed, 2);
	ck_assert_int_eq(stats_now().finish_error, -ENOSPC);
}
END_TEST

START_TEST(a_job_that_ends_its_thread_is_finished_all_the_same)
{
	pool_with_server();
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = end_thread))), -EOWNERDEAD);
	ck_assert_int_eq(told.finished, 1);
	ck_assert_int_eq(told.code, -EOWNERDEAD);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		inside_a_job_the_client_is_the_jobs_own_whatever_the_global_one_is,
		callbacks_of_nobody_see_no_client_not_even_the_global_one,
		no_two_contexts_ever_have_one_id,
		second_tenant_sees_no_refs_of_first,
		the_same_project_sees_its_last_ref_by_default,
		anybodys_last_ref_is_seen_only_if_asked_for,
		without_fallback_only_the_contexts_own_refs_are_seen,
		a_ref_that_names_another_project_is_the_setting_contexts_alone,
		locals_and_deferred_functions_end_on_every_way_out,
		a_deferred_function_may_submit_and_fail,
		a_child_has_the_parents_refs_as_they_were_at_the_spawn,
		a_child_does_not_have_the_parents_locals,
		a_job_that_spawns_itself_again_keeps_nothing_of_its_ancestors,
		the_project_is_ensured_before_the_job_runs,
		if_the_project_cannot_be_ensured_the_job_never_runs,
		if_the_server_cannot_begin_the_job_never_runs,
		a_finish_that_fails_is_counted_and_masks_nothing,
		a_job_that_ends_its_thread_is_finished_all_the_same,
	};

	return run_suite("isolation", tests, COUNT(tests));
}
