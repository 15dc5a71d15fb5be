/*
 * Tables: rows, their digests, and the object that says what it is known as.
 *
 * Until it is fixed, a table is used by one thread at a time.  From then on all but its count and
 * its object (which has its own rules) is const, and any number of threads may use it: jobs that
 * publish it, and the writer.
 */
#ifndef TRACE_TABLE_H
#define TRACE_TABLE_H

#include <bothy/trace.h>

struct bothy_table {
	_Atomic unsigned holds; /* the user's, and that of items on their way */
	struct bothy_object object;
	struct bothy_table_row *rows; /* COUNT of them; each one's digest and json in a block */
	size_t count, room;
	size_t bytes;                    /* of all rows */
	bool fixed;                      /* published or fetched: const from now on */
	char digest[BOTHY_DIGEST_BYTES]; /* once it is fixed */
};

/* An empty one, or NULL without memory. */
bothy_table *trace_table_new(void);

/* As bothy_table_add(). */
int trace_table_add(bothy_table *table, const char *json, size_t bytes);

/* As bothy_table_fetch(); REF is a table's. */
int trace_table_fetch(const bothy_ref *ref, size_t offset, size_t limit, bothy_table **ret_table);

/* Compute the digest of a table that isn't fixed. */
void trace_table_digest(bothy_table *table);

void trace_table_hold(bothy_table *table);
void trace_table_release(bothy_table *table); /* NULL is fine */

#endif
