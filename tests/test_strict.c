/*
 * Strict hygiene: what the kernel keeps for a thread is put back after each job, or the thread goes;
 * what is the process's own is seen; and whose job did it is told.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/pool_fixture.h"
#include "tests/support.h"

/* ---- who is told --------------------------------------------------------------------------- */

static struct told {
	unsigned calls;
	struct bothy_dirt dirt; /* the last */
	char project[32];
	bool in_context;
} told;

static void (*spoil_in_on_dirty)(void);

static void remember(void *user, const struct bothy_dirt *dirt)
{
	(void)user;
	told.calls++;
	told.dirt = *dirt;
	told.in_context = bothy_context_id() != 0;
	snprintf(told.project, sizeof(told.project), "%s/%s",
	         dirt->entity != NULL ? dirt->entity : "none",
	         dirt->project != NULL ? dirt->project : "none");
	if (spoil_in_on_dirty != NULL)
		spoil_in_on_dirty();
}

static void strict_setup(void)
{
	fixture_setup();
	memset(&told, 0, sizeof(told));
	spoil_in_on_dirty = NULL;
}

static void strict_with(struct bothy_pool_options options)
{
	options.workers = options.workers == 0 ? 1 : options.workers;
	options.hygiene = BOTHY_HYGIENE_STRICT;
	options.on_dirty = remember;
	pool_with(options);
}

static void strict_pool(void)
{
	strict_with((struct bothy_pool_options){.dirt_mask = BOTHY_DIRT_ALL & ~BOTHY_DIRT_ERRNO});
}

/* ---- what can be spoilt ---------------------------------------------------------------------- */

static long tid(void)
{
	return syscall(SYS_gettid);
}

static char stack[65536];

static void spoil_signal_mask(void)
{
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static bool signal_mask_is_fine(void)
{
	sigset_t mask;

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	return sigismember(&mask, SIGUSR1) == 1 && sigismember(&mask, SIGTERM) == 1;
}

static stack_t stack_before;

static void spoil_signal_stack(void)
{
	const stack_t mine = {.ss_sp = stack, .ss_size = sizeof(stack)};

	sigaltstack(NULL, &stack_before);
	sigaltstack(&mine, NULL);
}

static bool signal_stack_is_fine(void)
{
	stack_t now;

	return sigaltstack(NULL, &now) == 0 && now.ss_sp != (void *)stack;
}

static void spoil_name(void)
{
	prctl(PR_SET_NAME, "vandal", 0, 0, 0);
}

static bool name_is_fine(void)
{
	char name[16];

	prctl(PR_GET_NAME, name, 0, 0, 0);
	return strcmp(name, "bothy") == 0;
}

static void spoil_slack(void)
{
	prctl(PR_SET_TIMERSLACK, 7000000, 0, 0, 0);
}

static bool slack_is_fine(void)
{
	return prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0) != 7000000;
}

static void spoil_affinity(void)
{
	cpu_set_t all, one;

	CPU_ZERO(&one);
	sched_getaffinity(0, sizeof(all), &all);
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &all)) {
			CPU_SET(cpu, &one);
			break;
		}
	}
	sched_setaffinity(0, sizeof(one), &one);
}

static int cpus_now(void)
{
	cpu_set_t now;

	sched_getaffinity(0, sizeof(now), &now);
	return CPU_COUNT(&now);
}

static int cpus_before;

static bool affinity_is_fine(void)
{
	return cpus_now() == cpus_before;
}

static bool has_cpus(void)
{
	cpus_before = cpus_now();
	return cpus_before > 1;
}

static int nice_before;

static void spoil_nice(void)
{
	setpriority(PRIO_PROCESS, 0, nice_before + 3);
}

static bool nice_is_fine(void)
{
	return getpriority(PRIO_PROCESS, 0) == nice_before;
}

static bool can_raise_nice(void)
{
	nice_before = getpriority(PRIO_PROCESS, 0);
	return nice_before < 16;
}

static void spoil_policy(void)
{
	const struct sched_param none = {0};

	sched_setscheduler(0, SCHED_BATCH, &none);
}

static void spoil_real_time(void)
{
	const struct sched_param least = {.sched_priority = 1};

	sched_setscheduler(0, SCHED_FIFO, &least);
}

static bool policy_is_fine(void)
{
	return sched_getscheduler(0) == SCHED_OTHER;
}

static bool is_ordinary(void)
{
	return sched_getscheduler(0) == SCHED_OTHER;
}

static bool can_be_real_time(void)
{
	const struct sched_param none = {0}, least = {.sched_priority = 1};

	return is_ordinary() && sched_setscheduler(0, SCHED_FIFO, &least) == 0 &&
	       sched_setscheduler(0, SCHED_OTHER, &none) == 0;
}

static long io_priority_before;

static void spoil_io_priority(void)
{
	syscall(SYS_ioprio_set, 1, 0, (3 << 13) | 0); /* idle */
}

static bool io_priority_is_fine(void)
{
	return syscall(SYS_ioprio_get, 1, 0) == io_priority_before;
}

static bool has_io_priority(void)
{
	io_priority_before = syscall(SYS_ioprio_get, 1, 0);
	return io_priority_before >= 0;
}

static bool is_root(void)
{
	return geteuid() == 0;
}

static void spoil_fs_ids(void)
{
	setfsgid(65534);
	setfsuid(65534);
}

static bool fs_ids_are_fine(void)
{
	return setfsuid((uid_t)-1) == (int)geteuid() && setfsgid((gid_t)-1) == (int)getegid();
}

/* The C library's call changes all threads; the kernel's this one alone. */
static void spoil_ids(void)
{
	syscall(SYS_setresuid, 65534, 65534, 65534);
}

static bool ids_are_fine(void)
{
	return geteuid() == 0;
}

static void spoil_capabilities(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[2];

	syscall(SYS_capget, &header, sets);
	sets[0].effective &= ~(1U << CAP_NET_RAW);
	sets[0].permitted &= ~(1U << CAP_NET_RAW);
	syscall(SYS_capset, &header, sets);
}

static bool capabilities_are_fine(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct sets[2];

	syscall(SYS_capget, &header, sets);
	return (sets[0].permitted & (1U << CAP_NET_RAW)) != 0;
}

static bool has_net_raw(void)
{
	return capabilities_are_fine();
}

static void spoil_privs(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static bool privs_are_fine(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0;
}

static void spoil_seccomp(void)
{
	struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {.len = 1, .filter = allow};

	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static bool seccomp_is_fine(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 0;
}

static bool can_filter(void)
{
	return is_root() && seccomp_is_fine();
}

static char cwd_before[4096];

static void spoil_fs(void)
{
	if (unshare(CLONE_FS) == 0 && chdir("/proc") != 0)
		abort();
}

static bool cwd_is_fine(void)
{
	char now[4096];

	return getcwd(now, sizeof(now)) != NULL && strcmp(now, cwd_before) == 0;
}

static bool can_compare(void)
{
	return getcwd(cwd_before, sizeof(cwd_before)) != NULL &&
	       syscall(SYS_kcmp, getpid(), getpid(), 3, 0, 0) == 0;
}

static void spoil_files(void)
{
	unshare(CLONE_FILES);
	(void)!dup(0);
}

static bool files_are_fine(void)
{
	return syscall(SYS_kcmp, tid(), getpid(), 2, 0, 0) == 0;
}

static ino_t net_before;

static ino_t net_now(void)
{
	struct stat file;

	return stat("/proc/thread-self/ns/uts", &file) == 0 ? file.st_ino : 0;
}

static void spoil_namespaces(void)
{
	unshare(CLONE_NEWUTS);
}

static bool namespaces_are_fine(void)
{
	return net_now() == net_before;
}

static int unshare_uts(void *arg)
{
	(void)arg;
	return unshare(CLONE_NEWUTS) == 0 ? 0 : 1;
}

static bool can_unshare(void)
{
	net_before = net_now();
	return net_before != 0 && support_in_child(unshare_uts, NULL) == 0;
}

struct item {
	const char *name;
	uint32_t bit;
	void (*spoil)(void);
	bool (*is_fine)(void);
	bool (*can)(void); /* NULL: everywhere */
};

static const struct item restored[] = {
	{"signal mask", BOTHY_DIRT_SIGNAL_MASK, spoil_signal_mask, signal_mask_is_fine, NULL},
	{"signal stack", BOTHY_DIRT_SIGNAL_STACK, spoil_signal_stack, signal_stack_is_fine, NULL},
	{"name", BOTHY_DIRT_THREAD_NAME, spoil_name, name_is_fine, NULL},
	{"timer slack", BOTHY_DIRT_TIMER_SLACK, spoil_slack, slack_is_fine, NULL},
	{"affinity", BOTHY_DIRT_AFFINITY, spoil_affinity, affinity_is_fine, has_cpus},
	{"policy", BOTHY_DIRT_SCHED_POLICY, spoil_policy, policy_is_fine, is_ordinary},
	{"real time", BOTHY_DIRT_SCHED_POLICY, spoil_real_time, policy_is_fine, can_be_real_time},
	{"I/O priority", BOTHY_DIRT_IO_PRIORITY, spoil_io_priority, io_priority_is_fine,
         has_io_priority},
	{"fs ids", BOTHY_DIRT_FS_IDS, spoil_fs_ids, fs_ids_are_fine, is_root},
};

static const struct item retiring[] = {
	{"ids", BOTHY_DIRT_IDS | BOTHY_DIRT_CAPABILITIES | BOTHY_DIRT_FS_IDS, spoil_ids,
         ids_are_fine, is_root},
	{"capabilities", BOTHY_DIRT_CAPABILITIES, spoil_capabilities, capabilities_are_fine,
         has_net_raw},
	{"no_new_privs", BOTHY_DIRT_NO_NEW_PRIVS, spoil_privs, privs_are_fine, privs_are_fine},
	{"seccomp", BOTHY_DIRT_SECCOMP, spoil_seccomp, seccomp_is_fine, can_filter},
	{"file system state", BOTHY_DIRT_PRIVATE_FS, spoil_fs, cwd_is_fine, can_compare},
	{"table of files", BOTHY_DIRT_PRIVATE_FILES, spoil_files, files_are_fine, can_compare},
	{"namespaces", BOTHY_DIRT_NAMESPACES, spoil_namespaces, namespaces_are_fine, can_unshare},
};

enum {
	RESTORED = sizeof(restored) / sizeof(restored[0]),
	RETIRING = sizeof(retiring) / sizeof(retiring[0])
};

/* Whether ITEM can be spoilt here; it says so if not. */
static bool can(const struct item *item)
{
	if (item->can == NULL || item->can())
		return true;
	fprintf(stderr, "skipped here: %s\n", item->name);
	return false;
}

/* ---- jobs -------------------------------------------------------------------------------------- */

static uint64_t job_context;

static int spoil(void *arg, void **ret_result)
{
	(void)ret_result;
	job_context = bothy_context_id();
	((const struct item *)arg)->spoil();
	return 0;
}

static int look(void *arg, void **ret_result)
{
	(void)ret_result;
	return ((const struct item *)arg)->is_fine() ? 0 : 1;
}

static int my_tid(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return (int)tid();
}

static struct bothy_job with(bothy_fn *fn, const struct item *item)
{
	return BOTHY_JOB(.entity = "ann", .project = "p", .fn = fn, .arg = (void *)(uintptr_t)item);
}

static int run(bothy_fn *fn, const struct item *item)
{
	return outcome(start(with(fn, item)));
}

/* As `look`, for bob's project. */
static int look_as_bob(const struct item *item)
{
	struct bothy_job job = with(look, item);

	job.entity = "bob";
	return outcome(start(job));
}

static void expect_told(const struct item *item, uint32_t put_back, bool retired)
{
	ck_assert_msg(told.calls == 1, "%s: told %u times", item->name, told.calls);
	ck_assert_msg(told.dirt.changed == item->bit, "%s: changed %x, expected %x", item->name,
	              told.dirt.changed, item->bit);
	ck_assert_msg(told.dirt.restored == put_back, "%s: restored %x", item->name,
	              told.dirt.restored);
	ck_assert_msg(told.dirt.retired == retired, "%s: retired %d", item->name,
	              told.dirt.retired);
	ck_assert_str_eq(told.project, "ann/p");
	ck_assert_uint_eq(told.dirt.context, job_context);
	ck_assert_uint_eq(told.dirt.size, sizeof(told.dirt));
	ck_assert(!told.in_context);
	told.calls = 0;
}

static struct bothy_project_stats stats_of(const char *entity)
{
	struct bothy_project_stats stats = {.size = sizeof(stats)};
	bothy_project *project;

	ck_assert_int_eq(bothy_project_open(pool, entity, "p", NULL, &project), 0);
	ck_assert_int_eq(bothy_project_stats(project, &stats), 0);
	bothy_project_release(project);
	return stats;
}

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
	static const struct item nice = {"nice", BOTHY_DIRT_NICE, spoil_nice, nice_is_fine,
	                                 can_raise_nice};

	if (!can(&nice))
		return;
	if (is_root()) {
		strict_pool();
		ck_assert_int_eq(run(spoil, &nice), 0);
		ck_assert(!told.dirt.retired);
		ck_assert_uint_eq(told.dirt.restored & BOTHY_DIRT_NICE, BOTHY_DIRT_NICE);
		ck_assert_int_eq(run(look, &nice), 0);
	}
	if (!UNDER_THREAD_SANITIZER)
		ck_assert_int_eq(support_in_child(in_child, (void *)(uintptr_t)&nice), 0);
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

/* Let the project's average be short, so that the worker takes many at once. */
static void warm_up(void)
{
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
}

START_TEST(what_a_retired_thread_has_in_its_hand_is_for_its_successor)
{
	enum { JOBS = 40 };
	bothy_future *futures[JOBS];
	bothy_future *first;

	strict_pool();
	served_by_dirty = 0;
	warm_up();
	first = start(BOTHY_JOB(.fn = spoil_first));
	for (int i = 0; i < JOBS; i++)
		futures[i] = start(BOTHY_JOB(.fn = count_on_dirty));
	gate_open(&gate);
	ck_assert_int_eq(outcome(first), 0);
	for (int i = 0; i < JOBS; i++)
		ck_assert_int_eq(outcome(futures[i]), 0);
	ck_assert_int_eq(served_by_dirty, 0);
	ck_assert_uint_eq(stats_now().done, 100 + 1 + JOBS);
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

static const struct item privs = {"no_new_privs", BOTHY_DIRT_NO_NEW_PRIVS, spoil_privs,
                                  privs_are_fine, privs_are_fine};
static const struct item names = {"name", BOTHY_DIRT_THREAD_NAME, spoil_name, name_is_fine, NULL};

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

static int init_process(void *user, void **ret_local)
{
	(void)user;
	(void)ret_local;
	return setenv("BOTHY_TEST_INIT", "1", 1);
}

START_TEST(what_worker_init_does_to_the_process_is_no_jobs)
{
	strict_with((struct bothy_pool_options){.worker_init = init_process});
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	ck_assert_uint_eq(told.calls, 0);
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

/* ---- what is told ------------------------------------------------------------------------------- */

static void spoil_errno(void)
{
	errno = EXDEV;
}

static void spoil_flags(void)
{
	feraiseexcept(FE_DIVBYZERO);
}

static void spoil_rounding(void)
{
	fesetround(FE_UPWARD);
}

static locale_t odd_locale;

static void spoil_locale(void)
{
	uselocale(odd_locale);
}

static void spoil_cancel_state(void)
{
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
}

static void spoil_cancel_type(void)
{
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
}

#ifdef __GLIBC__
static void spoil_traps(void)
{
	feenableexcept(FE_DIVBYZERO);
}
#endif

static const struct item fast[] = {
	{"errno", BOTHY_DIRT_ERRNO, spoil_errno, NULL, NULL},
	{"flags", BOTHY_DIRT_FP_FLAGS, spoil_flags, NULL, NULL},
	{"rounding", BOTHY_DIRT_FP_ROUNDING, spoil_rounding, NULL, NULL},
	{"uselocale", BOTHY_DIRT_LOCALE, spoil_locale, NULL, NULL},
	{"cancel state", BOTHY_DIRT_CANCEL_STATE, spoil_cancel_state, NULL, NULL},
	{"cancel type", BOTHY_DIRT_CANCEL_TYPE, spoil_cancel_type, NULL, NULL},
#if defined(__GLIBC__) && defined(__x86_64__)
	{"traps", BOTHY_DIRT_FP_TRAPS, spoil_traps, NULL, NULL},
#endif
};

static void tell_each_fast(enum bothy_hygiene level)
{
	odd_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	pool_with((struct bothy_pool_options){
		.workers = 1, .hygiene = level, .on_dirty = remember, .dirt_mask = BOTHY_DIRT_ALL});
	for (size_t i = 0; i < sizeof(fast) / sizeof(fast[0]); i++) {
		ck_assert_int_eq(run(spoil, &fast[i]), 0);
		expect_told(&fast[i], fast[i].bit, false);
	}
	ck_assert_uint_eq(stats_now().dirtied, sizeof(fast) / sizeof(fast[0]));
	freelocale(odd_locale);
}

START_TEST(a_fast_pool_tells_what_it_looks_at)
{
	tell_each_fast(BOTHY_HYGIENE_FAST);
}
END_TEST

START_TEST(so_does_a_strict_one)
{
	tell_each_fast(BOTHY_HYGIENE_STRICT);
}
END_TEST

START_TEST(what_is_left_on_a_thread_of_a_jobs_own_is_told_at_no_level)
{
	static const struct item rounding = {"rounding", BOTHY_DIRT_FP_ROUNDING, spoil_rounding,
	                                     NULL, NULL};
	struct bothy_job job = with(spoil, &rounding);

	job.flags = BOTHY_OWN_THREAD;
	for (int strict = 0; strict < 2; strict++) {
		pool_with((struct bothy_pool_options){
			.workers = 1,
			.hygiene = strict ? BOTHY_HYGIENE_STRICT : BOTHY_HYGIENE_FAST,
			.on_dirty = remember,
		});
		ck_assert_int_eq(outcome(start(job)), 0);
		ck_assert_uint_eq(told.calls, 0);
		bothy_pool_free(pool);
		pool = NULL;
	}
}
END_TEST

START_TEST(a_fast_pool_looks_at_no_more)
{
	pool_with((struct bothy_pool_options){.workers = 1, .on_dirty = remember});
	ck_assert_int_eq(run(spoil, &names), 0);
	ck_assert_int_eq(run(look, &names), 1);
	ck_assert_uint_eq(told.calls, 0);
}
END_TEST

START_TEST(errno_and_flags_are_told_only_if_asked_for)
{
	strict_with((struct bothy_pool_options){.workers = 1});
	ck_assert_int_eq(run(spoil, &fast[0]), 0);
	ck_assert_int_eq(run(spoil, &fast[1]), 0);
	ck_assert_uint_eq(told.calls, 0);
	ck_assert_uint_eq(stats_now().dirtied, 0);
}
END_TEST

START_TEST(what_costs_a_thread_is_told_in_any_case)
{
	if (!can(&privs))
		return;
	strict_with((struct bothy_pool_options){.dirt_mask = BOTHY_DIRT_ERRNO});
	ck_assert_int_eq(run(spoil, &names), 0);
	ck_assert_uint_eq(told.calls, 0);
	ck_assert_int_eq(run(look, &names), 0);
	ck_assert_int_eq(run(spoil, &privs), 0);
	ck_assert_uint_eq(told.calls, 1);
	ck_assert(told.dirt.retired);
}
END_TEST

START_TEST(every_bit_has_a_name_of_its_own)
{
	for (int i = 0; i < 32; i++) {
		const char *name = bothy_dirt_name(UINT32_C(1) << i);

		ck_assert_int_eq(name != NULL, (BOTHY_DIRT_ALL >> i) & 1);
		for (int j = 0; j < i && name != NULL; j++)
			ck_assert_str_ne(name, bothy_dirt_name(UINT32_C(1) << j));
	}
	ck_assert_str_eq(bothy_dirt_name(BOTHY_DIRT_NICE | BOTHY_DIRT_CWD), "nice value");
	ck_assert_ptr_null(bothy_dirt_name(0));
}
END_TEST

/* ---- what is the process's own -------------------------------------------------------------------- */

static void spoil_cwd(void)
{
	if (chdir("/proc") != 0)
		abort();
}

static void set_variable(void)
{
	setenv("BOTHY_TEST", "1", 1);
}

static void replace_variable(void)
{
	setenv("BOTHY_TEST", "2", 1);
}

static void remove_variable(void)
{
	unsetenv("BOTHY_TEST");
}

static void spoil_setlocale(void)
{
	if (setlocale(LC_ALL, "C.UTF-8") == NULL)
		abort();
}

static void spoil_stdio(void)
{
	int ends[2];

	if (pipe(ends) != 0) /* which it is not yet, whatever it is */
		abort();
	dup2(ends[0], 0);
	close(ends[0]);
	close(ends[1]);
}

static void spoil_stdio_flags(void)
{
	fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
}

static void spoil_actions(void)
{
	signal(SIGUSR2, SIG_IGN);
}

static void spoil_limits(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = limit.rlim_cur == 0 ? limit.rlim_max : 0;
	setrlimit(RLIMIT_CORE, &limit);
}

static bool has_other_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max != 0;
}

static const struct item process_own[] = {
	{"chdir", BOTHY_DIRT_CWD, spoil_cwd, NULL, NULL},
	{"setenv", BOTHY_DIRT_ENVIRONMENT, set_variable, NULL, NULL},
	{"setenv again", BOTHY_DIRT_ENVIRONMENT, replace_variable, NULL, NULL},
	{"unsetenv", BOTHY_DIRT_ENVIRONMENT, remove_variable, NULL, NULL},
	{"setlocale", BOTHY_DIRT_SETLOCALE, spoil_setlocale, NULL, NULL},
	{"standard input", BOTHY_DIRT_STDIO, spoil_stdio, NULL, NULL},
	{"O_NONBLOCK", BOTHY_DIRT_STDIO, spoil_stdio_flags, NULL, NULL},
	{"signal", BOTHY_DIRT_SIGNAL_ACTIONS, spoil_actions, NULL, NULL},
	{"limits", BOTHY_DIRT_RLIMITS, spoil_limits, NULL, has_other_limit},
};

START_TEST(what_is_the_process_s_own_is_told_once_and_left)
{
	strict_with((struct bothy_pool_options){.workers = 2});
	for (size_t i = 0; i < sizeof(process_own) / sizeof(process_own[0]); i++) {
		const struct item *item = &process_own[i];

		if (!can(item))
			continue;
		ck_assert_int_eq(run(spoil, item), 0);
		expect_told(item, 0, false);
		for (int j = 0; j < 10; j++)
			ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
		ck_assert_uint_eq(told.calls, 0);
	}
	ck_assert_uint_eq(stats_now().retired, 0);
}
END_TEST

static void put_variable_back(void)
{
	unsetenv("BOTHY_TEST");
}

START_TEST(what_on_dirty_puts_back_is_no_jobs)
{
	strict_pool();
	spoil_in_on_dirty = put_variable_back;
	ck_assert_int_eq(run(spoil, &process_own[1]), 0);
	ck_assert_uint_eq(told.calls, 1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = nothing))), 0);
	ck_assert_uint_eq(told.calls, 1);
}
END_TEST

START_TEST(a_thread_of_a_jobs_own_is_watched_for_what_is_the_process_s)
{
	struct bothy_job job = with(spoil, &process_own[1]);

	strict_pool();
	job.flags = BOTHY_OWN_THREAD;
	ck_assert_int_eq(outcome(start(job)), 0);
	expect_told(&process_own[1], 0, false);
}
END_TEST

/* ---- a strict pool's own ---------------------------------------------------------------------------- */

/* 1 if the context's memory had to be allocated, 0 if it was there.  Nobody else allocates now: the
 * test waits. */
static int use_memory(void *arg, void **ret_result)
{
	long before = support_live_allocations();

	(void)arg;
	(void)ret_result;
	if (bothy_context_alloc(64) == NULL)
		return 100;
	return (int)(support_live_allocations() - before);
}

START_TEST(no_memory_of_a_context_goes_to_the_next)
{
	strict_pool();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = use_memory))), 1);
	bothy_pool_free(pool);
	pool_of(1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = use_memory))), 1);
	ck_assert_int_eq(outcome(start(BOTHY_JOB(.fn = use_memory))), 0);
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
	bothy_future *future = NULL;

	do {
		bothy_future_release(future);
		future = start(BOTHY_JOB(.fn = spoil_after_loss, .deadline = bothy_after_ms(10)));
		ck_assert_int_eq(bothy_future_wait(future, BOTHY_FOREVER), 0);
	} while (bothy_future_state(future) == BOTHY_EXPIRED);
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
		what_worker_init_does_to_the_process_is_no_jobs,
		what_worker_init_has_set_is_how_threads_are_left,
		a_thread_of_a_jobs_own_is_its_own,
		what_is_left_on_a_thread_of_a_jobs_own_is_told_at_no_level,
		a_retired_thread_that_none_would_replace_is_replaced_later,
		a_job_that_ends_its_thread_is_told_too,
		a_fast_pool_tells_what_it_looks_at,
		so_does_a_strict_one,
		a_fast_pool_looks_at_no_more,
		errno_and_flags_are_told_only_if_asked_for,
		what_costs_a_thread_is_told_in_any_case,
		every_bit_has_a_name_of_its_own,
		what_is_the_process_s_own_is_told_once_and_left,
		what_on_dirty_puts_back_is_no_jobs,
		a_thread_of_a_jobs_own_is_watched_for_what_is_the_process_s,
		no_memory_of_a_context_goes_to_the_next,
		a_strict_pool_that_cannot_start_all_its_threads_is_refused,
		no_memory_is_no_strict_pool,
		an_abandoned_strict_pool_ends_by_itself,
		a_lost_thread_that_comes_back_spoilt_is_gone,
	};

	return run_suite_with("strict", strict_setup, fixture_teardown, tests,
	                      sizeof(tests) / sizeof(tests[0]));
}
