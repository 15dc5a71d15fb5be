/*
 * An arena of chunks, each larger than the last up to a limit (region-based memory: Hanson,
 * "Fast allocation and deallocation of memory based on object lifetimes", Software Practice and
 * Experience 20(1), 1990).  What is large has a chunk of its own, behind the newest ordinary
 * one, which goes on being filled.
 *
 * Under the address sanitizer, memory that is not handed out is poisoned.
 */
#include "refs/arena.h"

#include <stdalign.h>
#include <stdbool.h>
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

/*
 * The first chunk, with its header, is of a size that glibc keeps for its thread.  Up to
 * the limit a chunk is larger than all before it together: when glibc unmaps a large block, it
 * takes to keeping twice as much, and so all of them.  With chunks that only double, a job with a
 * table of thousands of rows had its pages faulted in anew each time, which was half of its cost.
 */
enum {
	FIRST_BYTES = 1008,
	GROWTH = 4,
	LARGEST_BYTES = 4 * 1024 * 1024,
	ALONE_BYTES = 64 * 1024, /* what is larger has a chunk of its own */
	KEPT_BYTES = 64 * 1024   /* the largest chunk that a reset keeps */
};

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

static struct arena_chunk *chunk_new(size_t bytes)
{
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + bytes);

	if (chunk != NULL)
		chunk->bytes = bytes;
	return chunk;
}

static void push(struct arena_chunk **chunks, struct arena_chunk *chunk)
{
	chunk->next = *chunks;
	*chunks = chunk;
}

static void use_chunk(struct arena *arena, struct arena_chunk *chunk)
{
	arena->free = chunk->memory;
	arena->end = chunk->memory + chunk->bytes;
	POISON(chunk->memory, chunk->bytes);
}

/* Whether there is an ordinary chunk to fill; it comes first. */
static bool is_filling(const struct arena *arena)
{
	return arena->end != NULL;
}

/* Make room for BYTES, at most ALONE_BYTES. */
static bool add_ordinary(struct arena *arena, size_t bytes)
{
	size_t size = is_filling(arena) ? arena->chunks->bytes * GROWTH : FIRST_BYTES;
	struct arena_chunk *chunk;

	while (size < bytes)
		size *= GROWTH;
	if (size > LARGEST_BYTES)
		size = LARGEST_BYTES;
	chunk = chunk_new(size);
	if (chunk == NULL)
		return false;
	push(&arena->chunks, chunk);
	use_chunk(arena, chunk);
	return true;
}

static void *alloc_large(struct arena *arena, size_t bytes)
{
	struct arena_chunk *chunk = chunk_new(bytes);

	if (chunk == NULL)
		return NULL;
	push(is_filling(arena) ? &arena->chunks->next : &arena->chunks, chunk);
	return chunk->memory;
}

/* What can be had of the chunk that is being filled. */
static size_t room(const struct arena *arena)
{
	return (size_t)(arena->end - arena->free);
}

static size_t round_up(size_t bytes)
{
	return (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

/* BYTES, for which there is room. */
static void *take(struct arena *arena, size_t bytes)
{
	void *memory = arena->free;
	size_t rounded = round_up(bytes);

	if (PLANTED(MEMORY_SHARED) && bytes % 2 != 0)
		rounded -= alignof(max_align_t);
	arena->free += rounded;
	UNPOISON(memory, bytes);
	return memory;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	if (bytes == 0)
		bytes = 1;
	/* Both are multiples of the alignment: what fits, fits rounded up. */
	if (bytes <= room(arena))
		return take(arena, bytes);
	if (bytes > PTRDIFF_MAX / 2)
		return NULL;
	if (bytes > ALONE_BYTES)
		return alloc_large(arena, bytes);
	return add_ordinary(arena, round_up(bytes)) ? take(arena, bytes) : NULL;
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
		if (kept == NULL && chunk->bytes <= KEPT_BYTES)
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
