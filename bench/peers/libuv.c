/*
 * libuv's uv_queue_work: each submitting thread has a loop, in which it learns that a job is done.
 * That is libuv's future too: the request, which outlives its job until it is taken.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "bench/work/work.h"

struct request {
	uv_work_t work;
	const struct job *job;
	void *result;
	bool done, kept;
};

static _Thread_local uv_loop_t loop;
static _Thread_local bool has_loop;

static int start(unsigned workers, size_t bound)
{
	char number[16];

	(void)bound;
	snprintf(number, sizeof(number), "%u", workers);
	return setenv("UV_THREADPOOL_SIZE", number, 1) == 0 ? 0 : errno;
}

static void stop(void)
{
	if (has_loop)
		(void)uv_loop_close(&loop);
}

static void run(uv_work_t *work)
{
	struct request *request = work->data;

	request->result = request->job->fn(request->job->arg);
}

static void finished(uv_work_t *work, int status)
{
	struct request *request = work->data;

	(void)status;
	request->done = true;
	if (!request->kept)
		free(request);
}

static struct request *queue(const struct job *job, bool kept)
{
	struct request *request = malloc(sizeof(*request));

	if (request == NULL)
		bench_die("can't submit", ENOMEM);
	if (!has_loop)
		has_loop = uv_loop_init(&loop) == 0;
	request->work.data = request;
	request->job = job;
	request->done = false;
	request->kept = kept;
	if (uv_queue_work(&loop, &request->work, run, finished) != 0)
		bench_die("can't submit", EAGAIN);
	return request;
}

static void submit(const struct job *job)
{
	(void)queue(job, false);
}

static void wait_all(void)
{
	if (has_loop)
		(void)uv_run(&loop, UV_RUN_DEFAULT);
}

static void *future(const struct job *job)
{
	return queue(job, true);
}

static void *take(void *future)
{
	struct request *request = future;
	void *result;

	while (!request->done)
		(void)uv_run(&loop, UV_RUN_ONCE);
	result = request->result;
	free(request);
	return result;
}

const struct peer peer = {
	.name = "libuv",
	.start = start,
	.stop = stop,
	.submit = submit,
	.wait_all = wait_all,
	.future = future,
	.take = take,
};
