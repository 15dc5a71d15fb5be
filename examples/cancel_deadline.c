/*
 * How jobs end: past a deadline, canceled, or with an error of their own.
 */
#include <bothy/bothy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Runs until it is asked to stop, and says why it did. */
static int patient(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_sleep_until(BOTHY_FOREVER);
}

static int grumpy(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return bothy_fail(EACCES, "the cat is asleep on it");
}

static int submit(bothy_pool *pool, bothy_fn *fn, bothy_time deadline, bothy_future **ret_future)
{
	return bothy_submit(
		pool,
		&BOTHY_JOB(.entity = "ann", .project = "cats", .fn = fn, .deadline = deadline),
		ret_future);
}

/* Wait for a job, and release its future.  0 if its outcome is the one expected. */
static int outcome(const char *what, bothy_future *future, int expected)
{
	int error = bothy_future_wait(future, BOTHY_FOREVER), code;
	const char *text = bothy_future_error(future);

	code = bothy_future_result(future, NULL);
	printf("%s: %s%s%s\n", what,
	       code == -ETIMEDOUT   ? "timed out"
	       : code == -ECANCELED ? "canceled"
	                            : "failed",
	       text != NULL ? ": " : "", text != NULL ? text : "");
	bothy_future_release(future);
	return error == 0 && code == expected ? 0 : -EPROTO;
}

static int run(bothy_pool *pool)
{
	bothy_future *failing, *late, *running, *queued;
	int error = submit(pool, grumpy, BOTHY_FOREVER, &failing);

	if (error == 0)
		error = outcome("a job that fails", failing, EACCES);
	if (error == 0)
		error = submit(pool, patient, bothy_after_ms(50), &late);
	if (error == 0)
		error = outcome("past its deadline", late, -ETIMEDOUT);
	if (error == 0)
		error = submit(pool, patient, BOTHY_FOREVER, &running);
	if (error < 0)
		return error;

	if (bothy_future_wait(running, bothy_after_ms(20)) == -ETIMEDOUT)
		puts("waiting less is not canceling");
	error = submit(pool, patient, BOTHY_FOREVER, &queued); /* behind it: one worker */
	if (error == 0) {
		bothy_future_cancel(queued); /* never runs */
		error = outcome("canceled in the queue", queued, -ECANCELED);
	}
	bothy_future_cancel(running); /* is asked to stop */
	return outcome("canceled as it ran", running, -ECANCELED) < 0 ? -EPROTO : error;
}

int main(void)
{
	const struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};
	bothy_pool *pool;
	int error = bothy_pool_new(NULL, &options, &pool);

	if (error == 0) {
		error = run(pool);
		bothy_pool_free(pool);
	}
	if (error < 0)
		fprintf(stderr, "cancel_deadline: %s\n", strerror(-error));
	return error != 0;
}
