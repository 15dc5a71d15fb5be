#define _GNU_SOURCE
#include "tests/vandal.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
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

#include "tests/support.h"

/* ---- who is told --------------------------------------------------------------------------- */

struct told told;

void (*spoil_in_on_dirty)(void);

void remember(void *user, const struct bothy_dirt *dirt)
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

void strict_setup(void)
{
	fixture_setup();
	memset(&told, 0, sizeof(told));
	spoil_in_on_dirty = NULL;
}

void strict_with(struct bothy_pool_options options)
{
	options.workers = options.workers == 0 ? 1 : options.workers;
	options.hygiene = BOTHY_HYGIENE_STRICT;
	options.on_dirty = remember;
	pool_with(options);
}

void strict_pool(void)
{
	strict_with((struct bothy_pool_options){.dirt_mask = BOTHY_DIRT_ALL & ~BOTHY_DIRT_ERRNO});
}

/* ---- what can be spoilt ---------------------------------------------------------------------- */

long tid(void)
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

void spoil_name(void)
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

void spoil_affinity(void)
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

int cpus_now(void)
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

bool has_io_priority(void)
{
	io_priority_before = syscall(SYS_ioprio_get, 1, 0);
	return io_priority_before >= 0;
}

bool is_root(void)
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

bool ids_are_fine(void)
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

void spoil_privs(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

bool privs_are_fine(void)
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

void spoil_fs(void)
{
	if (unshare(CLONE_FS) == 0 && chdir("/proc") != 0)
		abort();
}

static bool cwd_is_fine(void)
{
	char now[4096];

	return getcwd(now, sizeof(now)) != NULL && strcmp(now, cwd_before) == 0;
}

bool can_compare(void)
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

const struct item restored[] = {
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

const struct item retiring[] = {
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

_Static_assert(sizeof(restored) / sizeof(restored[0]) == RESTORED, "as many as vandal.h says");
_Static_assert(sizeof(retiring) / sizeof(retiring[0]) == RETIRING, "as many as vandal.h says");

const struct item privs = {"no_new_privs", BOTHY_DIRT_NO_NEW_PRIVS, spoil_privs, privs_are_fine,
                           privs_are_fine};
const struct item names = {"name", BOTHY_DIRT_THREAD_NAME, spoil_name, name_is_fine, NULL};
const struct item niceness = {"nice", BOTHY_DIRT_NICE, spoil_nice, nice_is_fine, can_raise_nice};

bool can(const struct item *item)
{
	if (item->can == NULL || item->can())
		return true;
	fprintf(stderr, "skipped here: %s\n", item->name);
	return false;
}

/* ---- jobs -------------------------------------------------------------------------------------- */

uint64_t job_context;

int spoil(void *arg, void **ret_result)
{
	(void)ret_result;
	job_context = bothy_context_id();
	((const struct item *)arg)->spoil();
	return 0;
}

int look(void *arg, void **ret_result)
{
	(void)ret_result;
	return ((const struct item *)arg)->is_fine() ? 0 : 1;
}

int my_tid(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return (int)tid();
}

struct bothy_job with(bothy_fn *fn, const struct item *item)
{
	return BOTHY_JOB(.entity = "ann", .project = "p", .fn = fn, .arg = (void *)(uintptr_t)item);
}

int run(bothy_fn *fn, const struct item *item)
{
	return outcome(start(with(fn, item)));
}

int look_as_bob(const struct item *item)
{
	struct bothy_job job = with(look, item);

	job.entity = "bob";
	return outcome(start(job));
}

void expect_told(const struct item *item, uint32_t put_back, bool retired)
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

struct bothy_project_stats stats_of(const char *entity)
{
	struct bothy_project_stats stats = {.size = sizeof(stats)};
	bothy_project *project;

	ck_assert_int_eq(bothy_project_open(pool, entity, "p", NULL, &project), 0);
	ck_assert_int_eq(bothy_project_stats(project, &stats), 0);
	bothy_project_release(project);
	return stats;
}
