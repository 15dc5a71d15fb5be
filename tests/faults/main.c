/*
 * Every fault: for each kind of call, the scenario runs with the first one failing, then the
 * second, and so on until a run in which none failed: with that one alone; with the next ones
 * as well (every second N); and, but for what is waited for, with all from there on until the
 * scenario says that it is over (every fourth N).
 *
 *     test_faults [--all] [--kind NAME] [--n N]
 *
 * By default not every N is tried, but about so many of each kind as TRIES says, evenly spread.
 * Which call is the N-th varies from run to run where several threads make them: then N counts
 * those of all threads.
 *
 * Each kind has a process of its own, made while this one has no threads.  A run that hangs is
 * ended by its alarm, and told with its kind and N, as is one that crashes.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/dependents.h"
#include "tests/faults/scenario.h"
#include "tests/faults/verdict.h"
#include "tests/support.h"

enum { TRIES = 6, RUN_SECONDS = 120, SEVERAL = 5, NAME_BYTES = 64 };

/* How many fail in a row: to the end. */
#define ALL (~0ul)

/* When the calls of a kind are made. */
enum when {
	OFTEN,   /* in each run */
	ONCE,    /* in a process: each run has its own */
	AT_START /* before main(): likewise, and it is executed anew */
};

struct kind {
	const char *name;
	enum when when;
	int allowed[10]; /* errors that it may cause, up to a 0 */
};

#ifdef BOTHY_RECORDING
enum { KINDS = SUPPORT_CALLS };
#else
enum { KINDS = CALL_SQLITE_START };
#endif

#define STORE -EIO, -ENOSPC, -EBUSY, -EBADMSG, -ENOMEM, -EINVAL

static const struct kind kinds[SUPPORT_CALLS] = {
	[CALL_ALLOCATION] = {"malloc", OFTEN, {-ENOMEM, -EAGAIN}},
	[CALL_THREAD_START] = {"pthread_create", OFTEN, {-EAGAIN}},
	[CALL_THREAD_ATTRIBUTES] = {"pthread_attr_init", OFTEN, {-ENOMEM, -EAGAIN}},
	[CALL_KEY] = {"pthread_key_create", ONCE, {-EAGAIN}},
	[CALL_VALUE] = {"pthread_setspecific", OFTEN, {-ENOMEM}},
	[CALL_ATFORK] = {"pthread_atfork", AT_START, {0}},
	[CALL_EVENTFD] = {"eventfd", OFTEN, {-EMFILE}},
	[CALL_RANDOM] = {"getrandom", OFTEN, {-ENOSYS}},
	[CALL_MMAP] = {"mmap", AT_START, {0}},
	[CALL_MADVISE] = {"madvise", AT_START, {0}},
	[CALL_OPEN] = {"open", ONCE, {0}},
	[CALL_STAT] = {"stat", OFTEN, {-EACCES}},
	[CALL_LOCALE] = {"newlocale", ONCE, {-ENOMEM}},
	[CALL_SQLITE_START] = {"sqlite3_initialize", OFTEN, {-ENOMEM}},
	[CALL_SQLITE_OPEN] = {"sqlite3_open", OFTEN, {STORE}},
	[CALL_SQLITE_PREPARE] = {"sqlite3_prepare", OFTEN, {STORE}},
	[CALL_SQLITE_STEP] = {"sqlite3_step", OFTEN, {STORE}},
	[CALL_SQLITE_EXEC] = {"sqlite3_exec", OFTEN, {STORE}},
	[CALL_SQLITE_BIND] = {"sqlite3_bind", OFTEN, {STORE}},
	[CALL_SQLITE_MEMORY] = {"SQLite's malloc", OFTEN, {STORE, -ENOTSUP}},
	[CALL_JANSSON_MEMORY] = {"jansson's malloc", OFTEN, {-ENOMEM}},
	[CALL_SQLITE_FILE] = {"SQLite's open, fstat, ftruncate, unlink, mmap",
                              OFTEN,
                              {STORE, -EMFILE, -ENOENT, -EROFS}},
	[CALL_SQLITE_READ] = {"SQLite's read", OFTEN, {STORE}},
	[CALL_SQLITE_WRITE] = {"SQLite's write", OFTEN, {STORE}},
	[CALL_SQLITE_SYNC] = {"SQLite's fdatasync", OFTEN, {STORE}},
	[CALL_SQLITE_LOCK] = {"SQLite's fcntl", OFTEN, {STORE}},
};

/* What a child tells its parent, while it runs and if it dies. */
static struct shared {
	unsigned long n, run, calls, tried;
} * shared;

static struct {
	bool all;
	const char *kind;
	unsigned long n;
} options;

static char folder[NAME_BYTES], path[NAME_BYTES + 16], url[NAME_BYTES + 32];

/* ---- what is left -------------------------------------------------------------------------- */

/* Names in a folder of /proc; that of the listing's own descriptor is there each time. */
static int entries(const char *of)
{
	DIR *dir = opendir(of);
	int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

struct left {
	int threads, files;
	long blocks, others;
};

/* The threads first: what those gave back that are gone is seen. */
static struct left left_now(void)
{
	struct left left = {.threads = entries("/proc/self/task")};

	left.files = entries("/proc/self/fd");
	left.blocks = support_live_allocations();
	left.others = dependents_live();
	return left;
}

/* Threads that nobody joins may take a while to be gone; the alarm ends a wait in vain. */
static void expect_left(const struct left *before)
{
	struct left now = left_now();

	while (now.threads > before->threads) {
		(void)sched_yield();
		now = left_now();
	}
	EXPECT(now.blocks <= before->blocks);
	EXPECT(now.others <= before->others);
	EXPECT(now.files <= before->files);
	if (verdict() != NULL)
		fprintf(stderr, "left: %ld blocks, %ld of other libraries, %d files, %d threads\n",
		        now.blocks - before->blocks, now.others - before->others,
		        now.files - before->files, now.threads - before->threads);
}

/* ---- a run --------------------------------------------------------------------------------- */

static enum support_call failing;
static bool started; /* what is to fail in the next run was told before main() */

static void over(void)
{
	shared->calls = support_calls(failing);
	support_fail_no_more(failing);
}

static void remove_file(void)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	char name[NAME_BYTES + 32];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
}

static int complain(void)
{
	if (verdict() == NULL)
		return 0;
	fprintf(stderr, "%s, %ld (-1: all) from call %lu on: %s\n", kinds[failing].name,
	        (long)shared->run, shared->n, verdict());
	return 1;
}

/* One run, with LENGTH calls from the N-th on failing; N 0: none.  Its alarm is there until the
 * next. */
static void run(unsigned long n, unsigned long length)
{
	shared->n = n;
	shared->run = length;
	remove_file();
	(void)alarm(RUN_SECONDS);
	verdict_begin(n > 0 ? kinds[failing].allowed : NULL);
	if (!started)
		support_fail(failing, n, length);
	started = false;
	scenario_run(url, over);
}

/* ---- all runs of a kind -------------------------------------------------------------------- */

/* How far apart the N are. */
static unsigned long stride_of(unsigned long calls)
{
	return options.all ? 1 : calls / TRIES + 1;
}

/* Whether what needs it waits until it can be had again: jobs wait for threads, and SQLite
 * takes a lock that fails as somebody else's, for which each write waits five seconds. */
static bool is_waited_for(enum support_call call)
{
	return call == CALL_SQLITE_LOCK || call == CALL_ALLOCATION || call == CALL_THREAD_START ||
	       call == CALL_THREAD_ATTRIBUTES || call == CALL_VALUE;
}

static int run_each(unsigned long stride, unsigned long length)
{
	for (unsigned long n = options.n > 0 ? options.n : 1;; n += stride) {
		struct left before = left_now();

		run(n, length);
		expect_left(&before);
		if (complain())
			return 1;
		if (!support_failed(failing))
			return 0;
		shared->tried++;
		if (options.n > 0)
			return 0;
	}
}

/* In a child: the first runs, with no fault, leave what the library keeps for good. */
static int run_often(void)
{
	unsigned long calls;

	run(0, 0);
	run(0, 0);
	calls = shared->calls;
	if (complain())
		return 1;
	if (run_each(stride_of(calls), 1) || run_each(stride_of(calls) * 2, SEVERAL) ||
	    (!is_waited_for(failing) && run_each(stride_of(calls) * 4, ALL)))
		return 1;
	shared->calls = calls;
	return 0;
}

/* In a child that was begun for it: one run with the N-th call failing, then others without.
 * NOT_MADE: there was no such call. */
enum { NOT_MADE = 3 };

static int run_first(unsigned long n)
{
	struct left before;
	bool failed;

	run(n, 1);
	failed = support_failed(failing);
	if (complain())
		return 1;
	run(0, 0);
	before = left_now();
	run(0, 0);
	expect_left(&before);
	if (complain())
		return 1;
	return failed ? 0 : NOT_MADE;
}

/* ---- children ------------------------------------------------------------------------------ */

/* As run_first(), with the fault there before main(). */
static _Noreturn void start_anew(unsigned long n)
{
	char fails[32];

	(void)snprintf(fails, sizeof(fails), "%d:%lu", (int)failing, n);
	(void)setenv("BOTHY_TEST_FAILS", fails, 1);
	(void)execl("/proc/self/exe", "test_faults", "--started", folder, (char *)NULL);
	_exit(1);
}

static int child(unsigned long n)
{
	if (kinds[failing].when == AT_START)
		start_anew(n);
	scenario_prepare();
	return kinds[failing].when == OFTEN ? run_often() : run_first(n);
}

/* The child's exit code; 1 if it has none, and that is told. */
static int end_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "%s, %ld (-1: all) from call %lu on: %s\n", kinds[failing].name,
	        (long)shared->run, shared->n,
	        WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
	return 1;
}

static int in_child(unsigned long n)
{
	pid_t pid;

	shared->n = n;
	shared->run = 1;
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		exit(child(n));
	return pid > 0 ? end_of(pid) : 1;
}

/* Of a call that is made once in a process, each run has one of its own. */
static int run_once_each(void)
{
	int code = 0;

	for (unsigned long n = 1; code == 0; n++) {
		code = in_child(n);
		shared->tried += code == 0;
	}
	shared->calls = shared->tried;
	return code == NOT_MADE ? 0 : 1;
}

static int run_kind(enum support_call kind)
{
	int failed;

	if (kinds[kind].when == AT_START && support_is_emulated()) {
		printf("%-48s not here: an emulated program is not executed anew\n", kinds[kind].name);
		return 0;
	}
	failing = kind;
	memset(shared, 0, sizeof(*shared));
	failed = kinds[kind].when == OFTEN ? in_child(0) : run_once_each();
	printf("%-48s %6lu calls, %5lu runs%s\n", kinds[kind].name, shared->calls, shared->tried,
	       failed ? ", FAILED" : "");
	return failed;
}

/* ---- the program --------------------------------------------------------------------------- */

static void make_paths(const char *in)
{
	(void)snprintf(folder, sizeof(folder), "%s", in);
	(void)snprintf(path, sizeof(path), "%s/db", folder);
	(void)snprintf(url, sizeof(url), "sqlite:%s", path);
}

static void prepare(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	dependents_begin();
}

/* In a process that start_anew() has executed. */
static int run_started(const char *in)
{
	const char *fails = getenv("BOTHY_TEST_FAILS");

	make_paths(in);
	if (fails == NULL)
		return 1;
	failing = (enum support_call)strtol(fails, NULL, 10);
	started = true;
	scenario_prepare();
	return run_first(1);
}

/* Memory is as good a disk as any, and quicker. */
static bool make_folder(void)
{
	static const char *const parents[] = {"/dev/shm", "/tmp"};
	char name[NAME_BYTES];

	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s/bothy-test-XXXXXX", parents[i]);
		if (mkdtemp(name) != NULL) {
			make_paths(name);
			return true;
		}
	}
	perror("mkdtemp");
	return false;
}

static bool parse(int argc, char **argv)
{
	static const struct option known[] = {{"all", no_argument, NULL, 'a'},
	                                      {"kind", required_argument, NULL, 'k'},
	                                      {"n", required_argument, NULL, 'n'},
	                                      {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'a')
			options.all = true;
		else if (option == 'k')
			options.kind = optarg;
		else if (option == 'n')
			options.n = strtoul(optarg, NULL, 10);
		else
			return false;
	}
	return optind == argc;
}

static int run_kinds(void)
{
	int failed = 0, known = 0;

	for (int kind = 0; kind < KINDS; kind++) {
		if (options.kind != NULL && strcmp(options.kind, kinds[kind].name) != 0)
			continue;
		known++;
		failed |= run_kind((enum support_call)kind);
	}
	if (known == 0)
		fprintf(stderr, "no such kind\n");
	return failed || known == 0;
}

int main(int argc, char **argv)
{
	int failed;

	prepare();
	if (argc == 3 && strcmp(argv[1], "--started") == 0)
		return run_started(argv[2]);
	if (!parse(argc, argv)) {
		fprintf(stderr, "usage: test_faults [--all] [--kind NAME] [--n N]\n");
		return 2;
	}
	if (!make_folder())
		return 1;
	failed = run_kinds();
	remove_file();
	(void)rmdir(folder);
	return failed;
}
