#define _GNU_SOURCE
#include "tests/support.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- failing on request ------------------------------------------------------------------ */

/* Of the calls counted so far, those numbered first to first + run - 1 fail; first 0: none. */
struct failure {
	atomic_ulong first, run, count;
	atomic_bool failed;
	_Atomic(void (*)(void)) met;
};

static struct failure failures[SUPPORT_CALLS];
static _Atomic int64_t wall_clock; /* 0: the right one */
static atomic_long live;

void support_fail(enum support_call call, unsigned long n, unsigned long run)
{
	struct failure *failure = &failures[call];

	atomic_store(&failure->first, 0); /* none, while the others change */
	atomic_store(&failure->failed, false);
	atomic_store(&failure->run, run);
	atomic_store(&failure->count, 0);
	atomic_store(&failure->first, n);
}

void support_fail_no_more(enum support_call call)
{
	atomic_store(&failures[call].first, 0);
}

void support_meet(enum support_call call, void (*fn)(void))
{
	atomic_store(&failures[call].met, fn);
}

bool support_fails(enum support_call call)
{
	struct failure *failure = &failures[call];
	void (*met)(void) = atomic_load(&failure->met);
	unsigned long number = atomic_fetch_add(&failure->count, 1) + 1;
	unsigned long first = atomic_load(&failure->first);

	if (met != NULL)
		met();
	if (first == 0 || number < first || number - first >= atomic_load(&failure->run))
		return false;
	atomic_store(&failure->failed, true);
	return true;
}

bool support_failed(enum support_call call)
{
	return atomic_load(&failures[call].failed);
}

unsigned long support_calls(enum support_call call)
{
	return atomic_load(&failures[call].count);
}

/* Before the library's own constructors. */
__attribute__((constructor(101))) static void fail_from_the_start(void)
{
	const char *fails = getenv("BOTHY_TEST_FAILS");
	char *n = NULL;
	unsigned long call = fails != NULL ? strtoul(fails, &n, 10) : SUPPORT_CALLS;

	if (call < SUPPORT_CALLS && *n == ':')
		support_fail((enum support_call)call, strtoul(n + 1, NULL, 10), 1);
}

void support_wall_clock(int64_t ns)
{
	atomic_store(&wall_clock, ns);
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
	if (!support_fails(CALL_ALLOCATION))
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
int support_pthread_attr_init(pthread_attr_t *attributes);
int support_pthread_getattr_np(pthread_t thread, pthread_attr_t *ret_attributes);
int support_pthread_key_create(pthread_key_t *ret_key, void (*destroy)(void *));
int support_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
void *support_mmap(void *at, size_t bytes, int access, int flags, int fd, off_t offset);
int support_madvise(void *at, size_t bytes, int advice);
int support_open(const char *path, int flags);
int support_stat(const char *path, struct stat *ret_status);
locale_t support_newlocale(int mask, const char *name, locale_t base);
int support_pthread_setspecific(pthread_key_t of, const void *new);
int support_eventfd(unsigned int count, int flags);
ssize_t support_getrandom(void *bytes, size_t n, unsigned int flags);
int support_clock_gettime(clockid_t clock, struct timespec *ret_time);

/* -1, with errno. */
static int say(int error)
{
	errno = error;
	return -1;
}

int support_pthread_create(pthread_t *ret_thread, const pthread_attr_t *attributes,
                           void *(*fn)(void *), void *arg)
{
	return support_fails(CALL_THREAD_START) ? EAGAIN
	                                        : pthread_create(ret_thread, attributes, fn, arg);
}

int support_pthread_attr_init(pthread_attr_t *attributes)
{
	return support_fails(CALL_THREAD_ATTRIBUTES) ? ENOMEM : pthread_attr_init(attributes);
}

int support_pthread_getattr_np(pthread_t thread, pthread_attr_t *ret_attributes)
{
	return support_fails(CALL_THREAD_ATTRIBUTES) ? ENOMEM
	                                             : pthread_getattr_np(thread, ret_attributes);
}

int support_pthread_key_create(pthread_key_t *ret_key, void (*destroy)(void *))
{
	return support_fails(CALL_KEY) ? EAGAIN : pthread_key_create(ret_key, destroy);
}

int support_pthread_setspecific(pthread_key_t of, const void *new)
{
	/* It never needs memory for a thread that has a value. */
	if (new != NULL && pthread_getspecific(of) == NULL &&support_fails(CALL_VALUE))
		return ENOMEM;
	return pthread_setspecific(of, new);
}

int support_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
	return support_fails(CALL_ATFORK) ? ENOMEM : pthread_atfork(prepare, parent, child);
}

int support_eventfd(unsigned int count, int flags)
{
	return support_fails(CALL_EVENTFD) ? say(EMFILE) : eventfd(count, flags);
}

ssize_t support_getrandom(void *bytes, size_t n, unsigned int flags)
{
	return support_fails(CALL_RANDOM) ? say(ENOSYS) : getrandom(bytes, n, flags);
}

void *support_mmap(void *at, size_t bytes, int access, int flags, int fd, off_t offset)
{
	if (!support_fails(CALL_MMAP))
		return mmap(at, bytes, access, flags, fd, offset);
	errno = ENOMEM;
	return MAP_FAILED;
}

int support_madvise(void *at, size_t bytes, int advice)
{
	return support_fails(CALL_MADVISE) ? say(EINVAL) : madvise(at, bytes, advice);
}

/* The library makes no file so: it gives no mode. */
int support_open(const char *path, int flags)
{
	return support_fails(CALL_OPEN) ? say(EMFILE) : open(path, flags);
}

int support_stat(const char *path, struct stat *ret_status)
{
	return support_fails(CALL_STAT) ? say(EACCES) : stat(path, ret_status);
}

locale_t support_newlocale(int mask, const char *name, locale_t base)
{
	if (!support_fails(CALL_LOCALE))
		return newlocale(mask, name, base);
	errno = ENOMEM;
	return (locale_t)0;
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

void support_say_thread(_Atomic int *ret_tid)
{
	atomic_store(ret_tid, (int)syscall(SYS_gettid));
}

void support_await_asleep(const _Atomic int *tid)
{
	char path[64], state = 'R';

	while (atomic_load(tid) == 0)
		(void)sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(tid));
	while (state != 'S') {
		FILE *file = fopen(path, "re");

		need(path, file == NULL ? errno : 0);
		need(path, fscanf(file, "%*d (%*[^)]) %c", &state) == 1 ? 0 : EIO);
		(void)fclose(file);
	}
}

void support_set_alarm(unsigned seconds)
{
	sigset_t alarms;

	(void)sigemptyset(&alarms);
	(void)sigaddset(&alarms, SIGALRM);
	(void)pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	(void)signal(SIGALRM, SIG_DFL);
	(void)alarm(seconds);
}

enum { THREAD_ENDED = 7, RETURNS_SECONDS = 20 };

static void say_that_thread_ends(void *value)
{
	(void)value;
	_exit(THREAD_ENDED);
}

pid_t support_fork_to_return(void)
{
	static const char value;
	pthread_key_t at_thread_end;
	pid_t child = fork();

	if (child == 0) {
		support_set_alarm(RETURNS_SECONDS);
		need("pthread_key_create",
		     pthread_key_create(&at_thread_end, say_that_thread_ends));
		need("pthread_setspecific", pthread_setspecific(at_thread_end, &value));
	}
	return child;
}

bool support_ended_with_its_thread(pid_t child)
{
	int status;

	need("waitpid", waitpid(child, &status, 0) == child ? 0 : errno);
	return WIFEXITED(status) && WEXITSTATUS(status) == THREAD_ENDED;
}

bool support_is_emulated(void)
{
	return getenv("BOTHY_TEST_EMULATED") != NULL;
}

bool support_child_may_start_threads(void)
{
	return !UNDER_THREAD_SANITIZER && !support_is_emulated();
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
