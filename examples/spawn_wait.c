/*
 * Jobs that spawn jobs and wait for them: Fibonacci numbers, on one worker.
 *
 * Waiting inside a job can't starve the pool: the worker runs the awaited job itself, or
 * lends its place to another thread.
 */
#include <bothy/bothy.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int fibonacci(void *arg, void **ret_result);

/* N goes where the argument's pointer would; so nothing has to be allocated or freed. */
static int spawn(uintptr_t n, bothy_future **ret_future)
{
	return bothy_spawn(&BOTHY_JOB(.fn = fibonacci, .arg = (void *)n), ret_future);
}

static int take(bothy_future *future, uintptr_t *ret_number)
{
	void *result;
	int error = bothy_future_wait(future, BOTHY_FOREVER);

	if (error == 0)
		error = bothy_future_result(future, &result);
	if (error == 0)
		*ret_number = (uintptr_t)result;
	return error;
}

static int fibonacci(void *arg, void **ret_result)
{
	uintptr_t n = (uintptr_t)arg, one, other;
	bothy_future *first = NULL, *second = NULL;
	int error;

	*ret_result = arg;
	if (n < 2)
		return 0;
	error = spawn(n - 1, &first);
	if (error == 0)
		error = spawn(n - 2, &second);
	if (error == 0)
		error = take(first, &one);
	if (error == 0)
		error = take(second, &other);
	if (error == 0)
		*ret_result = (void *)(one + other);
	bothy_future_release(first);
	bothy_future_release(second);
	return error;
}

int main(void)
{
	const struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};
	const struct bothy_job job = BOTHY_JOB(.entity = "ann", .project = "numbers",
	                                       .fn = fibonacci, .arg = (void *)(uintptr_t)15);
	bothy_pool *pool;
	void *result;
	int error = bothy_pool_new(NULL, &options, &pool);

	if (error < 0)
		return 1;
	error = bothy_run(pool, &job, BOTHY_FOREVER, &result);
	if (error == 0)
		printf("the 15th Fibonacci number: %ju\n", (uintmax_t)(uintptr_t)result);
	else
		fprintf(stderr, "fibonacci: %s\n", strerror(error < 0 ? -error : error));
	bothy_pool_free(pool);
	return error != 0;
}
