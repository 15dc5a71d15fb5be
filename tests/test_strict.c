/*
 * Strict hygiene: what the kernel keeps for a thread is put back after each job, in place of a wait
 * and after each callback, or the thread goes; and what a strict pool has of its own.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pool/job.h"
#include "tests/hand_fixture.h"
#include "tests/support.h"
#include "tests/vandal.h"

/* ---- threads are put right ---------------------------------------------------------------------- */

START_TEST(the_next_job_finds_what_the_kernel_keeps_as_it_was)
{
	bothy_project *ann;
	unsigned spoilt = 0;
	int thread;

	for (int i = 0; i < RESTORED; i++)
		(void)(restored[i].can != NULL && restored[i].can());
	strict_pool();
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", NULL, &ann), 0);
	thread = run(my_tid, NULL);
	for (int i = 0; i < RESTORED; i++) {
		const struct item *item = &restored[i];

		if (!can(item))
			continue;
		spoilt++;
		ck_assert_int_eq(run(spoil, item), 0);
		expect_told(item, item->bit, false);
		ck_assert_msg(look_as_bob(item) == 0, "%s was left", item->name);
	}
	ck_assert_int_eq(run(my_tid, NULL), thread);
	ck_assert_uint_eq(told.calls, 0);
	ck_assert_uint_eq(stats_now().dirtied, spoilt);
	ck_assert_uint_eq(stats_now().retired, 0);
	ck_assert_uint_eq(stats_of("ann").dirtied, spoilt);
	ck_assert_uint_eq(stats_of("bob").dirtied, 0);
	bothy_project_release(ann);
}
END_TEST

START_TEST(a_thread_that_cannot_be_put_right_serves_nobody_else)
{
	bothy_project *ann;
	unsigned spoilt = 0;

	for (int i = 0; i < RETIRING; i++)
		(void)(retiring[i].can != NULL && retiring[i].can());
	strict_pool();
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", NULL, &ann), 0);
	for (int i = 0; i < RETIRING; i++) {
		const struct item *item = &retiring[i];
		int thread = run(my_tid, NULL);

		if (!can(item))
			continue;
		spoilt++;
		ck_assert_int_eq(run(spoil, item), 0);
		expect_told(item, 0, true);
		ck_assert_msg(look_as_bob(item) == 0, "%s was left", item->name);
		ck_assert_int_ne(run(my_tid, NULL), thread);
		ck_assert_uint_eq(told.calls, 0);
	}
	ck_assert_uint_eq(stats_now().dirtied, spoilt);
	ck_assert_uint_eq(stats_now().retired, spoilt);
	ck_assert_uint_eq(stats_now().threads, 1);
	ck_assert_uint_eq(stats_of("ann").retired, spoilt);
	ck_assert_uint_eq(stats_of("bob").retired, 0);
	bothy_project_release(ann);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
}
END_TEST

/* Without CAP_SYS_NICE a nice value that was raised can't be lowered again. */
static int raise_nice_for_good(void *arg, void **ret_result)
{
	const struct rlimit none = {0, 0};
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[2];
	int thread;

	(void)arg;
	(void)ret_result;
	syscall(SYS_capget, &header, sets);
	sets[0].effective &= ~(1U << CAP_SYS_NICE);
	sets[0].permitted &= ~(1U << CAP_SYS_NICE);
	syscall(SYS_capset, &header, sets);
	setrlimit(RLIMIT_NICE, &none);
	strict_setup();
	strict_pool();
	thread = run(my_tid, NULL);
	ck_assert_int_eq(run(spoil, arg), 0);
	ck_assert(told.dirt.retired);
	ck_assert_uint_eq(told.dirt.changed & BOTHY_DIRT_NICE, BOTHY_DIRT_NICE);
	ck_assert_uint_eq(told.dirt.restored & BOTHY_DIRT_NICE, 0);
	ck_assert_int_eq(run(look, arg), 0);
	ck_assert_int_ne(run(my_tid, NULL), thread);
	fixture_teardown();
	return 0;
}

static int in_child(void *arg)
{
	return raise_nice_for_good(arg, NULL);
}

START_TEST(a_raised_nice_value_is_lowered_again_or_the_thread_retired)
{
	if (!can(&niceness))
		return;
	if (is_root()) {
		strict_pool();
		ck_assert_int_eq(run(spoil, &niceness), 0);
		ck_assert(!told.dirt.retired);
		ck_assert_uint_eq(told.dirt.restored & BOTHY_DIRT_NICE, BOTHY_DIRT_NICE);
		ck_assert_int_eq(run(look, &niceness), 0);
	}
	if (support_child_may_start_threads())
		ck_assert_int_eq(support_in_child(in_child, (void *)(uintptr_t)&niceness), 0);
}
END_TEST

/* ---- hands, waits, callbacks ------------------------------------------------------------------- */

static atomic_int served_by_dirty;
static atomic_int dirty_tid;

static int spoil_first(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	gate_wait(&gate);
	dirty_tid = (int)tid();
	spoil_privs();
	return 0;
}

static int count_on_dirty(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	served_by_dirty += (int)tid() == dirty_tid;
	return 0;
}

START_TEST(what_a_retired_thread_has_in_its_hand_is_for_its_successor)
{
	enum { JOBS = 40 };
	bothy_future *futures[JOBS];
	bothy_future *first;

	strict_pool();
	served_by_dirty = 0;
	first = start(BOTHY_JOB(.fn = spoil_first));
	gate_await(&gate, 1);
	for (int i = 0; i < JOBS; i++)
		futures[i] = start(BOTHY_JOB(.fn = count_on_dirty));
	ck_assert_uint_eq(hand_over(first->project, JOBS), JOBS);
	gate_open(&gate);
	ck_assert_int_eq(outcome(first), 0);
	for (int i = 0; i < JOBS; i++)
		ck_assert_int_eq(outcome(futures[i]), 0);
	ck_assert_int_eq(served_by_dirty, 0);
	ck_assert_uint_eq(stats_now().done, 1 + JOBS);
	ck_assert_uint_eq(stats_now().retired, 1);
}
END_TEST

static int fsuid_when_told;

static void look_at_fsuid(void)
{
	fsuid_when_told = setfsuid((uid_t)-1);
}

static void give_up_root(void)
{
	syscall(SYS_setresuid, -1, 65534, -1);
}

START_TEST(who_has_given_up_root_does_not_open_files_as_root_again)
{
	const struct item item = {
		"effective id", BOTHY_DIRT_IDS | BOTHY_DIRT_CAPABILITIES | BOTHY_DIRT_FS_IDS,
		give_up_root, ids_are_fine, is_root};

	if (!can(&item))
		return;
	strict_pool();
	spoil_in_on_dirty = look_at_fsuid;
	ck_assert_int_eq(run(spoil, &item), 0);
	expect_told(&item, 0, true);
	ck_assert_int_eq(fsuid_when_told, 65534);
	ck_assert_int_eq(run(look, &item), 0);
}
END_TEST

static void spoil_real_gid(void)
{
	syscall(SYS_setresgid, 65534, -1, -1);
}

static bool real_gid_is_fine(void)
{
	return getgid() != 65534;
}

START_TEST(ids_are_looked_at_however_many_groups_there_are)
{
	const struct item item = {"real gid", BOTHY_DIRT_IDS, spoil_real_gid, real_gid_is_fine,
	                          is_root};
	gid_t groups[100], before[100];
	long n = getgroups(100, before);

	if (!can(&item) || n < 0)
		return;
	for (unsigned i = 0; i < 100; i++)
		groups[i] = 1000 + i;
	ck_assert_int_eq(syscall(SYS_setgroups, 100, groups), 0); /* of this thread alone */
	strict_pool();
	ck_assert_int_eq(syscall(SYS_setgroups, n, before), 0);
	ck_assert_int_eq(run(spoil, &item), 0);
	expect_told(&item, 0, true);
	ck_assert_int_eq(run(look, &item), 0);
}
END_TEST

static bool in_place; /* the child may run on the waiting job's thread */

static int wait_spoilt(void *arg, void **ret_result)
{
	const struct item *item = arg;
	struct bothy_job child = BOTHY_JOB(.fn = look, .arg = arg);
	bothy_future *future;
	int code;

	(void)ret_result;
	child.flags = in_place ? 0 : BOTHY_OWN_THREAD;
	item->spoil();
	if (bothy_spawn(&child, &future) < 0)
		return 100;
	code = bothy_future_wait(future, BOTHY_FOREVER);
	if (code == 0)
		code = bothy_future_result(future, NULL);
	bothy_future_release(future);
	if (code != 0)
		return code;
	return item->is_fine() ? 101 : 0; /* what this job has made of its thread is its own */
}

static void wait_with_each(const struct item *items, int n)
{
	for (int i = 0; i < n; i++) {
		const struct item *item = &items[i];

		if (!can(item))
			continue;
		for (int place = 0; place < 2; place++) {
			in_place = place;
			ck_assert_msg(run(wait_spoilt, item) == 0, "%s", item->name);
			ck_assert_uint_eq(told.calls, 1);
			ck_assert_uint_eq(told.dirt.changed, item->bit);
			told.calls = 0;
			ck_assert_msg(run(look, item) == 0, "%s was left", item->name);
		}
	}
}

START_TEST(a_job_that_is_waited_for_sees_nothing_of_the_waiting_ones_thread)
{
	for (int i = 0; i < RESTORED; i++)
		(void)(restored[i].can != NULL && restored[i].can());
	for (int i = 0; i < RETIRING; i++)
		(void)(retiring[i].can != NULL && retiring[i].can());
	strict_pool();
	wait_with_each(restored, RESTORED);
	wait_with_each(retiring, RETIRING);
}
END_TEST

static int wait_with_errno(void *arg, void **ret_result)
{
	bothy_future *future;
	int code, seen;

	(void)arg;
	(void)ret_result;
	if (bothy_spawn(&BOTHY_JOB(.fn = nothing), &future) < 0)
		return 100;
	errno = 77;
	code = bothy_future_wait(future, BOTHY_FOREVER);
	seen = errno;
	bothy_future_release(future);
	return code == 0 && seen == 77 ? 0 : 101;
}

START_TEST(errno_outlives_a_job_in_place)
{
	strict_pool();
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = wait_with_errno))), 0);
}
END_TEST

static int wait_for_vandal(void *arg, void **ret_result)
{
	bothy_future *future;
	int code;

	(void)ret_result;
	if (bothy_spawn(&BOTHY_JOB(.fn = spoil, .arg = arg), &future) < 0)
		return 100;
	code = bothy_future_wait(future, BOTHY_FOREVER);
	bothy_future_release(future);
	return code;
}

START_TEST(what_a_job_in_place_spoils_for_good_retires_the_thread_once)
{
	if (!can(&privs))
		return;
	strict_pool();
	ck_assert_int_eq(run(wait_for_vandal, &privs), 0);
	ck_assert_uint_eq(told.calls, 1);
	ck_assert_uint_eq(told.dirt.context, job_context);
	ck_assert_int_eq(run(look, &privs), 0);
	ck_assert_uint_eq(stats_now().retired, 1);
}
END_TEST

static void spoil_name_in(void *arg)
{
	(void)arg;
	spoil_name();
}

START_TEST(a_callback_between_jobs_leaves_nothing_either_and_is_told_without_a_job)
{
	bothy_future *future;

	strict_pool();
	future = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	ck_assert_int_eq(bothy_future_notify(future, spoil_name_in, NULL), 0);
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), 0);
	ck_assert_int_eq(run(look, &names), 0);
	ck_assert_uint_eq(told.calls, 1);
	ck_assert_str_eq(told.project, "none/none");
	ck_assert_uint_eq(told.dirt.changed, BOTHY_DIRT_THREAD_NAME);
	ck_assert_uint_eq(told.dirt.context, 0);
	ck_assert_uint_eq(stats_now().dirtied, 1);
}
END_TEST

START_TEST(what_an_arguments_end_leaves_is_the_jobs)
{
	struct bothy_job job = BOTHY_JOB(.fn = nothing, .arg = &told, .arg_free = spoil_name_in);

	strict_pool();
	ck_assert_int_eq(outcome(start(job)), 0);
	ck_assert_uint_eq(told.calls, 1);
	ck_assert_str_eq(told.project, "ann/p");
	ck_assert_int_eq(run(look, &names), 0);
}
END_TEST

START_TEST(what_on_dirty_leaves_is_put_right_and_not_told)
{
	strict_pool();
	spoil_in_on_dirty = spoil_name;
	ck_assert_int_eq(run(spoil, &names), 0);
	ck_assert_int_eq(run(look, &names), 0);
	ck_assert_uint_eq(told.calls, 1);
}
END_TEST

START_TEST(a_thread_that_on_dirty_spoils_for_good_is_counted)
{
	if (!can(&privs))
		return;
	strict_pool();
	spoil_in_on_dirty = spoil_privs;
	ck_assert_int_eq(run(spoil, &names), 0);
	ck_assert_int_eq(run(look, &privs), 0);
	ck_assert_uint_eq(told.calls, 1);
	ck_assert(!told.dirt.retired); /* not for what the job had left */
	ck_assert_uint_eq(stats_now().retired, 1);
	ck_assert_uint_eq(stats_of("ann").retired, 0);
}
END_TEST

static int wait_for_vandal_and_spoil(void *arg, void **ret_result)
{
	int code = wait_for_vandal(arg, ret_result);

	spoil_fs();
	return code;
}

START_TEST(a_thread_that_two_jobs_spoil_for_good_is_retired_once)
{
	if (!can(&privs) || !can_compare())
		return;
	strict_pool();
	ck_assert_int_eq(run(wait_for_vandal_and_spoil, &privs), 0);
	ck_assert_uint_eq(told.calls, 2);
	ck_assert_uint_eq(told.dirt.changed, BOTHY_DIRT_PRIVATE_FS);
	ck_assert(!told.dirt.retired); /* the other was */
	ck_assert_int_eq(run(look, &privs), 0);
	ck_assert_uint_eq(stats_now().retired, 1);
}
END_TEST

static void set_usual_io_priority(void)
{
	int usual = (getpriority(PRIO_PROCESS, 0) + 20) / 5;

	syscall(SYS_ioprio_set, 1, 0, (2 << 13) | usual);
}

/* Linux before 6.0 says one or the other of the same thread, once it has used a disk. */
START_TEST(the_io_priority_that_a_nice_value_gives_is_as_good_as_none)
{
	const struct item item = {"I/O priority", BOTHY_DIRT_IO_PRIORITY, set_usual_io_priority,
	                          NULL, NULL};

	if (!has_io_priority())
		return;
	strict_pool();
	ck_assert_int_eq(run(spoil, &item), 0);
	ck_assert_uint_eq(told.calls, 0);
	ck_assert_uint_eq(stats_now().retired, 0);
}
END_TEST

static int init_as_base(void *user, void **ret_local)
{
	(void)user;
	(void)ret_local;
	spoil_affinity();
	spoil_privs();
	prctl(PR_SET_NAME, "mine", 0, 0, 0);
	return 0;
}

static int look_at_base(void *arg, void **ret_result)
{
	char name[16];

	(void)arg;
	(void)ret_result;
	prctl(PR_GET_NAME, name, 0, 0, 0);
	return strcmp(name, "mine") == 0 && cpus_now() == 1 && !privs_are_fine() ? 0 : 1;
}

START_TEST(what_worker_init_has_set_is_how_threads_are_left)
{
	strict_with((struct bothy_pool_options){.worker_init = init_as_base});
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = look_at_base))), 0);
	ck_assert_int_eq(run(spoil, &names), 0);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = look_at_base))), 0);
	ck_assert_uint_eq(stats_now().dirtied, 1);
	ck_assert_uint_eq(stats_now().retired, 0);
}
END_TEST

START_TEST(a_thread_of_a_jobs_own_is_its_own)
{
	struct bothy_job job = with(spoil, &privs);

	strict_pool();
	job.flags = BOTHY_OWN_THREAD;
	ck_assert_int_eq(outcome(start(job)), 0);
	ck_assert_uint_eq(told.calls, 0);
	ck_assert_int_eq(run(look, &privs), 0);
	ck_assert_uint_eq(stats_now().retired, 0);
}
END_TEST

START_TEST(a_retired_thread_that_none_would_replace_is_replaced_later)
{
	bothy_future *future;

	if (!can(&privs))
		return;
	strict_pool();
	support_fail_thread_starts(true);
	future = start(with(spoil, &privs));
	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	while (!support_thread_start_failed())
		sched_yield();
	support_fail_thread_starts(false);
	bothy_future_release(future);
	ck_assert_int_eq(run(look, &privs), 0);
	ck_assert_uint_eq(stats_now().retired, 1);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
}
END_TEST

static int spoil_and_exit(void *arg, void **ret_result)
{
	(void)ret_result;
	((const struct item *)arg)->spoil();
	pthread_exit(NULL);
}

START_TEST(a_job_that_ends_its_thread_is_told_too)
{
	strict_pool();
	ck_assert_int_eq(run(spoil_and_exit, &privs), -EOWNERDEAD);
	ck_assert_uint_eq(told.calls, 1);
	ck_assert_str_eq(told.project, "ann/p");
	ck_assert_int_eq(run(look, &privs), 0);
	ck_assert_uint_eq(stats_now().threads, 1);
}
END_TEST

/* ---- kernels that refuse to tell ------------------------------------------------------------------- */

#ifndef SYS_getgroups32 /* by which the C library asks where ids once had 16 bits */
#define SYS_getgroups32 SYS_getgroups
#endif

static const long looks[] = {
	SYS_kcmp,          SYS_process_vm_readv, SYS_capget,
	SYS_sched_getattr, SYS_ioprio_get,       SYS_getgroups32,
};

/* From now on the kernel refuses CALL to this thread and to those that it starts, as some containers
 * do: whether it has taken that in. */
static bool refuse(long call)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = 4, .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 &&
	       syscall(call, -1, 0, 0, 0, 0, 0) == -1 && errno == EPERM;
}

/* What can still be seen is; what can't costs nobody a thread. */
static int serve_where_it_is_refused(void *arg)
{
	if (!refuse(*(const long *)arg)) {
		fprintf(stderr, "skipped here: refused calls\n");
		return 0;
	}
	strict_setup();
	strict_pool();
	ck_assert_int_eq(run(spoil, &names), 0);
	expect_told(&names, BOTHY_DIRT_THREAD_NAME, false);
	ck_assert_int_eq(look_as_bob(&names), 0);
	ck_assert_uint_eq(told.calls, 0);
	ck_assert_uint_eq(stats_now().dirtied, 1);
	ck_assert_uint_eq(stats_now().retired, 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	fixture_teardown();
	return 0;
}

START_TEST(a_kernel_that_refuses_a_look_costs_no_thread)
{
	if (!support_child_may_start_threads())
		return;
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		ck_assert_msg(support_in_child(serve_where_it_is_refused, (void *)(uintptr_t)&looks[i]) ==
		                      0,
		              "call %ld", looks[i]);
}
END_TEST

/* ---- a strict pool's own ---------------------------------------------------------------------------- */

/* 1 if the context's memory had to be allocated, 0 if it was there. */
static int use_memory(void *arg, void **ret_result)
{
	long before = support_live_allocations();

	(void)arg;
	(void)ret_result;
	if (bothy_context_alloc(64) == NULL)
		return 100;
	return (int)(support_live_allocations() - before);
}

/* Nobody else allocates meanwhile: the test waits, and start() would assert something, for which Check
 * allocates. */
static int run_use_memory(void)
{
	return bothy_run(pool, &BOTHY_JOB(.entity = "ann", .project = "p", .fn = use_memory),
	                 BOTHY_FOREVER, NULL);
}

START_TEST(no_memory_of_a_context_goes_to_the_next)
{
	strict_pool();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(run_use_memory(), 1);
	bothy_pool_free(pool);
	pool_of(1);
	ck_assert_int_eq(run_use_memory(), 1);
	ck_assert_int_eq(run_use_memory(), 0);
}
END_TEST

START_TEST(a_strict_pool_that_cannot_start_all_its_threads_is_refused)
{
	struct bothy_pool_options options = {
		.size = sizeof(options), .workers = 2, .hygiene = BOTHY_HYGIENE_STRICT};
	bothy_pool *other = NULL;
	long before = support_live_allocations();

	for (unsigned long n = 1; n <= 3; n++) {
		int error;

		support_fail_thread_start(n);
		error = bothy_pool_new(NULL, &options, &other);
		support_fail_thread_start(0);
		ck_assert_int_eq(error, -EAGAIN);
		ck_assert_ptr_null(other);
	}
	ck_assert_int_eq(support_live_allocations(), before);
}
END_TEST

START_TEST(no_memory_is_no_strict_pool)
{
	struct bothy_pool_options options = {
		.size = sizeof(options), .workers = 1, .hygiene = BOTHY_HYGIENE_STRICT};
	bothy_pool *other = NULL;
	bool failed = true;

	for (unsigned long n = 1; failed; n++) {
		int error;

		support_fail_allocation(n);
		error = bothy_pool_new(NULL, &options, &other);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
	}
	bothy_pool_free(other);
}
END_TEST

START_TEST(an_abandoned_strict_pool_ends_by_itself)
{
	bothy_future *future;

	strict_pool();
	future = start(BOTHY_JOB(.fn = stop_at_gate));
	gate_await(&gate, 1);
	bothy_pool_abandon(pool);
	pool = NULL;
	gate_open(&gate);
	ck_assert_int_eq(outcome(future), 0);
}
END_TEST

static int spoil_after_loss(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	gate_wait(&gate); /* deaf to its deadline, till it counts as lost */
	spoil_privs();
	return 0;
}

/* Start one whose thread counts as lost: unless it expires, while the machine is busy, before it has
 * begun. */
static bothy_future *lose_a_thread(void)
{
	bothy_future *future = start_to_be_late(BOTHY_JOB(.fn = spoil_after_loss));

	ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	return future;
}

START_TEST(a_lost_thread_that_comes_back_spoilt_is_gone)
{
	bothy_future *future;

	if (!can(&privs))
		return;
	strict_with((struct bothy_pool_options){.stop_grace_ns = 1});
	future = lose_a_thread();
	/* Another thread has its place, before it is let go. */
	ck_assert_int_eq(look_as_bob(&privs), 0);
	gate_open(&gate);
	while (bothy_future_running(future))
		sched_yield();
	bothy_future_release(future);
	ck_assert_int_eq(run(look, &privs), 0);
	ck_assert_int_eq(bothy_pool_close(pool, BOTHY_FOREVER), 0);
	ck_assert_uint_eq(stats_now().retired, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_next_job_finds_what_the_kernel_keeps_as_it_was,
		a_thread_that_cannot_be_put_right_serves_nobody_else,
		a_raised_nice_value_is_lowered_again_or_the_thread_retired,
		who_has_given_up_root_does_not_open_files_as_root_again,
		ids_are_looked_at_however_many_groups_there_are,
		what_a_retired_thread_has_in_its_hand_is_for_its_successor,
		a_job_that_is_waited_for_sees_nothing_of_the_waiting_ones_thread,
		errno_outlives_a_job_in_place,
		what_a_job_in_place_spoils_for_good_retires_the_thread_once,
		a_callback_between_jobs_leaves_nothing_either_and_is_told_without_a_job,
		what_an_arguments_end_leaves_is_the_jobs,
		what_on_dirty_leaves_is_put_right_and_not_told,
		the_io_priority_that_a_nice_value_gives_is_as_good_as_none,
		a_thread_that_on_dirty_spoils_for_good_is_counted,
		a_thread_that_two_jobs_spoil_for_good_is_retired_once,
		what_worker_init_has_set_is_how_threads_are_left,
		a_thread_of_a_jobs_own_is_its_own,
		a_retired_thread_that_none_would_replace_is_replaced_later,
		a_job_that_ends_its_thread_is_told_too,
		a_kernel_that_refuses_a_look_costs_no_thread,
		no_memory_of_a_context_goes_to_the_next,
		a_strict_pool_that_cannot_start_all_its_threads_is_refused,
		no_memory_is_no_strict_pool,
		an_abandoned_strict_pool_ends_by_itself,
		a_lost_thread_that_comes_back_spoilt_is_gone,
	};

	return run_suite_with("strict", strict_setup, fixture_teardown, tests,
	                      sizeof(tests) / sizeof(tests[0]));
}
