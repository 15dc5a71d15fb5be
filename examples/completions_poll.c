/*
 * A completion queue in an event loop: its file descriptor is readable while there is
 * something to take.
 */
#include <bothy/bothy.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { JOBS = 8 };

static int square(void *arg, void **ret_result)
{
	int *result = malloc(sizeof(*result));

	if (result == NULL)
		return ENOMEM; /* a job's own errors are positive */
	*result = *(int *)arg * *(int *)arg;
	*ret_result = result; /* the receiver's from now on */
	return 0;
}

static int submit(bothy_pool *pool, bothy_completions *completions, int *number)
{
	return bothy_submit(pool,
	                    &BOTHY_JOB(.entity = "ann", .project = "numbers", .fn = square,
	                               .arg = number, .arg_bytes = sizeof(*number), /* copied */
	                               .result_free = free, /* if nobody takes it */
	                               .completions = completions, .tag = number),
	                    NULL);
}

/* Take what is there; the jobs may come in any order. */
static int drain(bothy_completions *completions, int *numbers, int *squares)
{
	struct bothy_completion completion;
	int taken = 0;

	while (bothy_completions_next(completions, BOTHY_NOW, &completion) == 0) {
		if (completion.code == 0)
			squares[(int *)completion.tag - numbers] = *(int *)completion.result;
		free(completion.result);
		taken++;
	}
	return taken;
}

static int run(bothy_pool *pool, bothy_completions *completions)
{
	struct pollfd watched = {.fd = bothy_completions_fd(completions), .events = POLLIN};
	int numbers[JOBS], squares[JOBS] = {0}, taken = 0;

	for (int i = 0; i < JOBS; i++) {
		numbers[i] = i + 1;
		if (submit(pool, completions, &numbers[i]) < 0)
			return 1;
	}
	while (taken < JOBS && poll(&watched, 1, -1) > 0) /* ... and your other descriptors */
		taken += drain(completions, numbers, squares);
	for (int i = 0; i < JOBS; i++)
		printf("%d squared is %d\n", numbers[i], squares[i]);
	return taken != JOBS || squares[JOBS - 1] != JOBS * JOBS;
}

int main(void)
{
	bothy_completions *completions;
	bothy_pool *pool;
	int status = 1;

	if (bothy_completions_new(&completions) < 0)
		return 1;
	if (bothy_pool_new(NULL, NULL, &pool) == 0) {
		status = run(pool, completions);
		bothy_pool_free(pool);
	}
	bothy_completions_release(completions);
	return status;
}
