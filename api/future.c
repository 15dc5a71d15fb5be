#include <bothy/future.h>

#include <errno.h>

#include "pool/completions.h"
#include "pool/family.h"
#include "pool/future.h"
#include "pool/group.h"
#include "pool/wait.h"

/* ---- futures ----------------------------------------------------------------------------- */

static int check_future(const bothy_future *future)
{
	return future == NULL ? -EINVAL : job_check(future);
}

int bothy_future_wait(bothy_future *future, bothy_time deadline)
{
	return bothy_future_wait_all(&future, 1, deadline);
}

int bothy_future_wait_all(bothy_future *const *futures, size_t n, bothy_time deadline)
{
	if (deadline <= 0 || (futures == NULL && n > 0))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		int error = check_future(futures[i]);

		if (error < 0)
			return error;
	}
	return wait_all(futures, n, deadline);
}

int bothy_future_result(bothy_future *future, void **ret_result)
{
	int error = check_future(future);

	return error < 0 ? error : future_result(future, ret_result);
}

const char *bothy_future_error(bothy_future *future)
{
	return check_future(future) < 0 ? NULL : future_error(future);
}

enum bothy_state bothy_future_state(bothy_future *future)
{
	return future == NULL ? BOTHY_QUEUED : future_state(future);
}

bool bothy_future_running(bothy_future *future)
{
	return check_future(future) == 0 && (job_state(future) & JOB_RUNS) != 0;
}

int bothy_future_cancel(bothy_future *future)
{
	int error = check_future(future);

	if (error < 0)
		return error;
	return family_cancel(future) ? 0 : -EALREADY;
}

int bothy_future_notify(bothy_future *future, void (*fn)(void *), void *arg)
{
	int error = fn == NULL ? -EINVAL : check_future(future);

	return error < 0 ? error : future_notify(future, fn, arg);
}

void bothy_future_release(bothy_future *future)
{
	future_release(future);
}

/* ---- groups ------------------------------------------------------------------------------- */

int bothy_group_new(bothy_group **ret_group)
{
	return ret_group == NULL ? -EINVAL : group_new(ret_group);
}

int bothy_group_wait(bothy_group *group, bothy_time deadline)
{
	int error = group == NULL || deadline <= 0 ? -EINVAL : group_check(group);

	return error < 0 ? error : group_wait(group, deadline);
}

int bothy_group_cancel(bothy_group *group)
{
	int error = group == NULL ? -EINVAL : group_check(group);

	if (error == 0)
		group_cancel(group);
	return error;
}

void bothy_group_release(bothy_group *group)
{
	if (group != NULL && group_check(group) == 0)
		group_release(group);
}

/* ---- completion queues ----------------------------------------------------------------------- */

static int check_completions(const bothy_completions *completions)
{
	return completions == NULL ? -EINVAL : completions_check(completions);
}

int bothy_completions_new(bothy_completions **ret_completions)
{
	return ret_completions == NULL ? -EINVAL : completions_new(ret_completions);
}

int bothy_completions_fd(bothy_completions *completions)
{
	int error = check_completions(completions);

	return error < 0 ? error : completions_fd(completions);
}

int bothy_completions_next(bothy_completions *completions, bothy_time deadline,
                           struct bothy_completion *ret_completion)
{
	int error = deadline <= 0 || ret_completion == NULL ? -EINVAL
	                                                    : check_completions(completions);

	return error < 0 ? error : completions_next(completions, deadline, ret_completion);
}

void bothy_completions_release(bothy_completions *completions)
{
	if (check_completions(completions) == 0)
		completions_close(completions);
}
