/*
 * GLib's GThreadPool, exclusive: its threads are its own.  It has no bound, no batches, no
 * futures and no wait.
 */
#include <errno.h>
#include <glib.h>

#include "bench/work/work.h"

static GThreadPool *pool;

static void run(gpointer data, gpointer user_data)
{
	const struct job *job = data;

	(void)user_data;
	(void)job->fn(job->arg);
}

static int start(unsigned workers, size_t bound)
{
	(void)bound;
	pool = g_thread_pool_new(run, NULL, (gint)workers, TRUE, NULL);
	return pool != NULL ? 0 : EAGAIN;
}

static void stop(void)
{
	g_thread_pool_free(pool, FALSE, TRUE);
}

static void submit(const struct job *job)
{
	g_thread_pool_push(pool, (gpointer)(guintptr)job, NULL);
}

const struct peer peer = {
	.name = "glib",
	.start = start,
	.stop = stop,
	.submit = submit,
};
