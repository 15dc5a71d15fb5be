/*
 * Nothing here may harm a thread that changes the state at this moment, or be harmed by it: other
 * jobs run.  So the environment is copied by the kernel, which fails where it is not mapped any
 * more, and its strings are not looked at: the C library puts a new one for each change.  Of the
 * locale's name glibc frees the old one, so only the pointer is looked at.  The umask can't be read
 * without changing it, but in /proc/self/status, which takes as long as most of the rest together.
 */
#define _GNU_SOURCE
#include "pool/process_state.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <bothy/hygiene.h>

enum { VARIABLES_MAX = 512, SIGNALS = 31 };

/* Mixes VALUE into HASH; the multiplier is the 64-bit FNV prime. */
static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x100000001b3);
	return hash ^ (hash >> 32);
}

static void read_cwd(struct process_state *state)
{
	struct stat file;

	if (stat(".", &file) != 0)
		return;
	state->cwd[0] = file.st_dev;
	state->cwd[1] = file.st_ino;
}

static uint64_t hash_environment(void)
{
	char **variables = environ;
	char *copy[VARIABLES_MAX];
	struct iovec to = {copy, sizeof(copy)}, from = {variables, sizeof(copy)};
	uint64_t hash = mix(0, (uintptr_t)variables);
	ssize_t bytes = 0;

	if (variables != NULL)
		bytes = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
	for (size_t i = 0; bytes > 0 && i < (size_t)bytes / sizeof(copy[0]) && copy[i] != NULL; i++)
		hash = mix(hash, (uintptr_t)copy[i]);
	return hash;
}

static uint64_t hash_locale(void)
{
	const char *name = setlocale(LC_ALL, NULL);
	uint64_t hash = 0;

#ifdef __GLIBC__
	hash = (uintptr_t)name;
#else
	for (; name != NULL && *name != '\0'; name++)
		hash = mix(hash, (unsigned char)*name);
#endif
	return hash;
}

static uint64_t hash_stdio(void)
{
	uint64_t hash = 0;

	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		struct stat file;

		memset(&file, 0, sizeof(file)); /* if it is closed */
		(void)fstat(fd, &file);
		hash = mix(hash, file.st_dev);
		hash = mix(hash, file.st_ino);
		hash = mix(hash, (uint64_t)fcntl(fd, F_GETFL));
	}
	return hash;
}

static uint64_t hash_signals(void)
{
	uint64_t hash = 0;

	for (int signal = 1; signal <= SIGNALS; signal++) {
		struct sigaction action;

		if (signal == SIGKILL || signal == SIGSTOP)
			continue; /* nobody can set theirs */
		memset(&action, 0, sizeof(action));
		(void)sigaction(signal, NULL, &action);
		hash = mix(hash, (uintptr_t)action.sa_handler);
		hash = mix(hash, (uint64_t)action.sa_flags);
	}
	return hash;
}

/* By number, for the C libraries differ in the type of a resource. */
static void read_limit(int resource, uint64_t ret_limit[2])
{
#if defined(SYS_getrlimit) && defined(__LP64__)
	(void)syscall(SYS_getrlimit, resource, ret_limit); /* at half the cost */
#else
	(void)syscall(SYS_prlimit64, 0, resource, NULL, ret_limit);
#endif
}

static uint64_t hash_limits(void)
{
	uint64_t hash = 0;

	for (int resource = 0; resource < RLIM_NLIMITS; resource++) {
		uint64_t limit[2] = {0, 0};

		read_limit(resource, limit);
		hash = mix(mix(hash, limit[0]), limit[1]);
	}
	return hash;
}

static void process_state_read(struct process_state *ret_state)
{
	int error = errno;

	memset(ret_state, 0, sizeof(*ret_state));
	read_cwd(ret_state);
	ret_state->environment = hash_environment();
	ret_state->locale = hash_locale();
	ret_state->stdio = hash_stdio();
	ret_state->signals = hash_signals();
	ret_state->limits = hash_limits();
	errno = error;
}

static uint32_t what_differs(const struct process_state *a, const struct process_state *b)
{
	uint32_t dirt = 0;

	if (memcmp(a->cwd, b->cwd, sizeof(a->cwd)) != 0)
		dirt |= BOTHY_DIRT_CWD;
	if (a->environment != b->environment)
		dirt |= BOTHY_DIRT_ENVIRONMENT;
	if (a->locale != b->locale)
		dirt |= BOTHY_DIRT_SETLOCALE;
	if (a->stdio != b->stdio)
		dirt |= BOTHY_DIRT_STDIO;
	if (a->signals != b->signals)
		dirt |= BOTHY_DIRT_SIGNAL_ACTIONS;
	if (a->limits != b->limits)
		dirt |= BOTHY_DIRT_RLIMITS;
	return dirt;
}

void process_watch_init(struct process_watch *watch)
{
	lock_init(&watch->lock);
	memset(&watch->seen, 0, sizeof(watch->seen));
}

void process_watch_fini(struct process_watch *watch)
{
	lock_fini(&watch->lock);
}

/* Of a thread with a working directory, or files, of its own, those say nothing of the process. */
static void hide(uint32_t not_seen, const struct process_state *seen, struct process_state *now)
{
	if ((not_seen & BOTHY_DIRT_CWD) != 0)
		memcpy(now->cwd, seen->cwd, sizeof(now->cwd));
	if ((not_seen & BOTHY_DIRT_STDIO) != 0)
		now->stdio = seen->stdio;
}

uint32_t process_watch_look(struct process_watch *watch, uint32_t not_seen)
{
	struct process_state now;
	uint32_t dirt;

	process_state_read(&now);
	lock_acquire(&watch->lock);
	hide(not_seen, &watch->seen, &now);
	dirt = what_differs(&watch->seen, &now);
	if (dirt != 0) {
		process_state_read(&now); /* another may have seen it, or what came after */
		hide(not_seen, &watch->seen, &now);
		dirt = what_differs(&watch->seen, &now);
		watch->seen = now;
	}
	lock_release(&watch->lock);
	return dirt;
}
