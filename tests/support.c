#include "tests/support.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- failing on request ------------------------------------------------------------------ */

/* `left` calls until the one that fails; 0: none does. */
struct failure {
	atomic_ulong left;
	atomic_bool failed;
};

static struct failure allocation, thread_start, key, value, event, randomness;
static atomic_bool no_threads;
static _Atomic int64_t wall_clock; /* 0: the right one */
static atomic_long live;

static void fail_nth(struct failure *failure, unsigned long n)
{
	atomic_store(&failure->failed, false);
	atomic_store(&failure->left, n);
}

/* Count one call: whether it is the one to fail. */
static bool fails(struct failure *failure)
{
	unsigned long left = atomic_load(&failure->left);

	do {
		if (left == 0)
			return false;
	} while (!atomic_compare_exchange_weak(&failure->left, &left, left - 1));
	if (left == 1)
		atomic_store(&failure->failed, true);
	return left == 1;
}

void support_fail_allocation(unsigned long n)
{
	fail_nth(&allocation, n);
}

void support_fail_thread_start(unsigned long n)
{
	fail_nth(&thread_start, n);
}

void support_fail_thread_starts(bool all)
{
	atomic_store(&no_threads, all);
}

void support_fail_key(unsigned long n)
{
	fail_nth(&key, n);
}

void support_fail_value(unsigned long n)
{
	fail_nth(&value, n);
}

void support_fail_eventfd(unsigned long n)
{
	fail_nth(&event, n);
}

void support_fail_random(unsigned long n)
{
	fail_nth(&randomness, n);
}

void support_wall_clock(int64_t ns)
{
	atomic_store(&wall_clock, ns);
}

bool support_allocation_failed(void)
{
	return atomic_load(&allocation.failed);
}

bool support_thread_start_failed(void)
{
	return atomic_load(&thread_start.failed);
}

bool support_key_failed(void)
{
	return atomic_load(&key.failed);
}

bool support_value_failed(void)
{
	return atomic_load(&value.failed);
}

bool support_eventfd_failed(void)
{
	return atomic_load(&event.failed);
}

long support_live_allocations(void)
{
	return atomic_load(&live);
}

/* ---- the allocator: the linker sends f to __wrap_f, and __real_f to f ------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);
char *__wrap_strdup(const char *text);

static bool allocation_fails(void)
{
	if (!fails(&allocation))
		return false;
	errno = ENOMEM;
	return true;
}

/* BLOCK is new, or NULL. */
static void *count_live(void *block)
{
	if (block != NULL)
		atomic_fetch_add(&live, 1);
	return block;
}

void *__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : count_live(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return allocation_fails() ? NULL : count_live(__real_calloc(n, size));
}

void *__wrap_realloc(void *block, size_t size)
{
	if (allocation_fails())
		return NULL;
	return block != NULL ? __real_realloc(block, size) : count_live(__real_realloc(NULL, size));
}

void __wrap_free(void *block)
{
	if (block != NULL)
		atomic_fetch_sub(&live, 1);
	__real_free(block);
}

char *__wrap_strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = __wrap_malloc(size);

	return copy != NULL ? memcpy(copy, text, size) : NULL;
}

/* ---- what the library calls instead (see CMakeLists.txt) -------------------------------- */

int support_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes,
                           void *(*fn)(void *), void *arg);
int support_pthread_key_create(pthread_key_t *ret_key, void (*destroy)(void *));
int support_pthread_setspecific(pthread_key_t of, const void *new);
int support_eventfd(unsigned int count, int flags);
ssize_t support_getrandom(void *bytes, size_t n, unsigned int flags);
int support_clock_gettime(clockid_t clock, struct timespec *ret_time);

int support_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes,
                           void *(*fn)(void *), void *arg)
{
	return fails(&thread_start) || atomic_load(&no_threads)
	               ? EAGAIN
	               : pthread_create(ret_thread, attributes, fn, arg);
}

int support_pthread_key_create(pthread_key_t *ret_key, void (*destroy)(void *))
{
	return fails(&key) ? EAGAIN : pthread_key_create(ret_key, destroy);
}

int support_pthread_setspecific(pthread_key_t of, const void *new)
{
	return fails(&value) ? ENOMEM : pthread_setspecific(of, new);
}

int support_eventfd(unsigned int count, int flags)
{
	if (fails(&event)) {
		errno = EMFILE;
		return -1;
	}
	return eventfd(count, flags);
}

ssize_t support_getrandom(void *bytes, size_t n, unsigned int flags)
{
	if (fails(&randomness)) {
		errno = ENOSYS;
		return -1;
	}
	return getrandom(bytes, n, flags);
}

int support_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	int64_t ns = clock == CLOCK_REALTIME ? atomic_load(&wall_clock) : 0;

	if (ns == 0)
		return clock_gettime(clock, ret_time);
	*ret_time = (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
	return 0;
}

/* ---- threads ----------------------------------------------------------------------------- */

static void need(const char *what, int error)
{
	if (error == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(error));
	exit(EXIT_FAILURE);
}

pthread_t support_thread(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	need("pthread_create", pthread_create(&thread, NULL, fn, arg));
	return thread;
}

void *support_join(pthread_t thread)
{
	void *result;

	need("pthread_join", pthread_join(thread, &result));
	return result;
}

int support_in_child(int (*fn)(void *), void *arg)
{
	int status;
	pid_t child = fork();

	need("fork", child < 0 ? errno : 0);
	if (child == 0)
		_exit(fn(arg));
	while (waitpid(child, &status, 0) < 0)
		need("waitpid", errno == EINTR ? 0 : errno);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
