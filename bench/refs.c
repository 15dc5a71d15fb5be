/*
 * refs: in a job, set refs on objects, get each, and leave the rest to the job's end.  The figure
 * is the time of such a job less that of the same job without refs, for each ref.  The jobs run
 * on this thread, beside an idle pool: locks are cheaper in a process without threads.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench/bench.h"

#define OPERATIONS 2000000u

struct refs {
	struct bothy_object *objects;
	bothy_ref *ref;
	size_t n;
};

static int use_refs(void *arg, void **ret_result)
{
	const struct refs *refs = arg;
	bothy_ref *got;
	int error = 0;

	(void)ret_result;
	for (size_t i = 0; i < refs->n && error == 0; i++)
		error = bothy_object_set_ref(&refs->objects[i], refs->ref);
	for (size_t i = 0; i < refs->n && error == 0; i++) {
		error = bothy_object_get_ref(&refs->objects[i], &got);
		if (error == 0)
			bothy_ref_release(got);
	}
	return error < 0 ? -error : 0;
}

/* ns a job, with so many refs in each. */
static int time_jobs(const struct refs *refs, size_t jobs, double *ret_ns)
{
	const struct bothy_job job = BOTHY_JOB(.entity = "team", .project = "bench", .fn = use_refs,
	                                       .arg = (void *)(uintptr_t)refs);
	int64_t start = bench_now();
	int error = 0;

	for (size_t i = 0; i < jobs && error == 0; i++)
		error = bothy_run_here(NULL, &job, NULL);
	*ret_ns = (double)(bench_now() - start) / (double)jobs;
	return error > 0 ? -error : error;
}

static int measure_refs(const struct refs *refs, size_t jobs)
{
	const struct refs none = {NULL, NULL, 0};
	struct measure measure;
	double with, without;
	int error = time_jobs(refs, jobs / 10 + 1, &with);

	if (error == 0)
		error = time_jobs(&none, jobs, &without);
	measure_begin(&measure);
	if (error == 0)
		error = time_jobs(refs, jobs, &with);
	measure_end(&measure);
	if (error < 0)
		return error;
	measure_print(&measure, "refs", "", (with - without) / (double)refs->n, "ns/ref",
	              jobs * refs->n);
	return 0;
}

int refs_run(const struct bench_options *options)
{
	struct refs refs = {.n = options->refs};
	int error = bothy_ref_new_object("team", "bench", "dataset", "abc", &refs.ref);

	if (error < 0)
		return error;
	work_start();
	refs.objects = calloc(refs.n, sizeof(refs.objects[0]));
	error = refs.objects != NULL ? measure_refs(&refs, OPERATIONS / refs.n) : -ENOMEM;
	for (size_t i = 0; i < refs.n && refs.objects != NULL; i++)
		bothy_object_fini(&refs.objects[i]);
	free(refs.objects);
	bothy_ref_release(refs.ref);
	peer.stop();
	return error;
}
