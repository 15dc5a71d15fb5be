#include <bothy/job.h>

#include <errno.h>

#include "api/check.h"
#include "pool/pool.h"
#include "pool/project.h"
#include "pool/run.h"
#include "pool/submit.h"
#include "pool/group.h"
#include "pool/completions.h"
#include "refs/ref.h"
#include "tls/server.h"

enum {
	KNOWN_FLAGS = BOTHY_ENSURE_PROJECT | BOTHY_TRACE | BOTHY_OWN_THREAD,
	PRIORITY_MAX = 100
};

/* What is wrong with a job wherever it is to run. */
static int check_job(const struct bothy_job *job)
{
	if (job->fn == NULL || job->deadline < 0 || (job->flags & ~(unsigned)KNOWN_FLAGS) != 0 ||
	    job->priority < -PRIORITY_MAX || job->priority > PRIORITY_MAX ||
	    (job->arg == NULL && job->arg_bytes != 0))
		return -EINVAL;
	if ((job->group != NULL && group_check(job->group) < 0) ||
	    (job->completions != NULL && completions_check(job->completions) < 0))
		return -ECHILD;
	return 0;
}

static bool names_tenant(const struct bothy_job *job)
{
	return ref_is_tenant_name(job->entity) && ref_is_tenant_name(job->project);
}

static bool names_nothing(const struct bothy_job *job)
{
	return job->entity == NULL && job->project == NULL;
}

/* A job for POOL: its copy with all fields. */
static int take_job(const bothy_pool *pool, const struct bothy_job *given, struct bothy_job *ret_job)
{
	int error;

	if (pool == NULL || given == NULL)
		return -EINVAL;
	error = CHECK_COPY(ret_job, given);
	if (error == 0)
		error = pool_check(pool);
	if (error == 0)
		error = check_job(ret_job);
	if (error < 0)
		return error;
	if (ret_job->handle != NULL ? !names_nothing(ret_job) || ret_job->handle->pool != pool
	                            : !names_tenant(ret_job))
		return -EINVAL;
	return job_needs_server(ret_job) && pool->server == NULL ? -ENOTSUP : 0;
}

int bothy_submit(bothy_pool *pool, const struct bothy_job *job, bothy_future **ret_future)
{
	struct bothy_job complete;
	int error = take_job(pool, job, &complete);

	return error < 0 ? error : submit(pool, &complete, ret_future);
}

/* The N-th job of an array whose elements have the size that the first one says. */
static const struct bothy_job *nth(const struct bothy_job *jobs, size_t n)
{
	return (const struct bothy_job *)((const char *)jobs + n * jobs->size);
}

int bothy_submit_many(bothy_pool *pool, const struct bothy_job *jobs, size_t n,
                      bothy_future **ret_futures, size_t *ret_accepted)
{
	int error = 0;
	size_t i;

	if (ret_accepted == NULL)
		return -EINVAL;
	*ret_accepted = 0;
	if (pool == NULL || (jobs == NULL && n > 0))
		return -EINVAL;
	for (i = 0; i < n && error == 0; i++) {
		const struct bothy_job *job = nth(jobs, i);

		error = job->size != jobs->size
		                ? -EINVAL
		                : bothy_submit(pool, job, ret_futures != NULL ? &ret_futures[i] : NULL);
		if (error == 0)
			*ret_accepted = i + 1;
	}
	return error;
}

int bothy_run(bothy_pool *pool, const struct bothy_job *job, bothy_time deadline,
              void **ret_result)
{
	struct bothy_job complete;
	int error;

	if (deadline <= 0)
		return -EINVAL;
	error = take_job(pool, job, &complete);
	return error < 0 ? error : submit_and_wait(pool, &complete, deadline, ret_result);
}

int bothy_run_here(bothy_server *server, const struct bothy_job *job, void **ret_result)
{
	struct bothy_job complete;
	int error;

	if (job == NULL)
		return -EINVAL;
	error = CHECK_COPY(&complete, job);
	if (error == 0)
		error = server_check(server);
	if (error == 0)
		error = check_job(&complete);
	if (error < 0)
		return error;
	if (complete.handle != NULL || !names_tenant(&complete) || complete.group != NULL ||
	    complete.completions != NULL || (complete.flags & BOTHY_OWN_THREAD) != 0)
		return -EINVAL;
	if (job_needs_server(&complete) && server == NULL)
		return -ENOTSUP;
	return run_here(server, &complete, ret_result);
}

int bothy_spawn(const struct bothy_job *job, bothy_future **ret_future)
{
	struct bothy_job complete;
	int error;

	if (job == NULL)
		return -EINVAL;
	error = CHECK_COPY(&complete, job);
	if (error == 0)
		error = check_job(&complete);
	if (error < 0)
		return error;
	if (complete.handle != NULL || !names_nothing(&complete))
		return -EINVAL;
	return submit_child(&complete, ret_future);
}
