/*
 * Bytes that grow: each time to twice what there was, so that a byte costs the same however
 * many there are.
 */
#ifndef TRACE_BUFFER_H
#define TRACE_BUFFER_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* All zero at first.  Once it has failed, out of memory, nothing is appended any more. */
struct buffer {
	char *bytes; /* malloc'd: ROOM of them, or NULL */
	size_t n, room;
	bool failed;
};

bool buffer_grow(struct buffer *buffer, size_t more);

/* Room for MORE bytes at the end; the caller adds to n what it has written there.  NULL: out of
 * memory. */
static inline char *buffer_reserve(struct buffer *buffer, size_t more)
{
	if (buffer->room - buffer->n < more && !buffer_grow(buffer, more))
		return NULL;
	return buffer->bytes + buffer->n;
}

static inline void buffer_append(struct buffer *buffer, const char *bytes, size_t n)
{
	char *at = n > 0 ? buffer_reserve(buffer, n) : NULL;

	if (at == NULL)
		return;
	memcpy(at, bytes, n);
	buffer->n += n;
}

static inline void buffer_fini(struct buffer *buffer)
{
	free(buffer->bytes);
}

#endif
