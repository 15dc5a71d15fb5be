/*
 * Tables: rows, their digests, and the object that says what it is known as.
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

void trace_table_hold(bothy_table *table);
void trace_table_release(bothy_table *table);

#endif
