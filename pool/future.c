#include "pool/future.h"

#include <errno.h>
#include <stdlib.h>

#include "pool/callback.h"
#include "pool/settle.h"
#include "pool/worker.h"
#include "sync/atomic.h"
#include "sync/testing.h"

static void *take_result(bothy_future *job)
{
	if (PLANTED(RESULT_TAKEN_TWICE)) {
		void *result = atom_load(&job->result, relaxed);

		atom_store(&job->result, NULL, relaxed);
		return result;
	}
	/* Relaxed: published with the state; the swap hands it out once. */
	return atom_swap(&job->result, NULL, relaxed);
}

int future_result(bothy_future *job, void **ret_result)
{
	if (!job_is_settled(job_state(job)))
		return -EINPROGRESS;
	if (ret_result != NULL)
		*ret_result = take_result(job);
	return job->code;
}

const char *future_error(bothy_future *job)
{
	unsigned state = job_state(job);

	if (!job_is_settled(state) || job_phase(state) == BOTHY_TIMED_OUT)
		return NULL;
	return job->error_text;
}

enum bothy_state future_state(bothy_future *job)
{
	unsigned state = job_state(job);
	unsigned phase = job_phase(state);

	if (phase == JOB_CLAIMED)
		return (state & JOB_STARTED) != 0 ? BOTHY_RUNNING : BOTHY_QUEUED;
	return (enum bothy_state)phase;
}

int future_notify(bothy_future *job, void (*fn)(void *), void *arg)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));
	int error;

	if (watcher == NULL)
		return -ENOMEM;
	watcher->fn = fn;
	watcher->arg = arg;
	error = settle_notify(job, watcher);
	if (error == 0)
		return 0;
	free(watcher);
	if (error != -EALREADY)
		return error;
	callback_run(fn, arg);
	return 0;
}

void future_release(bothy_future *job)
{
	/* In a forked child a job from before is left as it is: nothing of the user's runs. */
	if (job != NULL && job_check(job) == 0)
		job_release_to(job, worker_spares());
}
