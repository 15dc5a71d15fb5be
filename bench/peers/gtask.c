/*
 * GLib's GTask: jobs in threads, their results by a callback in the main context of the thread
 * that submitted them.  Its pool is the process's, and as many threads as it likes: 10 at first.
 */
#include <gio/gio.h>

#include "bench/work/work.h"

/* Submitted by this thread and not called back. */
static _Thread_local size_t pending;
static _Thread_local GMainContext *context;

static int start(unsigned workers, size_t bound)
{
	(void)workers, (void)bound;
	return 0;
}

static void stop(void)
{
}

static void run(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	const struct job *job = data;

	(void)source, (void)cancellable;
	g_task_return_pointer(task, job->fn(job->arg), NULL);
}

static void finished(GObject *source, GAsyncResult *result, gpointer user_data)
{
	size_t *count = user_data;

	(void)source, (void)result;
	--*count;
}

/* Each submitting thread has a main context of its own. */
static GTask *start_task(const struct job *job)
{
	GTask *task;

	if (context == NULL) {
		context = g_main_context_new();
		g_main_context_push_thread_default(context);
	}
	task = g_task_new(NULL, NULL, finished, &pending);
	pending++;
	g_task_set_task_data(task, (gpointer)(guintptr)job, NULL);
	g_task_run_in_thread(task, run);
	return task;
}

static void submit(const struct job *job)
{
	g_object_unref(start_task(job));
}

static void wait_all(void)
{
	while (pending > 0)
		g_main_context_iteration(context, TRUE);
}

static void *future(const struct job *job)
{
	return start_task(job);
}

static void *take(void *future)
{
	void *result;

	while (!g_task_get_completed(future))
		g_main_context_iteration(context, TRUE);
	result = g_task_propagate_pointer(future, NULL);
	g_object_unref(future);
	return result;
}

const struct peer peer = {
	.name = "gtask",
	.start = start,
	.stop = stop,
	.submit = submit,
	.wait_all = wait_all,
	.future = future,
	.take = take,
};
