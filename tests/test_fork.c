/*
 * fork: in the child what was before is dead and harmless, and what is new works.
 *
 * The thread sanitizer ends a forked child that starts threads, so under it alone the tests
 * whose child does are left out.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool/cycle.h"
#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"

static bothy_future *running, *queued, *settled;
static bothy_group *group;
static bothy_completions *completions;
static bothy_project *project;

#define EXPECT(condition) \
	do { \
		if (!(condition)) \
			return __LINE__ % 250 + 1; \
	} while (0)

static int everything_is_dead(void *unused)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};
	struct bothy_completion got;

	(void)unused;
	EXPECT(bothy_submit(pool, &BOTHY_JOB(.entity = "e", .project = "p", .fn = nothing), NULL) ==
	       -ECHILD);
	EXPECT(bothy_pool_close(pool, BOTHY_FOREVER) == -ECHILD);
	EXPECT(bothy_pool_stats(pool, &stats) == -ECHILD);
	EXPECT(bothy_future_wait(running, BOTHY_FOREVER) == -ECHILD);
	EXPECT(bothy_future_wait(settled, BOTHY_FOREVER) == -ECHILD);
	EXPECT(bothy_future_result(settled, NULL) == -ECHILD);
	EXPECT(bothy_future_cancel(queued) == -ECHILD);
	EXPECT(bothy_group_wait(group, BOTHY_FOREVER) == -ECHILD);
	EXPECT(bothy_group_cancel(group) == -ECHILD);
	EXPECT(bothy_completions_next(completions, BOTHY_FOREVER, &got) == -ECHILD);
	EXPECT(bothy_completions_fd(completions) == -ECHILD);
	return 0;
}

static int freeing_is_harmless(void *unused)
{
	(void)unused;
	bothy_project_release(project);
	bothy_future_release(running);
	bothy_future_release(queued);
	bothy_future_release(settled);
	bothy_group_release(group);
	bothy_completions_release(completions);
	bothy_pool_free(pool);
	EXPECT(freed == 0);
	return 0;
}

static int contexts_and_refs_work(void *unused)
{
	struct bothy_object object = {{0}};
	bothy_context *context;
	bothy_ref *ref, *got;

	(void)unused;
	EXPECT(bothy_context_enter(NULL, "e", "p", NULL, &context) == 0);
	EXPECT(bothy_ref_new_object("e", "p", "o", "d", &ref) == 0);
	EXPECT(bothy_object_set_ref(&object, ref) == 0);
	EXPECT(bothy_object_get_ref(&object, &got) == 0);
	EXPECT(got == ref);
	bothy_ref_release(got);
	bothy_ref_release(ref);
	bothy_object_fini(&object);
	EXPECT(bothy_context_exit(context) == 0);
	return 0;
}

static void make_everything(void)
{
	pool_of(1);
	ck_assert_int_eq(bothy_group_new(&group), 0);
	ck_assert_int_eq(bothy_completions_new(&completions), 0);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", NULL, &project), 0);
	settled = start(BOTHY_JOB(.fn = nothing));
	ck_assert_int_eq(bothy_future_wait(settled, BOTHY_FOREVER), 0);
	running = start(BOTHY_JOB(.fn = stop_at_gate, .arg = &freed, .arg_free = count_free,
	                          .group = group));
	gate_await(&gate, 1);
	queued = start(BOTHY_JOB(.fn = nothing, .arg = &freed, .arg_free = count_free,
	                         .completions = completions));
}

static void free_everything(void)
{
	gate_open(&gate);
	ck_assert_int_eq(outcome(running), 0);
	ck_assert_int_eq(outcome(queued), 0);
	bothy_future_release(settled);
	bothy_group_release(group);
	bothy_completions_release(completions);
	bothy_project_release(project);
	ck_assert_int_eq(freed, 2);
}

START_TEST(what_was_before_a_fork_is_dead_in_the_child)
{
	make_everything();
	ck_assert_int_eq(support_in_child(everything_is_dead, NULL), 0);
	free_everything();
}
END_TEST

START_TEST(freeing_in_the_child_calls_nothing_and_harms_nothing)
{
	make_everything();
	ck_assert_int_eq(support_in_child(freeing_is_harmless, NULL), 0);
	free_everything();
}
END_TEST

START_TEST(refs_and_contexts_go_on_working_in_the_child)
{
	make_everything();
	ck_assert_int_eq(support_in_child(contexts_and_refs_work, NULL), 0);
	free_everything();
}
END_TEST

static int fork_and_return(void *arg, void **ret_result)
{
	pid_t *ret_child = arg;

	(void)ret_result;
	*ret_child = support_fork_to_return();
	return 0;
}

START_TEST(a_forked_child_that_returns_from_the_job_ends_its_thread)
{
	pid_t child = -1;

	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = fork_and_return, .arg = &child))), 0);
	ck_assert_int_gt(child, 0);
	ck_assert(support_ended_with_its_thread(child));
}
END_TEST

#if !UNDER_THREAD_SANITIZER
static int a_new_pool_works(void *unused)
{
	struct bothy_pool_options options = {.size = sizeof(options), .workers = 2};
	bothy_pool *fresh;

	(void)unused;
	EXPECT(bothy_pool_new(NULL, &options, &fresh) == 0);
	EXPECT(bothy_run(fresh, &BOTHY_JOB(.entity = "e", .project = "p", .fn = nothing),
	                 BOTHY_FOREVER, NULL) == 0);
	EXPECT(bothy_pool_close(fresh, BOTHY_FOREVER) == 0);
	bothy_pool_free(fresh);
	return 0;
}

START_TEST(a_new_pool_works_in_the_child)
{
	make_everything();
	ck_assert_int_eq(support_in_child(a_new_pool_works, NULL), 0);
	free_everything();
}
END_TEST

static int wait_for_gated(void *arg, void **ret_result)
{
	return bothy_run(arg, &BOTHY_JOB(.entity = "bob", .project = "p", .fn = stop_at_gate),
	                 BOTHY_FOREVER, ret_result);
}

static int fork_and_use_a_pool(void *arg, void **ret_result)
{
	pid_t *ret_child = arg;

	(void)ret_result;
	*ret_child = fork();
	if (*ret_child == 0)
		_exit(a_new_pool_works(NULL));
	return 0;
}

START_TEST(a_wait_in_a_jobs_child_lends_no_place_of_the_old_pool)
{
	pid_t child = -1;
	bothy_future *lender;
	int status;

	pool_with((struct bothy_pool_options){.workers = 2, .spare_max = 1});
	lender = start(BOTHY_JOB(.fn = wait_for_gated, .arg = pool));
	gate_await(&gate, 1);
	while (stats_now().waiting == 0)
		sched_yield();
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = fork_and_use_a_pool, .arg = &child))), 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	gate_open(&gate);
	ck_assert_int_eq(outcome(lender), 0);
}
END_TEST
#endif

static pid_t forked; /* 0 in the child; negative: not yet */

static int child_status(void)
{
	int status;

	ck_assert_int_gt(forked, 0);
	ck_assert_int_eq(waitpid(forked, &status, 0), forked);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void expect_thread_ended(void)
{
	ck_assert_int_gt(forked, 0);
	ck_assert(support_ended_with_its_thread(forked));
}

/* ---- contexts of jobs that fork -------------------------------------------------------------- */

static pid_t parent;

static void only_in_the_parent(void *arg)
{
	(void)arg;
	if (getpid() != parent)
		_exit(1);
}

static int fork_below_hooks(void *arg, void **ret_result)
{
	static const char key;
	bothy_context *inner;

	ck_assert_int_eq(bothy_context_defer(only_in_the_parent, NULL), 0);
	ck_assert_int_eq(bothy_local_set(&key, &parent, only_in_the_parent), 0);
	ck_assert_int_eq(bothy_context_enter(NULL, "bob", "q", NULL, &inner), 0);
	ck_assert_int_eq(bothy_context_defer(only_in_the_parent, NULL), 0);
	return fork_and_return(arg, ret_result);
}

START_TEST(a_child_that_returns_from_the_job_runs_none_of_its_deferred_functions)
{
	parent = getpid();
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = fork_below_hooks, .arg = &forked))), 0);
	expect_thread_ended();
}
END_TEST

static void fork_in_server(void)
{
	forked = support_fork_to_return();
}

static void fork_in_hook(void *arg)
{
	(void)arg;
	fork_in_server();
}

static int defer_fork(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	ck_assert_int_eq(bothy_context_defer(only_in_the_parent, NULL), 0);
	return bothy_context_defer(fork_in_hook, NULL);
}

START_TEST(a_child_that_returns_from_a_deferred_function_runs_no_other)
{
	parent = getpid();
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = defer_fork))), 0);
	expect_thread_ended();
}
END_TEST

static int note_in_the_parent(void *arg, void **ret_result)
{
	(void)ret_result;
	only_in_the_parent(arg);
	return 0;
}

/* The server's operation FORKS while a job of FN begins or runs. */
static void fork_in(void (**forks)(void), bothy_fn *fn)
{
	parent = getpid();
	recorder_open();
	*forks = fork_in_server;
	ck_assert_int_eq(bothy_pool_new(recorder.server, NULL, &pool), 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = fn))), 0);
	expect_thread_ended();
	bothy_pool_free(pool);
	pool = NULL;
	recorder_close();
}

START_TEST(a_child_that_returns_from_begin_does_not_run_the_job)
{
	fork_in(&recorder.in_begin, note_in_the_parent);
}
END_TEST

static int spawn_in_both(void *arg, void **ret_result)
{
	int error = bothy_spawn(&BOTHY_JOB(.fn = nothing), NULL);

	(void)arg, (void)ret_result;
	if (getpid() != parent && error != -ECHILD)
		_exit(1);
	return error;
}

START_TEST(a_child_that_returns_from_inherit_spawns_nothing)
{
	fork_in(&recorder.in_inherit, spawn_in_both);
}
END_TEST

START_TEST(a_child_that_returns_from_a_job_run_here_is_told)
{
	int error;

	parent = getpid();
	error = bothy_run_here(NULL,
	                       &BOTHY_JOB(.entity = "ann", .project = "p", .fn = fork_below_hooks,
	                                  .arg = &forked, .arg_free = only_in_the_parent),
	                       NULL);
	if (getpid() != parent)
		_exit(error == -ECHILD ? 0 : 2);
	ck_assert_int_eq(error, 0);
	ck_assert_int_eq(child_status(), 0);
}
END_TEST

static void enter_fork_and_leave(void *arg)
{
	bothy_context *inner;

	(void)arg;
	ck_assert_int_eq(bothy_context_enter(NULL, "bob", "q", NULL, &inner), 0);
	fork_in_hook(NULL);
	if (bothy_context_exit(inner) != 0)
		_exit(2);
}

START_TEST(a_child_that_leaves_what_a_deferred_function_entered_runs_no_other)
{
	bothy_context *context;
	int error;

	parent = getpid();
	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", NULL, &context), 0);
	ck_assert_int_eq(bothy_context_defer(only_in_the_parent, NULL), 0);
	ck_assert_int_eq(bothy_context_defer(enter_fork_and_leave, NULL), 0);
	error = bothy_context_exit(context);
	if (getpid() != parent)
		_exit(error == 0 ? 0 : 3);
	ck_assert_int_eq(error, 0);
	ck_assert_int_eq(child_status(), 0);
}
END_TEST

/* In a context that this thread has entered the child goes on. */
static int leave_in_the_child(void *arg)
{
	freed = 0;
	EXPECT(bothy_context_exit(arg) == 0);
	EXPECT(freed == 1);
	return 0;
}

START_TEST(a_context_that_was_entered_before_a_fork_ends_in_both)
{
	bothy_context *context;

	ck_assert_int_eq(bothy_context_enter(NULL, "ann", "p", NULL, &context), 0);
	ck_assert_int_eq(bothy_context_defer(count_free, NULL), 0);
	ck_assert_int_eq(support_in_child(leave_in_the_child, context), 0);
	ck_assert_int_eq(bothy_context_exit(context), 0);
	ck_assert_int_eq(freed, 1);
}
END_TEST

/* ---- callbacks that fork --------------------------------------------------------------------- */

static void fork_once(void *arg)
{
	count_free(arg);
	if (forked < 0)
		forked = support_fork_to_return();
}

static void forks_with_a_pool_of_one(void)
{
	forked = -1;
	pool_of(1);
}

static bothy_future *start_forking(struct bothy_job job)
{
	job.fn = nothing;
	job.arg = &freed;
	job.arg_free = fork_once;
	return start(job);
}

static void say_notified(void *arg)
{
	const int *end = arg;

	(void)!write(*end, "", 1);
}

/* The descriptors are the parent's as well. */
START_TEST(a_child_that_returns_from_arg_free_delivers_and_notifies_nothing)
{
	struct bothy_completion got;
	bothy_future *job;
	struct pollfd poller = {.events = POLLIN};
	int pipe_ends[2];
	char told[2];

	forks_with_a_pool_of_one();
	ck_assert_int_eq(pipe(pipe_ends), 0);
	ck_assert_int_eq(bothy_completions_new(&completions), 0);
	running = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	job = start_forking(BOTHY_JOB(.completions = completions));
	ck_assert_int_eq(bothy_future_notify(job, say_notified, &pipe_ends[1]), 0);
	gate_open(&gate);
	ck_assert_int_eq(bothy_completions_next(completions, BOTHY_FOREVER, &got), 0);
	expect_thread_ended();
	poller.fd = bothy_completions_fd(completions);
	ck_assert_int_eq(poll(&poller, 1, 0), 0);
	ck_assert_int_eq(outcome(job), 0);
	ck_assert_int_eq(outcome(running), 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_int_eq(read(pipe_ends[0], told, sizeof(told)), 1);
	(void)close(pipe_ends[0]);
	(void)close(pipe_ends[1]);
	bothy_completions_release(completions);
}
END_TEST

START_TEST(a_child_that_returns_from_a_deadlines_callback_ends_its_thread)
{
	bothy_future *job;

	forks_with_a_pool_of_one();
	running = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	job = start_forking(BOTHY_JOB(.deadline = bothy_after_ms(1)));
	while (bothy_future_state(job) != BOTHY_EXPIRED)
		(void)sched_yield();
	gate_open(&gate);
	ck_assert_int_eq(outcome(job), -ETIMEDOUT);
	ck_assert_int_eq(outcome(running), 0);
	expect_thread_ended();
}
END_TEST

/* END ends the queued jobs on the caller's thread; in the child it returns CODE. */
static void end_three_queued(int (*end)(void), int code)
{
	int said;

	forks_with_a_pool_of_one();
	ck_assert_int_eq(bothy_group_new(&group), 0);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", NULL, &project), 0);
	running = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	for (int i = 0; i < 3; i++)
		bothy_future_release(start_forking(BOTHY_JOB(.group = group)));
	said = end();
	if (forked == 0)
		_exit(said == code && freed == 1 ? 0 : 1);
	ck_assert_int_eq(child_status(), 0);
	ck_assert_int_eq(freed, 3);
	gate_open(&gate);
	ck_assert_int_eq(outcome(running), 0);
	bothy_project_release(project);
	bothy_group_release(group);
}

static int cancel_group(void)
{
	return bothy_group_cancel(group);
}

static int cancel_project(void)
{
	return bothy_project_cancel(project);
}

static int close_now(void)
{
	return bothy_pool_close(pool, BOTHY_NOW);
}

START_TEST(a_child_that_returns_from_a_groups_cancel_has_freed_no_other_argument)
{
	end_three_queued(cancel_group, 0);
}
END_TEST

START_TEST(a_child_that_returns_from_a_projects_cancel_has_freed_no_other_argument)
{
	end_three_queued(cancel_project, 0);
}
END_TEST

START_TEST(a_child_that_returns_from_a_close_is_told)
{
	end_three_queued(close_now, -ECHILD);
}
END_TEST

START_TEST(a_child_that_returns_from_arg_free_in_a_wait_is_told)
{
	int error;
	bothy_future *job;

	forks_with_a_pool_of_one();
	running = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	job = start_forking(BOTHY_JOB(.deadline = bothy_after_ms(1)));
	error = bothy_future_wait(job, BOTHY_FOREVER);
	if (forked == 0 && error == -ECHILD)
		pthread_exit(NULL);
	if (forked == 0)
		_exit(1);
	ck_assert_int_eq(error, 0);
	gate_open(&gate);
	bothy_future_release(job);
	ck_assert_int_eq(outcome(running), 0);
	expect_thread_ended(); /* the watchdog may have been faster */
}
END_TEST

/* ---- waits ----------------------------------------------------------------------------------- */

static struct wait_record of_parent;

/* Its parent's record lies where other things of the child's are by now, as on a thread's stack. */
static int wait_as_a_child(void *arg)
{
	const struct wait_for *what = arg;
	struct wait_record record;

	memset(&of_parent, 0xa5, sizeof(of_parent));
	EXPECT(cycle_enter(&record, what, NULL) == 0);
	cycle_leave(&record);
	return 0;
}

START_TEST(a_wait_in_the_child_is_not_searched_through_its_parents)
{
	struct wait_for what = {.n = 0};

	ck_assert_int_eq(cycle_enter(&of_parent, &what, NULL), 0);
	ck_assert_int_eq(support_in_child(wait_as_a_child, &what), 0);
	cycle_leave(&of_parent);
	ck_assert_int_eq(cycle_enter(&of_parent, &what, NULL), 0);
	cycle_leave(&of_parent);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_was_before_a_fork_is_dead_in_the_child,
		freeing_in_the_child_calls_nothing_and_harms_nothing,
		refs_and_contexts_go_on_working_in_the_child,
		a_forked_child_that_returns_from_the_job_ends_its_thread,
		a_child_that_returns_from_the_job_runs_none_of_its_deferred_functions,
		a_child_that_returns_from_a_deferred_function_runs_no_other,
		a_child_that_returns_from_begin_does_not_run_the_job,
		a_child_that_returns_from_inherit_spawns_nothing,
		a_child_that_returns_from_a_job_run_here_is_told,
		a_child_that_leaves_what_a_deferred_function_entered_runs_no_other,
		a_context_that_was_entered_before_a_fork_ends_in_both,
		a_child_that_returns_from_arg_free_delivers_and_notifies_nothing,
		a_child_that_returns_from_a_deadlines_callback_ends_its_thread,
		a_child_that_returns_from_a_groups_cancel_has_freed_no_other_argument,
		a_child_that_returns_from_a_projects_cancel_has_freed_no_other_argument,
		a_child_that_returns_from_a_close_is_told,
		a_child_that_returns_from_arg_free_in_a_wait_is_told,
		a_wait_in_the_child_is_not_searched_through_its_parents,
#if !UNDER_THREAD_SANITIZER
		a_new_pool_works_in_the_child,
		a_wait_in_a_jobs_child_lends_no_place_of_the_old_pool,
#endif
	};

	return run_suite("fork", tests, sizeof(tests) / sizeof(tests[0]));
}
