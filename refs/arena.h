/*
 * An arena: memory that is freed all at once.  One owner, no lock.
 */
#ifndef REFS_ARENA_H
#define REFS_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	char *free, *end;           /* what is left of the newest */
};

void arena_init(struct arena *arena);

/* BYTES, aligned for anything and not cleared; NULL without memory. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* Free all, but keep one chunk of ordinary size for what comes next. */
void arena_reset(struct arena *arena);

/* Free all. */
void arena_fini(struct arena *arena);

#endif
