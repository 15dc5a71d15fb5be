/*
 * What the kernel keeps for each thread and a job may change: read, compared with how it was, and
 * put back.  By the thread itself alone, so there is no lock.  errno stays as it is.
 *
 * Nothing that the kernel refuses to tell is compared.  Ids and capabilities are never put back:
 * who gave up a privilege, perhaps in the whole process, must not be given it again.
 */
#ifndef POOL_THREAD_STATE_H
#define POOL_THREAD_STATE_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

enum { THREAD_STATE_GROUPS = 64, THREAD_STATE_CPUS = 8192, THREAD_STATE_NAMESPACES = 4 };

/* All of it is compared by its bytes, so it is zero where nothing was read. */
struct thread_state {
	uint32_t known; /* BOTHY_DIRT_... of what could be read */
	pid_t reference; /* a thread that shares with the process what a thread can unshare */
	pid_t thread;    /* the id of the one whose state this is */
	sigset_t signal_mask;
	stack_t signal_stack;
	char name[16];
	long timer_slack;
	unsigned long cpus[THREAD_STATE_CPUS / 8 / sizeof(long)];
	int nice;
	struct thread_sched { /* the kernel's struct sched_attr, version 0 */
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice; /* 0: it has a place of its own */
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} sched;
	long io_priority; /* 0: what the nice value gives */
	struct thread_fs_ids {
		int uid, gid;
	} fs_ids;
	struct thread_ids {
		uid_t uids[3];
		gid_t gids[3];
		int count;
		gid_t groups[THREAD_STATE_GROUPS];
	} ids;
	uint32_t capabilities[6];
	int no_new_privs;
	int seccomp;
	long private_fs, private_files;
	char namespaces[THREAD_STATE_NAMESPACES][32]; /* as "net:[4026531840]" */
};

/* Read the calling thread's, to be compared with later.  REFERENCE is another thread's id. */
void thread_state_read(pid_t reference, struct thread_state *ret_state);

/*
 * Make the calling thread as STATE says.
 *
 * Returns what was not so, BOTHY_DIRT_..., and of that, in *ret_left, what still is not.
 */
uint32_t thread_state_put(const struct thread_state *state, uint32_t *ret_left);

/* The calling thread's id. */
pid_t thread_state_id(void);

#endif
