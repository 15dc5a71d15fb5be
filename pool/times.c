#include "pool/times.h"

#include <errno.h>

#include "sync/testing.h"

void times_fini(struct times *times)
{
	histogram_fini(&times->wait);
	histogram_fini(&times->run);
}

/* One that has room for any; NULL: no memory. */
static bothy_histogram *roomy_new(void)
{
	bothy_histogram *histogram = histogram_new();

	if (histogram != NULL && histogram_reserve(histogram) < 0) {
		histogram_free(histogram);
		return NULL;
	}
	return histogram;
}

int times_read(const struct times *times, struct lock *lock, bothy_histogram **ret_wait,
               bothy_histogram **ret_run)
{
	bothy_histogram *wait = roomy_new(), *run = roomy_new();

	if (wait == NULL || run == NULL) {
		histogram_free(wait);
		histogram_free(run);
		return -ENOMEM;
	}
	lock_acquire(lock);
	histogram_copy(wait, &times->wait);
	if (PLANTED(TIMES_TORN)) {
		lock_release(lock);
		lock_acquire(lock);
	}
	histogram_copy(run, &times->run);
	lock_release(lock);
	histogram_trim(wait);
	histogram_trim(run);
	*ret_wait = wait;
	*ret_run = run;
	return 0;
}
