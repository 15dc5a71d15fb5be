/*
 * What tests of any module share: gates, threads, and calls of the system that fail on
 * request.  The library's calls of pthread_create(3), pthread_key_create(3) and eventfd(2) can
 * fail in every test program; so can the allocator, for the test and Check too: switch the
 * failure off before the next assertion.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/gate.h"

/* The thread sanitizer ends a forked child that starts threads: tests whose child does are
 * left out under it alone. */
#if defined(__SANITIZE_THREAD__)
#define UNDER_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER 1
#endif
#endif
#ifndef UNDER_THREAD_SANITIZER
#define UNDER_THREAD_SANITIZER 0
#endif

/* ---- failing on request ------------------------------------------------------------------ */

/*
 * Let the N-th call from now fail, on whatever thread (1: the next one), and all others
 * succeed; 0: none fails.  Each starts its count anew.
 */
void support_fail_allocation(unsigned long n);   /* malloc, calloc, realloc, strdup: ENOMEM */
void support_fail_thread_start(unsigned long n); /* EAGAIN */
void support_fail_thread_starts(bool all);       /* all of them, until it is false again */
void support_fail_key(unsigned long n);          /* EAGAIN */
void support_fail_value(unsigned long n);        /* pthread_setspecific(3): ENOMEM */
void support_fail_eventfd(unsigned long n);      /* EMFILE */
void support_fail_random(unsigned long n);       /* getrandom(2): ENOSYS */

/* Whether the call that was to fail has come: what a loop over all N ends with. */
bool support_allocation_failed(void);
bool support_thread_start_failed(void);
bool support_key_failed(void);
bool support_value_failed(void);
bool support_eventfd_failed(void);

/* Blocks allocated and not freed, since the program's start. */
long support_live_allocations(void);

/* The library's system clock stands at NS from now on; 0: it goes right again. */
void support_wall_clock(int64_t ns);

/* ---- threads ----------------------------------------------------------------------------- */

/* Start a thread and wait for its end.  A failure ends the program: no test begins without. */
pthread_t support_thread(void *(*fn)(void *), void *arg);
void *support_join(pthread_t thread);

/* Run FN in a forked child: what it returns (0 to 125), or -1 if it did not end so. */
int support_in_child(int (*fn)(void *), void *arg);

#endif
