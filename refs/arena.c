/*
 * An arena of chunks, each twice as large as the last up to a limit (region-based memory:
 * Hanson, "Fast allocation and deallocation of memory based on object lifetimes", Software
 * Practice and Experience 20(1), 1990).
 */
#include "refs/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#include "sync/testing.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif

#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum { FIRST_BYTES = 1024, LARGEST_BYTES = 64 * 1024 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t bytes; /* of the memory behind this struct */
	alignas(max_align_t) char memory[];
};

void arena_init(struct arena *arena)
{
	arena->chunks = NULL;
	arena->free = arena->end = NULL;
}

static size_t next_bytes(const struct arena *arena)
{
	size_t bytes;

	if (arena->chunks == NULL)
		return FIRST_BYTES;
	bytes = arena->chunks->bytes * 2;
	return bytes < LARGEST_BYTES ? bytes : LARGEST_BYTES;
}

static void use_chunk(struct arena *arena, struct arena_chunk *chunk)
{
	arena->free = chunk->memory;
	arena->end = chunk->memory + chunk->bytes;
	POISON(chunk->memory, chunk->bytes);
}

static int add_chunk(struct arena *arena, size_t bytes)
{
	struct arena_chunk *chunk;
	size_t size = next_bytes(arena);

	if (size < bytes)
		size = bytes;
	chunk = malloc(sizeof(*chunk) + size);
	if (chunk == NULL)
		return -1;
	chunk->bytes = size;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	use_chunk(arena, chunk);
	return 0;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	size_t rounded;
	void *memory;

	if (bytes > PTRDIFF_MAX / 2)
		return NULL;
	if (bytes == 0)
		bytes = 1;
	rounded = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if ((size_t)(arena->end - arena->free) < rounded && add_chunk(arena, rounded) < 0)
		return NULL;
	memory = arena->free;
	if (PLANTED(MEMORY_SHARED) && bytes % 2 != 0)
		rounded -= alignof(max_align_t);
	arena->free += rounded;
	UNPOISON(memory, bytes);
	return memory;
}

static void free_chunk(struct arena_chunk *chunk)
{
	UNPOISON(chunk->memory, chunk->bytes);
	free(chunk);
}

void arena_reset(struct arena *arena)
{
	struct arena_chunk *kept = NULL;

	while (arena->chunks != NULL) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		if (kept == NULL && chunk->bytes <= LARGEST_BYTES)
			kept = chunk;
		else
			free_chunk(chunk);
	}
	arena_init(arena);
	if (kept != NULL) {
		kept->next = NULL;
		arena->chunks = kept;
		use_chunk(arena, kept);
	}
}

void arena_fini(struct arena *arena)
{
	while (arena->chunks != NULL) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		free_chunk(chunk);
	}
	arena_init(arena);
}
