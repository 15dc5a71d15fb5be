/*
 * What the refs of a job would cost by hand: a uthash table keyed by the object's address, with a
 * pointer hash and a bump arena, one mutex and two atomics for each set.  No pool at all.
 *
 * It does what a set and a drop come to: a set looks whether there is a ref already, takes a hold,
 * and makes the ref the object's last one under the mutex; the drop releases each.  But a get
 * takes no hold, no ref that was replaced is released, and the table need not be looked for:
 * it is a local variable.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "bench/work/work.h"

static char *arena;
static size_t arena_used;

/* The arena is as large as any table here needs, and begins anew with each job. */
static void *arena_take(size_t bytes)
{
	void *memory = arena + arena_used;

	arena_used += (bytes + 15) & ~(size_t)15;
	return memory;
}

static unsigned hash_pointer(const void *key)
{
	uint64_t address;

	memcpy(&address, key, sizeof(address));
	return (unsigned)((address * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

#define HASH_FUNCTION(key, length, hash) ((hash) = hash_pointer(key))
#define uthash_malloc(bytes) arena_take(bytes)
#define uthash_free(memory, bytes) ((void)(memory))
#include <uthash.h>

#define OPERATIONS 2000000u
#define ARENA_BYTES ((size_t)64 << 20)

struct entry {
	const void *object;
	void *ref;
	UT_hash_handle hh;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static atomic_size_t holds;

static void set_ref(struct entry **table, void **object, void *ref)
{
	struct entry *entry;

	HASH_FIND_PTR(*table, &object, entry);
	if (entry == NULL) {
		entry = arena_take(sizeof(*entry));
		entry->object = object;
		HASH_ADD_PTR(*table, object, entry);
	}
	entry->ref = ref;
	atomic_fetch_add(&holds, 1);
	pthread_mutex_lock(&mutex);
	*object = ref;
	pthread_mutex_unlock(&mutex);
}

/* Each entry's hold ends. */
static void drop_refs(struct entry *table)
{
	for (struct entry *entry = table; entry != NULL; entry = entry->hh.next)
		atomic_fetch_sub(&holds, 1);
	HASH_CLEAR(hh, table);
}

static void *use_refs(char *objects, size_t n)
{
	struct entry *table = NULL, *entry = NULL;
	void *volatile got = NULL;

	arena_used = 0;
	for (size_t i = 0; i < n; i++)
		set_ref(&table, (void **)(void *)(objects + 32 * i), &holds);
	for (size_t i = 0; i < n; i++) {
		const void *object = objects + 32 * i;

		HASH_FIND_PTR(table, &object, entry);
		got = entry->ref;
	}
	drop_refs(table);
	return got;
}

static void *end_at_once(void *arg)
{
	return arg;
}

/* A mutex is cheaper while a process has never had a second thread. */
static int have_had_threads(void)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, end_at_once, NULL);

	return error != 0 ? -error : pthread_join(thread, NULL);
}

static int refs_run(const struct bench_options *options)
{
	size_t n = options->refs, jobs = OPERATIONS / n;
	char *objects = calloc(n, 32);
	struct measure measure;

	arena = calloc(1, ARENA_BYTES);
	if (objects == NULL || arena == NULL || have_had_threads() != 0)
		return -ENOMEM;
	for (size_t i = 0; i < jobs / 10 + 1; i++)
		(void)use_refs(objects, n);
	measure_begin(&measure);
	for (size_t i = 0; i < jobs; i++)
		(void)use_refs(objects, n);
	measure_end(&measure);
	measure_print(&measure, "refs", "", (double)measure.wall / (double)(jobs * n), "ns/ref",
	              jobs * n);
	free(objects);
	free(arena);
	return 0;
}

static const struct workload own[] = {
	{"refs", "ns a ref, set, got and dropped: --refs at a time", refs_run, NULL},
	{NULL, NULL, NULL, NULL},
};

const struct peer peer = {.name = "uthash", .own = own};
