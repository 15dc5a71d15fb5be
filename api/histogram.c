#include <bothy/histogram.h>

#include <errno.h>

#include "pool/histogram.h"

int bothy_histogram_new(bothy_histogram **ret_histogram)
{
	bothy_histogram *histogram;

	if (ret_histogram == NULL)
		return -EINVAL;
	histogram = histogram_new();
	if (histogram == NULL)
		return -ENOMEM;
	*ret_histogram = histogram;
	return 0;
}

void bothy_histogram_free(bothy_histogram *histogram)
{
	histogram_free(histogram);
}

uint64_t bothy_histogram_count(const bothy_histogram *histogram)
{
	return histogram != NULL ? histogram->count : 0;
}

uint64_t bothy_histogram_lost(const bothy_histogram *histogram)
{
	return histogram != NULL ? histogram->lost : 0;
}

int64_t bothy_histogram_percentile(const bothy_histogram *histogram, double percent)
{
	if (histogram == NULL || !(percent >= 0 && percent <= 100))
		return -EINVAL;
	return histogram->count > 0 ? histogram_percentile(histogram, percent) : -ENODATA;
}

int bothy_histogram_merge(bothy_histogram *into, const bothy_histogram *from)
{
	if (into == NULL || from == NULL)
		return -EINVAL;
	return histogram_merge(into, from);
}

bool bothy_histogram_next(const bothy_histogram *histogram, struct bothy_histogram_bucket *bucket)
{
	return histogram != NULL && bucket != NULL && histogram_next(histogram, bucket);
}
