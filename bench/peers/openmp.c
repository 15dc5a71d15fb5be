/*
 * OpenMP tasks, in gcc's or clang's runtime (PEER_NAME says which).  Tasks come from inside the
 * team, and the thread that submits them is one of the workers.
 */
#include <errno.h>
#include <omp.h>

#include "bench/work/work.h"

static int team;

static int start(unsigned workers, size_t bound)
{
	(void)bound;
	team = (int)workers;
	omp_set_dynamic(0);
	return 0;
}

static void stop(void)
{
}

static void inside(void (*body)(void *), void *arg)
{
#pragma omp parallel num_threads(team)
#pragma omp single
	body(arg);
}

static void submit(const struct job *job)
{
#pragma omp task firstprivate(job)
	(void)job->fn(job->arg);
}

static void wait_all(void)
{
#pragma omp taskwait
}

static size_t tree(unsigned depth)
{
	size_t left = 0, right = 0;

	if (depth > 0) {
#pragma omp task shared(left)
		left = tree(depth - 1);
#pragma omp task shared(right)
		right = tree(depth - 1);
#pragma omp taskwait
	}
	return left + right + 1;
}

const struct peer peer = {
	.name = PEER_NAME,
	.helps = true,
	.start = start,
	.stop = stop,
	.inside = inside,
	.submit = submit,
	.wait_all = wait_all,
	.tree = tree,
};
