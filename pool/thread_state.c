/*
 * A table of items: each says how it is read, and how it is put back, if it can be.  They are put
 * back in the table's order: what an earlier one changes for a later one is as it was by then (the
 * kernel takes capabilities away with the fsuid, sets the timer slack with the scheduling policy,
 * and derives the I/O priority from the nice value).
 */
#define _GNU_SOURCE
#include "pool/thread_state.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bothy/hygiene.h>

#include "sync/testing.h"

/* Of <linux/ioprio.h>, which older headers lack. */
enum {
	IOPRIO_WHO_PROCESS = 1,
	IOPRIO_CLASS_SHIFT = 13,
	IOPRIO_CLASS_NONE = 0,
	IOPRIO_CLASS_BE = 2
};

pid_t thread_state_id(void)
{
	return (pid_t)syscall(SYS_gettid);
}

/* ---- signals, name, timers ---------------------------------------------------------------- */

static bool read_signal_mask(struct thread_state *state)
{
	return pthread_sigmask(SIG_BLOCK, NULL, &state->signal_mask) == 0;
}

static void put_signal_mask(const struct thread_state *state)
{
	(void)pthread_sigmask(SIG_SETMASK, &state->signal_mask, NULL);
}

static bool read_signal_stack(struct thread_state *state)
{
	return sigaltstack(NULL, &state->signal_stack) == 0;
}

static void put_signal_stack(const struct thread_state *state)
{
	(void)sigaltstack(&state->signal_stack, NULL);
}

static bool read_name(struct thread_state *state)
{
	return prctl(PR_GET_NAME, state->name, 0, 0, 0) == 0;
}

static void put_name(const struct thread_state *state)
{
	(void)prctl(PR_SET_NAME, state->name, 0, 0, 0);
}

static bool read_timer_slack(struct thread_state *state)
{
	state->timer_slack = syscall(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
	return state->timer_slack != -1;
}

static void put_timer_slack(const struct thread_state *state)
{
	(void)syscall(SYS_prctl, PR_SET_TIMERSLACK, state->timer_slack, 0, 0, 0);
}

/* ---- scheduling --------------------------------------------------------------------------- */

static bool read_affinity(struct thread_state *state)
{
	return syscall(SYS_sched_getaffinity, 0, sizeof(state->cpus), state->cpus) > 0;
}

static void put_affinity(const struct thread_state *state)
{
	(void)syscall(SYS_sched_setaffinity, 0, sizeof(state->cpus), state->cpus);
}

static bool read_nice(struct thread_state *state)
{
	errno = 0;
	state->nice = getpriority(PRIO_PROCESS, 0); /* in Linux, the thread's */
	return errno == 0;
}

static void put_nice(const struct thread_state *state)
{
	(void)setpriority(PRIO_PROCESS, 0, state->nice);
}

static bool read_sched(struct thread_state *state)
{
	if (syscall(SYS_sched_getattr, 0, &state->sched, sizeof(state->sched), 0) != 0)
		return false;
	state->sched.nice = 0;
	return true;
}

static void put_sched(const struct thread_state *state)
{
	struct thread_sched sched = state->sched;

	sched.nice = getpriority(PRIO_PROCESS, 0);
	(void)syscall(SYS_sched_setattr, 0, &sched, 0);
}

/* Whether PRIORITY is none of its own, but what the nice value gives.  Linux before 6.0 says it in
 * three ways, of which the first disk access changes one for another. */
static bool is_by_nice(long priority, int nice)
{
	long usual = (IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT) | (nice + 20) / 5;

	return priority >> IOPRIO_CLASS_SHIFT == IOPRIO_CLASS_NONE || priority == usual;
}

static bool read_io_priority(struct thread_state *state)
{
	long priority = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);

	state->io_priority = is_by_nice(priority, state->nice) ? 0 : priority;
	return priority >= 0;
}

static void put_io_priority(const struct thread_state *state)
{
	(void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, state->io_priority);
}

/* ---- who it is, and what it may ------------------------------------------------------------- */

/* No user has the id -1: it changes nothing, and what is there is returned. */
static bool read_fs_ids(struct thread_state *state)
{
	state->fs_ids.uid = setfsuid((uid_t)-1);
	state->fs_ids.gid = setfsgid((gid_t)-1);
	return true;
}

static void put_fs_ids(const struct thread_state *state)
{
	(void)setfsuid((uid_t)state->fs_ids.uid);
	(void)setfsgid((gid_t)state->fs_ids.gid);
}

/* Of more groups than there is room for, how many. */
static bool read_ids(struct thread_state *state)
{
	struct thread_ids *ids = &state->ids;

	ids->count = getgroups(THREAD_STATE_GROUPS, ids->groups);
	if (ids->count < 0)
		ids->count = getgroups(0, NULL);
	return ids->count >= 0 && getresuid(&ids->uids[0], &ids->uids[1], &ids->uids[2]) == 0 &&
	       getresgid(&ids->gids[0], &ids->gids[1], &ids->gids[2]) == 0;
}

static bool read_capabilities(struct thread_state *state)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};

	return syscall(SYS_capget, &header, state->capabilities) == 0;
}

static bool has_sys_admin(const struct thread_state *state)
{
	const struct __user_cap_data_struct *low = (const void *)state->capabilities;

	return (low->permitted & (1U << CAP_SYS_ADMIN)) != 0;
}

static bool read_no_new_privs(struct thread_state *state)
{
	state->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	return state->no_new_privs >= 0;
}

static bool read_seccomp(struct thread_state *state)
{
	state->seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
	return state->seccomp >= 0;
}

/* ---- what it shares ------------------------------------------------------------------------- */

static bool compare_kernel(const struct thread_state *state, int type, long *ret_differs)
{
	long order = syscall(SYS_kcmp, state->thread, state->reference, type, 0, 0);

	*ret_differs = order != 0;
	return order >= 0; /* containers may forbid it */
}

static bool read_private_fs(struct thread_state *state)
{
	return compare_kernel(state, KCMP_FS, &state->private_fs);
}

static bool read_private_files(struct thread_state *state)
{
	return compare_kernel(state, KCMP_FILES, &state->private_files);
}

/* To read where the links go is cheaper than to follow them. */
static bool read_namespaces(struct thread_state *state)
{
	static const char *const paths[THREAD_STATE_NAMESPACES] = {
		"/proc/thread-self/ns/net",
		"/proc/thread-self/ns/uts",
		"/proc/thread-self/ns/ipc",
		"/proc/thread-self/ns/cgroup",
	};

	for (int i = 0; i < THREAD_STATE_NAMESPACES; i++) {
		char *name = state->namespaces[i];

		if (readlink(paths[i], name, sizeof(state->namespaces[i])) < 0 &&
		    errno != ENOENT) /* a kernel without this kind */
			return false;
	}
	return true;
}

/* ---- all of it ------------------------------------------------------------------------------ */

struct item {
	uint32_t bit;
	size_t at, bytes; /* in struct thread_state */
	bool (*read)(struct thread_state *state); /* false: it can't be known */
	void (*put)(const struct thread_state *state); /* NULL: it can't be put back */
};

#define AT(field) offsetof(struct thread_state, field), sizeof(((struct thread_state *)0)->field)

static const struct item items[] = {
	{BOTHY_DIRT_SIGNAL_MASK, AT(signal_mask), read_signal_mask, put_signal_mask},
	{BOTHY_DIRT_SIGNAL_STACK, AT(signal_stack), read_signal_stack, put_signal_stack},
	{BOTHY_DIRT_THREAD_NAME, AT(name), read_name, put_name},
	{BOTHY_DIRT_SCHED_POLICY, AT(sched), read_sched, put_sched},
	{BOTHY_DIRT_TIMER_SLACK, AT(timer_slack), read_timer_slack, put_timer_slack},
	{BOTHY_DIRT_AFFINITY, AT(cpus), read_affinity, put_affinity},
	{BOTHY_DIRT_NICE, AT(nice), read_nice, put_nice},
	{BOTHY_DIRT_IO_PRIORITY, AT(io_priority), read_io_priority, put_io_priority},
	{BOTHY_DIRT_IDS, AT(ids), read_ids, NULL},
	{BOTHY_DIRT_FS_IDS, AT(fs_ids), read_fs_ids, put_fs_ids},
	{BOTHY_DIRT_CAPABILITIES, AT(capabilities), read_capabilities, NULL},
	{BOTHY_DIRT_NO_NEW_PRIVS, AT(no_new_privs), read_no_new_privs, NULL},
	{BOTHY_DIRT_SECCOMP, AT(seccomp), read_seccomp, NULL},
	{BOTHY_DIRT_PRIVATE_FS, AT(private_fs), read_private_fs, NULL},
	{BOTHY_DIRT_PRIVATE_FILES, AT(private_files), read_private_files, NULL},
	{BOTHY_DIRT_NAMESPACES, AT(namespaces), read_namespaces, NULL},
};

enum { ITEMS = sizeof(items) / sizeof(items[0]) };

/* Only a thread with the right capability can change its namespaces, and they are dear to read. */
static bool is_fixed(const struct item *item, const struct thread_state *state)
{
	return item->bit == BOTHY_DIRT_NAMESPACES && !has_sys_admin(state);
}

void thread_state_read(pid_t reference, struct thread_state *ret_state)
{
	int error = errno;

	memset(ret_state, 0, sizeof(*ret_state));
	ret_state->reference = reference;
	ret_state->thread = thread_state_id();
	for (int i = 0; i < ITEMS; i++)
		if (!is_fixed(&items[i], ret_state) && items[i].read(ret_state))
			ret_state->known |= items[i].bit;
	errno = error;
}

/* Whether ITEM is as STATE says.  NOW is for what is read, and zero where it goes. */
static bool is_as(const struct item *item, const struct thread_state *state,
                  struct thread_state *now)
{
	const char *wanted = (const char *)state + item->at;

	return item->read(now) && memcmp(wanted, (const char *)now + item->at, item->bytes) == 0;
}

/* Whether ITEM may be put back where LEFT was not.  With other ids come the fsuid and the fsgid
 * that go with them: a thread that has given up root's is not to open files as root. */
static bool may_put(const struct item *item, uint32_t left)
{
	return item->put != NULL &&
	       (item->bit != BOTHY_DIRT_FS_IDS || (left & BOTHY_DIRT_IDS) == 0);
}

/* Put ITEM back: whether it is as STATE says. */
static bool put(const struct item *item, const struct thread_state *state, uint32_t left,
                struct thread_state *now)
{
	if (!may_put(item, left))
		return false;
	item->put(state);
	memset((char *)now + item->at, 0, item->bytes);
	return is_as(item, state, now);
}

uint32_t thread_state_put(const struct thread_state *state, uint32_t *ret_left)
{
	struct thread_state now;
	uint32_t changed = 0;
	int error = errno;

	*ret_left = 0;
	if (PLANTED(STATE_KEPT))
		return 0;
	memset(&now, 0, sizeof(now));
	now.reference = state->reference;
	now.thread = state->thread;
	for (int i = 0; i < ITEMS; i++) {
		const struct item *item = &items[i];

		if ((state->known & item->bit) == 0 || is_as(item, state, &now))
			continue;
		changed |= item->bit;
		if (!put(item, state, *ret_left, &now))
			*ret_left |= item->bit;
	}
	errno = error;
	return changed;
}
