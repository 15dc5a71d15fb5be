/*
 * The inside of refs/: arenas, tables, snapshots, and the identity of objects.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "refs/address.h"
#include "refs/object.h"
#include "refs/table.h"
#include "sync/testing.h"
#include "tests/pool_fixture.h"

static bothy_ref *new_ref(void)
{
	bothy_ref *ref;

	ck_assert_int_eq(bothy_ref_new_table("e", "p", "d", &ref), 0);
	return ref;
}

static unsigned long live_refs(void)
{
	return testing_counts.refs_made - testing_counts.refs_destroyed;
}

/* ---- arenas ------------------------------------------------------------------------------ */

START_TEST(an_arena_gives_aligned_memory_of_any_size)
{
	static const size_t sizes[] = {0, 1, 15, 16, 17, 1000, 100000, 3, 5000000};
	struct arena arena;

	arena_init(&arena);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			char *memory = arena_alloc(&arena, sizes[i]);

			ck_assert_ptr_nonnull(memory);
			ck_assert_uint_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
			memset(memory, 1, sizes[i]);
		}
		arena_reset(&arena);
	}
	ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX / 2 + 1));
	arena_fini(&arena);
}
END_TEST

START_TEST(a_reset_arena_uses_its_memory_again)
{
	struct arena arena;
	void *first;

	arena_init(&arena);
	first = arena_alloc(&arena, 100);
	for (int i = 0; i < 1000; i++) {
		arena_reset(&arena);
		ck_assert_ptr_eq(arena_alloc(&arena, 100), first);
	}
	arena_fini(&arena);
}
END_TEST

/* ---- tables -------------------------------------------------------------------------------- */

START_TEST(a_table_keeps_ten_thousand_refs_apart)
{
	enum { N = 10000 };
	static bothy_ref *refs[N];
	struct arena arena;
	struct table table;

	arena_init(&arena);
	table_init(&table, &arena);
	for (uint64_t i = 0; i < N; i++) {
		refs[i] = new_ref();
		ck_assert_int_eq(table_set(&table, i + 1, refs[i]), 0);
	}
	ck_assert_uint_eq(table_count(&table), N);
	for (uint64_t i = 0; i < N; i += 2)
		table_remove(&table, i + 1);
	for (uint64_t i = 0; i < N; i++)
		ck_assert_ptr_eq(table_get(&table, i + 1), i % 2 == 0 ? NULL : refs[i]);
	ck_assert_ptr_null(table_get(&table, N + 1));
	table_clear(&table);
	for (int i = 0; i < N; i++)
		bothy_ref_release(refs[i]);
	ck_assert_uint_eq(live_refs(), 0);
	arena_fini(&arena);
}
END_TEST

START_TEST(setting_again_replaces_and_removing_twice_is_fine)
{
	bothy_ref *first = new_ref(), *second = new_ref();
	struct arena arena;
	struct table table;

	arena_init(&arena);
	table_init(&table, &arena);
	ck_assert_int_eq(table_set(&table, 7, first), 0);
	bothy_ref_release(first);
	ck_assert_int_eq(table_set(&table, 7, second), 0);
	ck_assert_uint_eq(live_refs(), 1);
	ck_assert_ptr_eq(table_get(&table, 7), second);
	table_remove(&table, 7);
	table_remove(&table, 7);
	bothy_ref_release(second);
	ck_assert_uint_eq(live_refs(), 0);
	table_clear(&table);
	arena_fini(&arena);
}
END_TEST

static size_t arena_bytes(const struct arena *arena)
{
	return (size_t)(arena->end - arena->free);
}

START_TEST(setting_and_removing_for_ever_needs_no_more_memory)
{
	bothy_ref *ref = new_ref();
	struct arena arena;
	struct table table;
	size_t left = 0;

	arena_init(&arena);
	table_init(&table, &arena);
	for (uint64_t i = 1; i <= 100000; i++) {
		ck_assert_int_eq(table_set(&table, i, ref), 0);
		table_remove(&table, i);
		if (i == 10)
			left = arena_bytes(&arena);
	}
	ck_assert_uint_eq(arena_bytes(&arena), left);
	table_clear(&table);
	bothy_ref_release(ref);
	arena_fini(&arena);
}
END_TEST

START_TEST(a_snapshot_holds_the_refs_as_they_were)
{
	bothy_ref *ref = new_ref();
	struct snapshot *snapshot, *nothing = NULL;
	struct arena arena;
	struct table table;

	arena_init(&arena);
	table_init(&table, &arena);
	ck_assert_int_eq(snapshot_take(&table, &nothing), 0);
	ck_assert_ptr_null(nothing);
	ck_assert_int_eq(snapshot_restore(nothing, &table), 0);
	ck_assert_int_eq(table_set(&table, 3, ref), 0);
	ck_assert_int_eq(snapshot_take(&table, &snapshot), 0);
	table_clear(&table);
	ck_assert_int_eq(snapshot_restore(snapshot, &table), 0);
	ck_assert_ptr_eq(table_get(&table, 3), ref);
	snapshot_release(snapshot_hold(snapshot));
	snapshot_release(snapshot);
	table_clear(&table);
	bothy_ref_release(ref);
	ck_assert_uint_eq(live_refs(), 0);
	arena_fini(&arena);
}
END_TEST

/* ---- identity -------------------------------------------------------------------------------- */

START_TEST(a_copied_or_moved_object_has_no_ref)
{
	struct bothy_object object = {{0}}, copy;
	bothy_ref *ref = new_ref(), *got = NULL;

	ck_assert_int_eq(bothy_object_set_ref(&object, ref), 0);
	copy = object;
	ck_assert_int_eq(bothy_object_get_ref(&copy, &got), -ENOENT);
	/* It becomes an object of its own, and the original keeps what it has. */
	ck_assert_int_eq(bothy_object_set_ref(&copy, NULL), 0);
	ck_assert_int_eq(bothy_object_set_ref(&copy, ref), 0);
	ck_assert_uint_ne(object_serial(&copy), object_serial(&object));
	bothy_object_fini(&copy);
	ck_assert_int_eq(bothy_object_get_ref(&object, &got), 0);
	ck_assert_ptr_eq(got, ref);
	bothy_ref_release(got);
	bothy_object_fini(&object);
	bothy_ref_release(ref);
	ck_assert_uint_eq(live_refs(), 0);
}
END_TEST

START_TEST(a_hundred_thousand_addresses_are_used_again_without_a_stale_ref)
{
	enum { N = 100000 };
	struct bothy_object *object = NULL, *before = NULL;
	bothy_ref *ref = new_ref(), *got;
	bothy_context *context;
	int reused = 0;

	ck_assert_int_eq(bothy_context_enter(NULL, "e", "p", NULL, &context), 0);
	while (reused < N) {
		object = malloc(sizeof(*object));
		ck_assert_ptr_nonnull(object);
		bothy_object_init(object);
		reused += object == before;
		ck_assert_int_eq(bothy_object_get_ref(object, &got), -ENOENT);
		ck_assert_int_eq(bothy_object_set_ref(object, ref), 0);
		before = object;
		bothy_object_fini(object);
		free(object);
#if defined(__SANITIZE_ADDRESS__)
		reused++; /* its malloc keeps memory back, to catch its use */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
		reused++;
#endif
#endif
	}
	ck_assert_int_eq(bothy_context_exit(context), 0);
	bothy_ref_release(ref);
	ck_assert_uint_eq(live_refs(), 0);
}
END_TEST

START_TEST(a_bare_address_is_forgotten)
{
	bothy_ref *ref = new_ref(), *got = NULL;
	int thing;

	ck_assert_int_eq(bothy_address_set_ref(&thing, ref), 0);
	ck_assert_int_eq(bothy_address_get_ref(&thing, &got), 0);
	bothy_ref_release(got);
	bothy_address_forget(&thing);
	bothy_address_forget(&thing);
	ck_assert_int_eq(bothy_address_get_ref(&thing, &got), -ENOENT);
	ck_assert_uint_eq(address_serial(&thing), 0);
	bothy_ref_release(ref);
	ck_assert_uint_eq(live_refs(), 0);
}
END_TEST

/* ---- threads ------------------------------------------------------------------------------------ */

enum { THREADS = 4, EACH = 50000 };

static uint64_t serials[THREADS][EACH];

static void *take_serials(void *arg)
{
	uint64_t *mine = arg;

	for (int i = 0; i < EACH; i++)
		mine[i] = serial_new();
	return NULL;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

START_TEST(no_two_threads_take_one_serial)
{
	pthread_t threads[THREADS];
	uint64_t *all = serials[0];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, take_serials, serials[i]), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	qsort(all, THREADS * EACH, sizeof(all[0]), compare);
	ck_assert_uint_ne(all[0], 0);
	for (int i = 1; i < THREADS * EACH; i++)
		ck_assert_uint_ne(all[i], all[i - 1]);
}
END_TEST

static struct bothy_object contended;

static void *set_and_get(void *arg)
{
	bothy_ref *ref = arg, *got;

	for (int i = 0; i < 20000; i++) {
		if (bothy_object_set_ref(&contended, ref) < 0 ||
		    bothy_address_set_ref(&contended, ref) < 0)
			return NULL;
		if (bothy_object_get_ref(&contended, &got) < 0)
			return NULL;
		bothy_ref_release(got);
		if (bothy_address_get_ref(&contended, &got) < 0)
			return NULL;
		bothy_ref_release(got);
	}
	return arg;
}

START_TEST(any_number_of_threads_may_set_and_get_one_objects_ref)
{
	pthread_t threads[THREADS];
	bothy_ref *refs[THREADS];
	uint64_t serial;
	void *done;

	for (int i = 0; i < THREADS; i++) {
		refs[i] = new_ref();
		ck_assert_int_eq(pthread_create(&threads[i], NULL, set_and_get, refs[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &done);
		ck_assert_ptr_eq(done, refs[i]);
		bothy_ref_release(refs[i]);
	}
	serial = object_serial(&contended);
	ck_assert_uint_ne(serial, 0);
	bothy_object_fini(&contended);
	bothy_address_forget(&contended);
	ck_assert_uint_eq(live_refs(), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_arena_gives_aligned_memory_of_any_size,
		a_reset_arena_uses_its_memory_again,
		a_table_keeps_ten_thousand_refs_apart,
		setting_again_replaces_and_removing_twice_is_fine,
		setting_and_removing_for_ever_needs_no_more_memory,
		a_snapshot_holds_the_refs_as_they_were,
		a_copied_or_moved_object_has_no_ref,
		a_hundred_thousand_addresses_are_used_again_without_a_stale_ref,
		a_bare_address_is_forgotten,
		no_two_threads_take_one_serial,
		any_number_of_threads_may_set_and_get_one_objects_ref,
	};

	return run_suite("refs", tests, sizeof(tests) / sizeof(tests[0]));
}
