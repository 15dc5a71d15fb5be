#include "tests/fork/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support.h"

enum { CHILD_SECONDS = 110 };

struct held held;
atomic_int fork_failures;

/* In a child: what is wrong is its exit code, 0 if nothing is. */
#define EXPECT(condition)                          \
	do {                                       \
		if (!(condition))                  \
			return __LINE__ % 250 + 1; \
	} while (0)

/* The leak checker knows nothing of a forked child: the stacks of threads that are not there hold
 * blocks.  It asks this when a process ends. */
int __lsan_is_turned_off(void);
static bool in_child;

int __lsan_is_turned_off(void)
{
	return in_child;
}

/* ---- what was before is dead --------------------------------------------------------------- */

static int ask_pool(void)
{
	const struct bothy_job job = BOTHY_JOB(.entity = "e", .project = "p", .fn = nothing);
	struct bothy_pool_stats stats = {.size = sizeof(stats)};
	bothy_future *future;

	EXPECT(bothy_submit(pool, &job, &future) == -ECHILD);
	EXPECT(bothy_run(pool, &job, BOTHY_FOREVER, NULL) == -ECHILD);
	EXPECT(bothy_pool_stats(pool, &stats) == -ECHILD);
	EXPECT(bothy_pool_close(pool, BOTHY_FOREVER) == -ECHILD);
	return 0;
}

static int ask_futures(void)
{
	for (int i = 0; i < held.n; i++) {
		EXPECT(bothy_future_wait(held.futures[i], BOTHY_FOREVER) == -ECHILD);
		EXPECT(bothy_future_result(held.futures[i], NULL) == -ECHILD);
		EXPECT(bothy_future_cancel(held.futures[i]) == -ECHILD);
	}
	return 0;
}

static int ask_others(void)
{
	struct bothy_completion got;
	struct bothy_project_stats stats = {.size = sizeof(stats)};

	EXPECT(held.group == NULL || bothy_group_wait(held.group, BOTHY_FOREVER) == -ECHILD);
	EXPECT(held.completions == NULL ||
	       bothy_completions_next(held.completions, BOTHY_FOREVER, &got) == -ECHILD);
	EXPECT(held.project == NULL || bothy_project_stats(held.project, &stats) == -ECHILD);
	return 0;
}

#ifdef BOTHY_RECORDING
static int ask_recording(void)
{
	struct bothy_server_stats stats = {.size = sizeof(stats)};

	EXPECT(bothy_server_stats(held.server, &stats) == -ECHILD);
	EXPECT(held.client == NULL || bothy_client_flush(held.client, BOTHY_FOREVER) == -ECHILD);
	return 0;
}
#else
static int ask_recording(void)
{
	return 0;
}
#endif

static int ask_server(void)
{
	bothy_context *context;

	EXPECT(bothy_context_enter(held.server, "e", "p", NULL, &context) == -ECHILD);
	return ask_recording();
}

void held_release(void)
{
	for (int i = 0; i < held.n; i++)
		bothy_future_release(held.futures[i]);
	bothy_group_release(held.group);
	bothy_completions_release(held.completions);
	bothy_project_release(held.project);
	bothy_capture_release(held.capture);
	bothy_client_release(held.client);
}

static int free_all(void)
{
	int before = atomic_load(&freed);

	held_release();
	bothy_pool_free(pool);
	bothy_server_release(held.server);
	EXPECT(atomic_load(&freed) == before);
	return 0;
}

/* ---- what is new works --------------------------------------------------------------------- */

/* One of each stripe's at least. */
static int put_refs(bothy_ref *ref)
{
	static struct bothy_object objects[64];

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		bothy_ref *got;

		EXPECT(bothy_object_set_ref(&objects[i], ref) == 0);
		EXPECT(bothy_address_set_ref(&objects[i], ref) == 0);
		EXPECT(bothy_object_get_ref(&objects[i], &got) == 0 && got == ref);
		bothy_ref_release(got);
		bothy_address_forget(&objects[i]);
		bothy_object_fini(&objects[i]);
	}
	return 0;
}

static int use_refs(void)
{
	bothy_context *context;
	bothy_ref *ref;
	int wrong;

	EXPECT(bothy_context_enter(NULL, "e", "p", NULL, &context) == 0);
	EXPECT(bothy_ref_new_object("e", "p", "o", "d", &ref) == 0);
	wrong = put_refs(ref);
	bothy_ref_release(ref);
	EXPECT(bothy_context_exit(context) == 0);
	return wrong;
}

static int old_things(void)
{
	int wrong = ask_pool();

	if (wrong == 0)
		wrong = ask_futures();
	if (wrong == 0)
		wrong = ask_others();
	if (wrong == 0 && held.server != NULL)
		wrong = ask_server();
	if (wrong == 0)
		wrong = free_all();
	return wrong != 0 ? wrong : use_refs();
}

#ifdef BOTHY_RECORDING
static int publish(void *arg, void **ret_result)
{
	bothy_ref **ret_ref = arg;

	(void)ret_result;
	return bothy_publish(NULL, "thing", "[1, 2]", 6, ret_ref) == 0 ? 0 : 1;
}

static int fetch(void *arg, void **ret_result)
{
	bothy_value *value;

	(void)ret_result;
	if (bothy_fetch(arg, &value) < 0)
		return 1;
	bothy_value_release(value);
	return 0;
}

static int record(bothy_pool *fresh)
{
	bothy_ref *ref = NULL;
	struct bothy_job job = BOTHY_JOB(.entity = "e", .project = "p", .fn = publish, .arg = &ref,
	                                 .flags = BOTHY_TRACE);

	EXPECT(bothy_run(fresh, &job, BOTHY_FOREVER, NULL) == 0);
	job.fn = fetch;
	job.arg = ref;
	EXPECT(bothy_run(fresh, &job, BOTHY_FOREVER, NULL) == 0);
	bothy_ref_release(ref);
	return 0;
}

static int open_server(const char *path, bothy_server **ret_server)
{
	char url[80];

	(void)snprintf(url, sizeof(url), "sqlite:%s", path);
	return bothy_server_open(url, NULL, ret_server);
}

static void remove_file(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char name[80];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
		(void)unlink(name);
	}
}
#else
static int record(bothy_pool *fresh)
{
	(void)fresh;
	return 0;
}

static int open_server(const char *path, bothy_server **ret_server)
{
	(void)path;
	*ret_server = NULL;
	return 0;
}

static void remove_file(const char *path)
{
	(void)path;
}
#endif

static int wait_for_child(void *arg, void **ret_result)
{
	bothy_future *child;
	int error = bothy_spawn(&BOTHY_JOB(.fn = nothing), &child);

	(void)arg, (void)ret_result;
	if (error < 0)
		return 1;
	error = bothy_future_wait(child, BOTHY_FOREVER);
	bothy_future_release(child);
	return error == 0 ? 0 : 2;
}

static int run_jobs(bothy_pool *fresh)
{
	struct bothy_job job = BOTHY_JOB(.entity = "e", .project = "p", .fn = wait_for_child,
	                                 .deadline = bothy_after_ms(1000000));

	for (int i = 0; i < 10; i++)
		EXPECT(bothy_run(fresh, &job, BOTHY_FOREVER, NULL) == 0);
	job.flags = BOTHY_OWN_THREAD;
	EXPECT(bothy_run(fresh, &job, BOTHY_FOREVER, NULL) == 0);
	return record(fresh);
}

static int new_things(void)
{
	const struct bothy_pool_options options = {.size = sizeof(options), .workers = 2};
	bothy_server *server;
	bothy_pool *fresh;
	char path[64];
	int wrong;

	(void)snprintf(path, sizeof(path), "/tmp/bothy-test-fork-%d", (int)getpid());
	EXPECT(open_server(path, &server) == 0);
	EXPECT(bothy_pool_new(server, &options, &fresh) == 0);
	wrong = run_jobs(fresh);
	EXPECT(bothy_pool_close(fresh, BOTHY_FOREVER) == 0);
	bothy_pool_free(fresh);
	bothy_server_release(server);
	remove_file(path);
	return wrong;
}

/* ---- children ------------------------------------------------------------------------------ */

static int leaves(void)
{
	exit(0);
}

static int leaves_at_once(void)
{
	_exit(0);
}

static int executes(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return 1;
}

static bool may_allocate(void)
{
	return !UNDER_ADDRESS_SANITIZER || !held.busy;
}

static bool may_start_threads(void)
{
	return support_child_may_start_threads() && may_allocate();
}

static int old_and_new_things(void)
{
	int wrong = may_allocate() ? old_things() : 0;

	return wrong == 0 && may_start_threads() ? new_things() : wrong;
}

static int only_new_things(void)
{
	return may_start_threads() ? new_things() : 0;
}

static const struct {
	const char *name;
	int (*fn)(void);
} children[] = {
	{"exit", leaves},
	{"_exit", leaves_at_once},
	{"exec", executes},
	{"frees all, and begins anew", old_and_new_things},
	{"begins anew", only_new_things},
};

static void wait_for(pid_t child, const char *name)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			abort();
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	atomic_fetch_add(&fork_failures, 1);
	if (WIFEXITED(status))
		fprintf(stderr, "the child that %s: line %d\n", name, WEXITSTATUS(status) - 1);
	else
		fprintf(stderr, "the child that %s: %s\n", name,
		        WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
}

void fork_children(void)
{
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		pid_t child;

		(void)fflush(NULL);
		child = fork();
		if (child == 0) {
			in_child = true;
			support_set_alarm(CHILD_SECONDS);
			_exit(children[i].fn());
		}
		if (child < 0)
			atomic_fetch_add(&fork_failures, 1);
		else
			wait_for(child, children[i].name);
	}
}
