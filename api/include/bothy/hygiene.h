/*
 * What a job may leave on its thread for the next one, and who is told.
 *
 * After each job, and after each callback that runs between jobs on a worker, the thread is put
 * right: what every pool looks at becomes what a process starts with, whatever worker_init has
 * made of it (errno 0, the default floating-point environment, the global locale, cancellation
 * enabled and deferred); the rest, in a strict pool, what worker_init has left.  What can't be put
 * back retires the thread, and a new one takes its place.  New threads of a BOTHY_HYGIENE_STRICT
 * pool inherit nothing of a job's: one that never runs anything of yours starts them.  So what they
 * begin with is what the thread that called bothy_pool_new() had.  What something outside the
 * process makes of a worker, renice or taskset say, is taken for a job's, too.
 *
 * What is not seen: thread-local variables, pending signals, the umask, environment strings
 * changed in place, variables beyond the first 512 (or, where process_vm_readv(2) is refused, any
 * that are replaced), open files, memory policy, personality, protection keys, keyrings, bounding
 * and ambient capabilities, securebits and what else prctl(2) sets, a second seccomp filter where
 * there was one, PID, user and time namespaces; of more than 64 supplementary groups, which.  A job
 * that goes there is one for BOTHY_OWN_THREAD: of what is left on such a thread nobody is told.
 */
#ifndef BOTHY_HYGIENE_H
#define BOTHY_HYGIENE_H

#include <bothy/base.h>

BOTHY_BEGIN_DECLS

/* How much of a thread is looked at after each job. */
enum bothy_hygiene {
	BOTHY_HYGIENE_FAST = 0,  /* what takes no system call: the first group below */
	BOTHY_HYGIENE_STRICT = 1 /* all; each job's memory goes back to the system, too */
};

/* ---- what was not as it was found: bits of a mask ---------------------------------------- */

/* Looked at by every pool, and put back to what a process starts with. */
#define BOTHY_DIRT_ERRNO (UINT32_C(1) << 0)
#define BOTHY_DIRT_FP_FLAGS (UINT32_C(1) << 1)    /* floating-point exceptions that were raised */
#define BOTHY_DIRT_FP_ROUNDING (UINT32_C(1) << 2) /* the rounding mode; flush to zero, precision */
#define BOTHY_DIRT_FP_TRAPS (UINT32_C(1) << 3)    /* exceptions that are enabled */
#define BOTHY_DIRT_LOCALE (UINT32_C(1) << 4)      /* uselocale(3) */
#define BOTHY_DIRT_CANCEL_STATE (UINT32_C(1) << 5)
#define BOTHY_DIRT_CANCEL_TYPE (UINT32_C(1) << 6)

/* Strict; put back if the system lets us, else the thread is retired. */
#define BOTHY_DIRT_SIGNAL_MASK (UINT32_C(1) << 7)
#define BOTHY_DIRT_SIGNAL_STACK (UINT32_C(1) << 8) /* sigaltstack(2) */
#define BOTHY_DIRT_THREAD_NAME (UINT32_C(1) << 9)
#define BOTHY_DIRT_TIMER_SLACK (UINT32_C(1) << 10)
#define BOTHY_DIRT_AFFINITY (UINT32_C(1) << 11)
#define BOTHY_DIRT_NICE (UINT32_C(1) << 12) /* to lower it again takes CAP_SYS_NICE */
#define BOTHY_DIRT_SCHED_POLICY (UINT32_C(1) << 13) /* and its parameters */
#define BOTHY_DIRT_IO_PRIORITY (UINT32_C(1) << 14)
#define BOTHY_DIRT_FS_IDS (UINT32_C(1) << 15) /* fsuid and fsgid */

/* Strict; the thread is retired. */
#define BOTHY_DIRT_IDS (UINT32_C(1) << 16) /* user, group and supplementary group ids */
#define BOTHY_DIRT_CAPABILITIES (UINT32_C(1) << 17)
#define BOTHY_DIRT_NO_NEW_PRIVS (UINT32_C(1) << 18)
#define BOTHY_DIRT_SECCOMP (UINT32_C(1) << 19)
/* A working directory, root and umask of its own: unshare(CLONE_FS), or a mount namespace; a table
 * of files of its own.  Not where kcmp(2) is forbidden, as in some containers. */
#define BOTHY_DIRT_PRIVATE_FS (UINT32_C(1) << 20)
#define BOTHY_DIRT_PRIVATE_FILES (UINT32_C(1) << 21)
/* Net, UTS, IPC and cgroup.  Looked at if the process has CAP_SYS_ADMIN, without which no thread
 * leaves them. */
#define BOTHY_DIRT_NAMESPACES (UINT32_C(1) << 22)

/* Strict; the process's own, which is left as it is.  Seen first after this job: that job did it,
 * or any that ran at the same time, or something outside the pool. */
#define BOTHY_DIRT_CWD (UINT32_C(1) << 23)
#define BOTHY_DIRT_ENVIRONMENT (UINT32_C(1) << 24) /* a variable set, replaced or removed */
#define BOTHY_DIRT_SETLOCALE (UINT32_C(1) << 25)
/* What files 0 to 2 are, and O_NONBLOCK and the like. */
#define BOTHY_DIRT_STDIO (UINT32_C(1) << 26)
#define BOTHY_DIRT_SIGNAL_ACTIONS (UINT32_C(1) << 27) /* of signals 1 to 31 */
#define BOTHY_DIRT_RLIMITS (UINT32_C(1) << 28)

#define BOTHY_DIRT_ALL UINT32_C(0x1fffffff)
#define BOTHY_DIRT_PROCESS UINT32_C(0x1f800000) /* the last group */

/* What is reported unless the pool's options say otherwise: most code leaves errno and
 * floating-point flags behind, and means nothing by it. */
#define BOTHY_DIRT_DEFAULT (BOTHY_DIRT_ALL & ~(BOTHY_DIRT_ERRNO | BOTHY_DIRT_FP_FLAGS))

/* What a job has left. */
struct bothy_dirt {
	size_t size;         /* sizeof (struct bothy_dirt), the library's */
	const char *entity;  /* whose job it was; both NULL: it was a callback between jobs */
	const char *project; /* (notify, result_free, arg_free of one that never ran) */
	uint64_t context;    /* bothy_context_id() in the job; 0: in none */
	uint32_t changed;    /* BOTHY_DIRT_... */
	uint32_t restored;   /* of these, what is as it was again */
	bool retired;        /* for this, the thread runs no other job and ends, and a new one takes
	                      * its place: told once a thread */
};

/*
 * "signal mask" and the like for the lowest bit of BITS; NULL for a bit that is none.
 *
 * Threads: any.  The text is static.
 */
BOTHY_API const char *bothy_dirt_name(uint32_t bits);

BOTHY_END_DECLS

#endif
