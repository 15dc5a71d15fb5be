/*
 * A thread forks while others are anywhere; the child's steps are the scheduler's too.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

static struct bothy_object object;
static bothy_ref *ref;
static bothy_future *before;

/* Fork; the child calls FN and ends.  That it ends well, the scheduler sees to. */
static void in_child(void (*fn)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	SIM_CHECK(pid > 0);
	SIM_CHECK(waitpid(pid, NULL, 0) == pid);
}

/* ---- refs -------------------------------------------------------------------------------- */

static void set_ref(void *ignored)
{
	(void)ignored;
	SIM_CHECK(bothy_object_set_ref(&object, ref) == 0);
}

static void get_ref_in_context(void)
{
	bothy_context *context;
	bothy_ref *got;

	SIM_CHECK(bothy_context_enter(NULL, "ann", "p", NULL, &context) == 0);
	set_ref(NULL);
	SIM_CHECK(bothy_object_get_ref(&object, &got) == 0);
	SIM_CHECK(got == ref);
	bothy_ref_release(got);
	SIM_CHECK(bothy_context_exit(context) == 0);
}

static void fork_while_a_ref_is_set(void)
{
	struct thread setter;

	bothy_object_init(&object);
	SIM_CHECK(bothy_ref_new_object("ann", "p", "o", "d", &ref) == 0);
	setter = client(set_ref, NULL);
	in_child(get_ref_in_context);
	thread_join(&setter);
	bothy_object_fini(&object);
	bothy_ref_release(ref);
}

/* ---- pools ------------------------------------------------------------------------------- */

static void nothing(void)
{
}

static void fork_and_go_on(void *ignored)
{
	(void)ignored;
	in_child(nothing);
}

/* A cancel nests two of the locks that a fork holds all of. */
static void fork_while_a_job_is_canceled(void)
{
	struct thread forker;

	pool_of(1);
	before = start(BOTHY_JOB(.fn = until_stopped));
	forker = client(fork_and_go_on, NULL);
	(void)bothy_future_cancel(before);
	SIM_CHECK(outcome(before) == -ECANCELED);
	thread_join(&forker);
	finish();
}

static void replace_pool(void)
{
	bothy_future *future;

	SIM_CHECK(bothy_submit(pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = run_once),
	                       NULL) == -ECHILD);
	SIM_CHECK(bothy_future_wait(before, BOTHY_FOREVER) == -ECHILD);
	bothy_future_release(before);
	bothy_pool_free(pool);
	pool_of(1);
	future = start(BOTHY_JOB(.fn = run_once));
	SIM_CHECK(outcome(future) == 0);
	SIM_CHECK(atomic_load(&ran) == 1);
	bothy_pool_free(pool);
}

static void fork_while_a_job_runs(void)
{
	pool_of(1);
	before = start(BOTHY_JOB(.fn = run_once));
	in_child(replace_pool);
	SIM_CHECK(outcome(before) == 0);
	SIM_CHECK(atomic_load(&ran) == 1);
	finish();
}

static bool in_forked_child;

/* The leak sanitizer asks at the end of a process.  The memory of a child's parent was left by threads
 * that are not there any more, so it would see leaks. */
int __lsan_is_turned_off(void);

int __lsan_is_turned_off(void)
{
	return in_forked_child;
}

/* The child comes back from the job too, in a pool that is dead: there its thread ends. */
static int fork_and_return(void *arg, void **ret_result)
{
	pid_t pid = fork();

	(void)arg;
	(void)ret_result;
	SIM_CHECK(pid >= 0);
	in_forked_child = pid == 0;
	if (pid > 0)
		SIM_CHECK(waitpid(pid, NULL, 0) == pid);
	return 0;
}

static void a_job_that_forks(void)
{
	bothy_future *next;

	pool_of(1);
	before = start(BOTHY_JOB(.fn = fork_and_return));
	next = start(BOTHY_JOB(.fn = run_once));
	SIM_CHECK(outcome(before) == 0);
	SIM_CHECK(outcome(next) == 0);
	finish();
}

static const struct scenario scenarios[] = {
	{"fork_while_a_ref_is_set", fork_while_a_ref_is_set, "FORK_LOCK_FORGOTTEN"},
	{"fork_while_a_job_is_canceled", fork_while_a_job_is_canceled, "FORK_OUT_OF_ORDER"},
	{"fork_while_a_job_runs", fork_while_a_job_runs, "CHILD_UNSEEN"},
	{"a_job_that_forks", a_job_that_forks, "CHILD_UNSEEN"},
};

SCENARIOS(scenarios)
