/*
 * What tests of any module share: gates, threads, and calls of the system that fail on
 * request.  The library's calls of pthread_create(3), eventfd(2), sqlite3_step() and many more can
 * fail in every test program; so can the allocator, for the test and Check too: switch the
 * failure off before the next assertion.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/gate.h"

/*
 * The thread sanitizer ends a forked child that starts threads: tests whose child does are
 * left out under it alone.  The address sanitizer's allocator does not hold its locks across a fork
 * (LLVM 14), so under it no child allocates that was forked while other threads do.
 */
#if defined(__SANITIZE_THREAD__)
#define UNDER_THREAD_SANITIZER 1
#elif defined(__SANITIZE_ADDRESS__)
#define UNDER_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER 1
#elif __has_feature(address_sanitizer)
#define UNDER_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef UNDER_ADDRESS_SANITIZER
#define UNDER_ADDRESS_SANITIZER 0
#endif
#ifndef UNDER_THREAD_SANITIZER
#define UNDER_THREAD_SANITIZER 0
#endif

/* ---- failing on request ------------------------------------------------------------------ */

/* Calls that can fail, and what they say then.  Those of SQLite and below are there with recording
 * alone; the last ones in test_faults alone. */
enum support_call {
	CALL_ALLOCATION,        /* malloc, calloc, realloc, strdup: ENOMEM */
	CALL_THREAD_START,      /* EAGAIN */
	CALL_THREAD_ATTRIBUTES, /* pthread_attr_init(3), pthread_getattr_np(3): ENOMEM */
	CALL_KEY,               /* EAGAIN */
	CALL_VALUE,             /* pthread_setspecific(3), of a thread without a value: ENOMEM */
	CALL_ATFORK,            /* ENOMEM */
	CALL_EVENTFD,           /* EMFILE */
	CALL_RANDOM,            /* getrandom(2): ENOSYS */
	CALL_MMAP,              /* ENOMEM */
	CALL_MADVISE,           /* EINVAL, as kernels that don't know the advice */
	CALL_OPEN,              /* EMFILE */
	CALL_STAT,              /* EACCES */
	CALL_LOCALE,            /* newlocale(3): ENOMEM */
	CALL_SQLITE_START,      /* sqlite3_initialize: SQLITE_NOMEM */
	CALL_SQLITE_OPEN,       /* these four: one of several codes, by turns */
	CALL_SQLITE_PREPARE,
	CALL_SQLITE_STEP,
	CALL_SQLITE_EXEC,
	CALL_SQLITE_BIND,   /* SQLITE_NOMEM */
	CALL_SQLITE_MEMORY, /* what the libraries allocate themselves */
	CALL_JANSSON_MEMORY,
	CALL_SQLITE_FILE,  /* SQLite's own open, fstat, ftruncate, mmap, unlink: several errors */
	CALL_SQLITE_READ,  /* EIO */
	CALL_SQLITE_WRITE, /* ENOSPC */
	CALL_SQLITE_SYNC,  /* EIO */
	CALL_SQLITE_LOCK,  /* EIO */
	SUPPORT_CALLS
};

/*
 * Let RUN calls fail from the N-th from now on, on whatever threads (1: the next one), and all
 * others succeed; N 0: none fails.  Starts that call's counts anew.
 *
 * A process with BOTHY_TEST_FAILS=CALL:N in its environment, CALL a number, begins so, before
 * anything of the library has run.
 */
void support_fail(enum support_call call, unsigned long n, unsigned long run);
void support_fail_no_more(enum support_call call); /* what was counted stays */
bool support_failed(enum support_call call); /* whether one has: what loops over all N end with */
unsigned long support_calls(enum support_call call); /* how many there were, failed or not */

/* Call FN at each such call, before it is made; NULL: no more. */
void support_meet(enum support_call call, void (*fn)(void));

/* Count one call: whether it is to fail.  For what stands in for such a call. */
bool support_fails(enum support_call call);

/* The N-th alone. */
static inline void support_fail_allocation(unsigned long n)
{
	support_fail(CALL_ALLOCATION, n, 1);
}

static inline void support_fail_thread_start(unsigned long n)
{
	support_fail(CALL_THREAD_START, n, 1);
}

static inline void support_fail_key(unsigned long n)
{
	support_fail(CALL_KEY, n, 1);
}

static inline void support_fail_value(unsigned long n)
{
	support_fail(CALL_VALUE, n, 1);
}

static inline void support_fail_eventfd(unsigned long n)
{
	support_fail(CALL_EVENTFD, n, 1);
}

static inline void support_fail_random(unsigned long n)
{
	support_fail(CALL_RANDOM, n, 1);
}

/* All starts of threads, until it is false again. */
static inline void support_fail_thread_starts(bool all)
{
	support_fail(CALL_THREAD_START, all, all ? ~0ul : 0);
}

static inline bool support_allocation_failed(void)
{
	return support_failed(CALL_ALLOCATION);
}

static inline bool support_thread_start_failed(void)
{
	return support_failed(CALL_THREAD_START);
}

static inline bool support_key_failed(void)
{
	return support_failed(CALL_KEY);
}

static inline bool support_value_failed(void)
{
	return support_failed(CALL_VALUE);
}

static inline bool support_eventfd_failed(void)
{
	return support_failed(CALL_EVENTFD);
}

/* Blocks allocated and not freed, since the program's start. */
long support_live_allocations(void);

/* The library's system clock stands at NS from now on; 0: it goes right again. */
void support_wall_clock(int64_t ns);

/* The pauses between two tries of a database that another process has locked (with recording): SKIP: they
 * take no time from now on.  And how many ms they have been asked to take, since that was called. */
void support_skip_pauses(bool skip);
unsigned long support_paused_ms(void);

/* ---- threads ----------------------------------------------------------------------------- */

/* Start a thread and wait for its end.  A failure ends the program: no test begins without. */
pthread_t support_thread(void *(*fn)(void *), void *arg);
void *support_join(pthread_t thread);

/* Say in *RET_TID which thread this is, before it begins to wait; and wait until that has been
 * said, and the thread sleeps: the kernel tells. */
void support_say_thread(_Atomic int *ret_tid);
void support_await_asleep(const _Atomic int *tid);

/* Whether BOTHY_TEST_EMULATED is in the environment: this runs in an emulator, qemu-user. */
bool support_is_emulated(void);

/* Whether a forked child can start threads: the thread sanitizer ends it then, and the emulator dies. */
bool support_child_may_start_threads(void);

/* In a forked child: an alarm ends it in SECONDS if it hangs.  In a pool's thread all signals are blocked,
 * and its child's only thread inherits that. */
void support_set_alarm(unsigned seconds);

/* fork(2), in something of the user's that the child comes back from, too; what is done with the
 * parent's result is the caller's.  The child ends in a while if it hangs. */
pid_t support_fork_to_return(void);

/* Wait for such a child: whether it ended as its thread did. */
bool support_ended_with_its_thread(pid_t child);

/* Run FN in a forked child: what it returns (0 to 125), or -1 if it did not end so. */
int support_in_child(int (*fn)(void *), void *arg);

#endif
