#include "pool/histogram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sync/testing.h"

enum {
	COLUMNS_LOG2 = 6,
	COLUMNS = 1 << COLUMNS_LOG2,
	ROWS = 63 - COLUMNS_LOG2 + 1, /* of times that an int64_t holds */
	BUCKETS = ROWS * COLUMNS
};

struct histogram_table {
	uint8_t width;       /* bytes of a counter: 1, 2, 4 or 8 */
	uint8_t rows;        /* that are there, in the order in which they came */
	uint8_t place[ROWS]; /* which one of them it is, from 1; 0: not there, all empty */
	_Alignas(uint64_t) unsigned char counters[];
};

/* ---- buckets ----------------------------------------------------------------------------- */

static unsigned bucket_of(uint64_t ns)
{
	unsigned row = 63 - COLUMNS_LOG2 + 1 - (unsigned)__builtin_clzll(ns | (COLUMNS - 1));
	unsigned shift = row - (row > 0); /* rows 0 and 1 are both of single ns */

	return row * COLUMNS + ((ns >> shift) & (COLUMNS - 1));
}

/* The times that belong to BUCKET. */
static void bounds_of(unsigned bucket, struct bothy_histogram_bucket *ret_bounds)
{
	unsigned row = bucket / COLUMNS, column = bucket % COLUMNS;
	unsigned shift = row - (row > 0);
	int64_t first = row > 0 ? COLUMNS + column : column;

	ret_bounds->from = first << shift;
	ret_bounds->to = ret_bounds->from + ((INT64_C(1) << shift) - 1);
}

/* ---- counters ---------------------------------------------------------------------------- */

static size_t table_bytes(unsigned rows, unsigned width)
{
	return sizeof(struct histogram_table) + (size_t)rows * COLUMNS * width;
}

static inline uint64_t load(const struct histogram_table *table, unsigned i)
{
	const void *counters = table->counters;

	switch (table->width) {
	case 1:
		return ((const uint8_t *)counters)[i];
	case 2:
		return ((const uint16_t *)counters)[i];
	case 4:
		return ((const uint32_t *)counters)[i];
	default:
		return ((const uint64_t *)counters)[i];
	}
}

static inline void store(struct histogram_table *table, unsigned i, uint64_t count)
{
	void *counters = table->counters;

	switch (table->width) {
	case 1:
		((uint8_t *)counters)[i] = (uint8_t)count;
		break;
	case 2:
		((uint16_t *)counters)[i] = (uint16_t)count;
		break;
	case 4:
		((uint32_t *)counters)[i] = (uint32_t)count;
		break;
	default:
		((uint64_t *)counters)[i] = count;
		break;
	}
}

/* Whether BUCKET's row is there. */
static bool has_row(const struct bothy_histogram *histogram, unsigned bucket)
{
	return histogram->table != NULL && histogram->table->place[bucket / COLUMNS] != 0;
}

/* The number of BUCKET's counter, whose row is there. */
static unsigned index_of(const struct bothy_histogram *histogram, unsigned bucket)
{
	return (histogram->table->place[bucket / COLUMNS] - 1U) * COLUMNS + bucket % COLUMNS;
}

static uint64_t count_of(const struct bothy_histogram *histogram, unsigned bucket)
{
	return has_row(histogram, bucket) ? load(histogram->table, index_of(histogram, bucket)) : 0;
}

static bool fits(const struct histogram_table *table, uint64_t count)
{
	return count <= UINT64_MAX >> (64 - 8 * table->width);
}

static int add_row(struct bothy_histogram *histogram, unsigned row)
{
	struct histogram_table *table = histogram->table;
	unsigned rows = table != NULL ? table->rows : 0, width = table != NULL ? table->width : 1;

	table = realloc(table, table_bytes(rows + 1, width));
	if (table == NULL)
		return -ENOMEM;
	if (rows == 0)
		*table = (struct histogram_table){.width = 1};
	memset(table->counters + (size_t)rows * COLUMNS * width, 0, COLUMNS * width);
	table->rows++;
	table->place[row] = table->rows;
	histogram->table = table;
	return 0;
}

/* Give the counters the bytes that COUNT needs. */
static int widen(struct bothy_histogram *histogram, uint64_t count)
{
	struct histogram_table *old = histogram->table, *table;
	struct histogram_table head = *old;

	while (!fits(&head, count))
		head.width *= 2;
	table = malloc(table_bytes(head.rows, head.width));
	if (table == NULL)
		return -ENOMEM;
	*table = head;
	for (unsigned i = 0; i < head.rows * (unsigned)COLUMNS; i++)
		store(table, i, load(old, i));
	histogram->table = table;
	free(old);
	return 0;
}

/* See to it that BUCKET can count as far as COUNT. */
static int make_room(struct bothy_histogram *histogram, unsigned bucket, uint64_t count)
{
	int error = 0;

	if (!has_row(histogram, bucket))
		error = add_row(histogram, bucket / COLUMNS);
	if (error == 0 && !fits(histogram->table, count))
		error = widen(histogram, count);
	return error;
}

/* ---- adding ------------------------------------------------------------------------------ */

/* Count one time in BUCKET, if it has the room: what all but a few calls need. */
static bool add_quickly(struct bothy_histogram *histogram, unsigned bucket)
{
	uint64_t count;
	unsigned i;

	if (!has_row(histogram, bucket))
		return false;
	i = index_of(histogram, bucket);
	count = load(histogram->table, i) + 1;
	if (!fits(histogram->table, count))
		return false;
	store(histogram->table, i, count);
	histogram->count++;
	return true;
}

void histogram_add(bothy_histogram *histogram, int64_t ns)
{
	unsigned bucket = bucket_of(ns > 0 ? (uint64_t)ns : 0) + PLANTED(BUCKET_OFF_BY_ONE);

	if (add_quickly(histogram, bucket))
		return;
	if (make_room(histogram, bucket, count_of(histogram, bucket) + 1) < 0)
		histogram->lost++;
	else
		(void)add_quickly(histogram, bucket);
}

/* The first bucket from BUCKET on that is not empty; BUCKETS without one. */
static unsigned next_bucket(const struct bothy_histogram *histogram, unsigned bucket)
{
	while (bucket < BUCKETS && count_of(histogram, bucket) == 0)
		bucket += has_row(histogram, bucket) ? 1 : COLUMNS - bucket % COLUMNS;
	return bucket;
}

/* Make room in INTO for what FROM has: only then can nothing fail any more. */
static int make_all_room(struct bothy_histogram *into, const struct bothy_histogram *from)
{
	int error = 0;

	for (unsigned b = next_bucket(from, 0); error == 0 && b < BUCKETS;
	     b = next_bucket(from, b + 1))
		error = make_room(into, b, count_of(into, b) + count_of(from, b));
	return error;
}

int histogram_merge(bothy_histogram *into, const bothy_histogram *from)
{
	int error;

	if (from->count > UINT64_MAX - into->count)
		return -EOVERFLOW;
	error = make_all_room(into, from);
	if (error < 0)
		return error;
	for (unsigned b = next_bucket(from, 0); b < BUCKETS; b = next_bucket(from, b + 1))
		store(into->table, index_of(into, b), count_of(into, b) + count_of(from, b));
	into->count += from->count;
	into->lost += from->lost;
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------- */

bool histogram_next(const bothy_histogram *histogram, struct bothy_histogram_bucket *bucket)
{
	unsigned at = bucket->count == 0 ? 0 : bucket_of((uint64_t)bucket->to) + 1;

	at = next_bucket(histogram, at);
	if (at >= BUCKETS)
		return false;
	bounds_of(at, bucket);
	bucket->count = count_of(histogram, at);
	return true;
}

/* Which of COUNT sorted times it is, from 1.  99.9% of 1,000 is the 999th, though the product is
 * a little more: so a little less is taken. */
static uint64_t rank_of(double percent, uint64_t count)
{
	double exact = percent / 100 * (double)count * (1 - 1e-15);
	uint64_t rank = (uint64_t)exact;

	if ((double)rank < exact)
		rank++;
	return (rank > 0 ? rank : 1) + PLANTED(RANK_OFF_BY_ONE);
}

int64_t histogram_percentile(const bothy_histogram *histogram, double percent)
{
	uint64_t rank = rank_of(percent, histogram->count), below = 0;
	struct bothy_histogram_bucket bucket = {0};

	while (below < rank && histogram_next(histogram, &bucket))
		below += bucket.count;
	return bucket.from + (bucket.to - bucket.from) / 2;
}

/* ---- coming, copying and going ----------------------------------------------------------- */

bothy_histogram *histogram_new(void)
{
	return calloc(1, sizeof(bothy_histogram));
}

void histogram_fini(bothy_histogram *histogram)
{
	free(histogram->table);
	*histogram = (bothy_histogram){0};
}

void histogram_free(bothy_histogram *histogram)
{
	if (histogram == NULL)
		return;
	histogram_fini(histogram);
	free(histogram);
}

size_t histogram_bytes(const bothy_histogram *histogram)
{
	const struct histogram_table *table = histogram->table;

	return table != NULL ? table_bytes(table->rows, table->width) : 0;
}

int histogram_reserve(bothy_histogram *to)
{
	to->table = malloc(table_bytes(ROWS, sizeof(uint64_t)));
	if (to->table == NULL)
		return -ENOMEM;
	*to->table = (struct histogram_table){.width = 1};
	return 0;
}

void histogram_copy(bothy_histogram *to, const bothy_histogram *from)
{
	if (from->table != NULL)
		memcpy(to->table, from->table, histogram_bytes(from));
	to->count = from->count;
	to->lost = from->lost;
}

void histogram_trim(bothy_histogram *to)
{
	struct histogram_table *table = realloc(to->table, histogram_bytes(to));

	if (table != NULL) /* or else it keeps what it has */
		to->table = table;
}
