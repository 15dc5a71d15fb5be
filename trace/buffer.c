#include "trace/buffer.h"

#include <stdint.h>

enum { ROOM_FIRST = 256 };

bool buffer_grow(struct buffer *buffer, size_t more)
{
	size_t room = buffer->room > 0 ? buffer->room : ROOM_FIRST;
	char *bytes;

	while (room - buffer->n < more && room <= SIZE_MAX / 2)
		room *= 2;
	bytes = !buffer->failed && room - buffer->n >= more ? realloc(buffer->bytes, room) : NULL;
	if (bytes == NULL) {
		buffer->failed = true;
		/* From now on there is no room for a single byte. */
		buffer->room = buffer->n;
		return false;
	}
	buffer->bytes = bytes;
	buffer->room = room;
	return true;
}
