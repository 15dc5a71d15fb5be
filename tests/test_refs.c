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
#include "tests/support.h"

#if UNDER_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

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

START_TEST(a_reset_arena_keeps_one_chunk_and_no_large_one)
{
	enum { MOST = 64 * 1024 };
	long before = support_live_allocations();
	struct arena arena;

	arena_init(&arena);
	for (int i = 0; i < 2000; i++)
		ck_assert_ptr_nonnull(arena_alloc(&arena, 1000));
	arena_reset(&arena);
	ck_assert_int_eq(support_live_allocations() - before, 1);
	ck_assert_int_le(arena.end - arena.free, MOST);
	arena_fini(&arena);
	ck_assert_int_eq(support_live_allocations() - before, 0);
}
END_TEST

START_TEST(large_blocks_waste_no_ordinary_memory)
{
	enum { LARGE = 70000, SMALL = 16, TIMES = 60 };
	long before = support_live_allocations();
	char *blocks[TIMES];
	struct arena arena;

	arena_init(&arena);
	for (int i = 0; i < TIMES; i++) {
		char *large = arena_alloc(&arena, LARGE);

		ck_assert_ptr_nonnull(large);
		memset(large, 1, LARGE);
		blocks[i] = arena_alloc(&arena, SMALL);
		ck_assert_ptr_nonnull(blocks[i]);
		memset(blocks[i], i, SMALL);
	}
	/* One chunk for each large one, and one that all small ones share. */
	ck_assert_int_eq(support_live_allocations() - before, TIMES + 1);
	for (int i = 0; i < TIMES; i++)
		ck_assert_int_eq(blocks[i][SMALL - 1], i);
	arena_reset(&arena);
	ck_assert_int_eq(support_live_allocations() - before, 1);
	arena_fini(&arena);
	ck_assert_int_eq(support_live_allocations() - before, 0);
}
END_TEST

#if UNDER_ADDRESS_SANITIZER
START_TEST(memory_that_is_not_handed_out_is_poisoned)
{
	struct arena arena;
	char *first, *second;

	arena_init(&arena);
	first = arena_alloc(&arena, 20);
	second = arena_alloc(&arena, 20);
	ck_assert(!__asan_address_is_poisoned(first + 19));
	ck_assert(__asan_address_is_poisoned(first + 24));
	ck_assert(!__asan_address_is_poisoned(second));
	ck_assert(__asan_address_is_poisoned(arena.free));
	arena_reset(&arena);
	ck_assert(__asan_address_is_poisoned(first));
	ck_assert(__asan_address_is_poisoned(second));
	arena_fini(&arena);
}
END_TEST
#endif

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

START_TEST(setting_and_removing_for_ever_needs_no_more_memory)
{
	bothy_ref *ref = new_ref();
	struct arena arena;
	struct table table;
	char *free_at = NULL;
	long blocks = 0;

	arena_init(&arena);
	table_init(&table, &arena);
	for (uint64_t i = 1; i <= 100000; i++) {
		ck_assert_int_eq(table_set(&table, i, ref), 0);
		table_remove(&table, i);
		table_remove(&table, 0);
		if (i == 10) {
			free_at = arena.free;
			blocks = support_live_allocations();
		}
	}
	ck_assert_ptr_eq(arena.free, free_at);
	ck_assert_int_eq(support_live_allocations(), blocks);
	ck_assert_uint_eq(table_count(&table), 0);
	table_clear(&table);
	bothy_ref_release(ref);
	arena_fini(&arena);
}
END_TEST

START_TEST(a_tables_only_row_goes_and_comes_again)
{
	bothy_ref *ref = new_ref();
	struct snapshot *snapshot;
	struct arena arena;
	struct table table;

	arena_init(&arena);
	table_init(&table, &arena);
	for (uint64_t serial = 1; serial <= 2; serial++) {
		ck_assert_int_eq(table_set(&table, 1, ref), 0);
		table_remove(&table, 1);
		table_remove(&table, 1);
		ck_assert_uint_eq(ref->holds, 1);
		ck_assert_uint_eq(table_count(&table), 0);
		ck_assert_ptr_null(table_get(&table, 1));
		/* Beside what is left of it. */
		ck_assert_int_eq(table_set(&table, serial, ref), 0);
		ck_assert_uint_eq(table_count(&table), 1);
		ck_assert_int_eq(snapshot_take(&table, &snapshot), 0);
		ck_assert_uint_eq(ref->holds, 3);
		snapshot_release(snapshot);
		table_remove(&table, serial);
	}
	table_clear(&table);
	bothy_ref_release(ref);
	ck_assert_uint_eq(live_refs(), 0);
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

/*
 * Use MEMORY again and again, each time for a new object that has no ref until it is given
 * one.  How the former object ended: as it should, or forgotten.
 */
static int stale_refs(struct bothy_object *memory, bothy_ref *ref, int times, bool forgotten)
{
	int stale = 0;

	for (int i = 0; i < times; i++) {
		bothy_ref *got = NULL;

		bothy_object_init(memory);
		/* An object without an identity has no ref; it gets one by this. */
		(void)object_identify(memory);
		if (bothy_object_get_ref(memory, &got) == 0) {
			stale++;
			bothy_ref_release(got);
		}
		if (bothy_object_set_ref(memory, ref) < 0)
			return -1;
		if (forgotten) /* but for its last ref, which would leak */
			object_last_set(memory, NULL, false);
		else
			bothy_object_fini(memory);
	}
	return stale;
}

/* Each has REF as its last one; then nobody has it. */
static void end_both(struct bothy_object *object, struct bothy_object *copy, bothy_ref *ref)
{
	ck_assert_uint_eq(ref->holds, 3);
	(void)object_end(copy);
	(void)object_end(object);
	ck_assert_uint_eq(ref->holds, 1);
	bothy_ref_release(ref);
	ck_assert_uint_eq(live_refs(), 0);
}

START_TEST(a_copy_leaves_its_originals_hold_alone)
{
	struct bothy_object object = {{0}}, copy;
	bothy_ref *ref = new_ref();

	object_last_set(&object, ref, true);
	copy = object;
	ck_assert_uint_eq(object_end(&copy), 0);
	ck_assert_uint_eq(ref->holds, 2);
	copy = object;
	ck_assert_uint_ne(object_identify(&copy), object_serial(&object));
	ck_assert_ptr_null(object_last_get(&copy).ref);
	object_last_set(&copy, ref, true);
	end_both(&object, &copy, ref);
}
END_TEST

START_TEST(a_last_ref_that_is_there_already_is_left_alone)
{
	struct bothy_object object = {{0}}, copy;
	bothy_ref *ref = new_ref();
	struct last last;

	for (int i = 0; i < 3; i++)
		object_last_set(&object, ref, true);
	ck_assert_uint_eq(ref->holds, 2);
	/* Not so if its writer is another one, or the object only a copy. */
	object_last_set(&object, ref, false);
	last = object_last_get(&object);
	ck_assert_ptr_eq(last.ref, ref);
	ck_assert(!last.own);
	bothy_ref_release(last.ref);
	copy = object;
	object_last_set(&copy, ref, false);
	end_both(&object, &copy, ref);
}
END_TEST

START_TEST(a_hundred_thousand_addresses_are_used_again_without_a_stale_ref)
{
	enum { N = 100000 };
	static struct bothy_object memory; /* the very address, whatever the allocator does */
	bothy_ref *ref = new_ref();
	bothy_context *context;

	ck_assert_int_eq(bothy_context_enter(NULL, "e", "p", NULL, &context), 0);
	ck_assert_int_eq(stale_refs(&memory, ref, N, false), 0);
	ck_assert_int_eq(stale_refs(&memory, ref, N, true), 0);
	ck_assert_int_eq(bothy_context_exit(context), 0);
	bothy_ref_release(ref);
	ck_assert_uint_eq(live_refs(), 0);
}
END_TEST

START_TEST(an_object_known_by_its_address_alone_would_have_stale_refs)
{
	static struct bothy_object memory;
	bothy_ref *ref = new_ref();
	bothy_context *context;

	if (!TESTING_CAN_PLANT)
		return;
	ck_assert_int_eq(testing_plant("SERIAL_REUSED"), 0);
	ck_assert_int_eq(bothy_context_enter(NULL, "e", "p", NULL, &context), 0);
	ck_assert_int_eq(stale_refs(&memory, ref, 10, true), 9);
	ck_assert_int_eq(bothy_context_exit(context), 0);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(an_ended_object_may_be_used_again)
{
	struct bothy_object object = {{0}};
	bothy_ref *first = new_ref(), *second = new_ref(), *got = NULL;
	uint64_t serial;

	ck_assert_int_eq(bothy_object_set_ref(&object, first), 0);
	serial = object_serial(&object);
	ck_assert_uint_eq(object_end(&object), serial);
	ck_assert_uint_eq(object_end(&object), 0);
	ck_assert_uint_eq(object_serial(&object), 0);
	ck_assert_int_eq(bothy_object_get_ref(&object, &got), -ENOENT);
	ck_assert_int_eq(bothy_object_set_ref(&object, second), 0);
	ck_assert_uint_ne(object_serial(&object), serial);
	ck_assert_int_eq(bothy_object_get_ref(&object, &got), 0);
	ck_assert_ptr_eq(got, second);
	bothy_ref_release(got);
	bothy_object_fini(&object);
	bothy_ref_release(first);
	bothy_ref_release(second);
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

enum { THREADS = 4, EACH = 20000 };

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

/* Every other set is of a ref that all threads set. */
static bothy_ref *common;

static void *set_and_get(void *arg)
{
	bothy_ref *ref = arg, *got;

	for (int i = 0; i < 20000; i++) {
		if (bothy_object_set_ref(&contended, common) < 0 ||
		    bothy_object_set_ref(&contended, ref) < 0 ||
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

	common = new_ref();
	for (int i = 0; i < THREADS; i++) {
		refs[i] = new_ref();
		ck_assert_int_eq(pthread_create(&threads[i], NULL, set_and_get, refs[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &done);
		ck_assert_ptr_eq(done, refs[i]);
		bothy_ref_release(refs[i]);
	}
	ck_assert_uint_eq(common->holds, 1);
	bothy_ref_release(common);
	serial = object_serial(&contended);
	ck_assert_uint_ne(serial, 0);
	bothy_object_fini(&contended);
	bothy_address_forget(&contended);
	ck_assert_uint_eq(live_refs(), 0);
}
END_TEST

/* Objects that are copies, each given its identity by one thread while another looks. */
enum { COPIES = 200000 };

static struct bothy_object original, *copies;
static atomic_int at; /* the copy that is looked at */

static void *look_at_copies(void *arg)
{
	const uint64_t stale = object_serial(&original);
	uint64_t serial;

	for (int i = 0; i < COPIES; i++) {
		while (atomic_load(&at) < i)
			;
		do {
			serial = object_serial(&copies[i]);
			if (serial == stale)
				return NULL;
		} while (serial == 0);
	}
	return arg;
}

START_TEST(a_copy_is_never_seen_with_the_serial_of_its_original)
{
	pthread_t thread;

	copies = calloc(COPIES, sizeof(copies[0]));
	ck_assert_ptr_nonnull(copies);
	(void)object_identify(&original);
	for (int i = 0; i < COPIES; i++)
		copies[i] = original;
	thread = support_thread(look_at_copies, &original);
	for (int i = 0; i < COPIES; i++) {
		atomic_store(&at, i);
		(void)object_identify(&copies[i]);
	}
	ck_assert_ptr_nonnull(support_join(thread));
	free(copies);
}
END_TEST

/* ---- without memory ---------------------------------------------------------------------------- */

static int make_refs(void)
{
	bothy_ref *ref, *below;
	int error = bothy_ref_new_object("e", "p", "n", "d", &ref);

	if (error == 0) {
		error = bothy_ref_extend(ref, BOTHY_REF_KEY, "k", &below);
		bothy_ref_release(ref);
	}
	if (error == 0) {
		bothy_ref_release(below);
		error = bothy_ref_parse("weave:///e/p/call/c/key/%20", &ref);
	}
	if (error == 0)
		bothy_ref_release(ref);
	return error;
}

enum { ROWS = 200 };

static bothy_ref *shared;

/* Fill TABLE; a set that fails changes nothing, and succeeds when it is tried again. */
static int fill(struct table *table)
{
	int failed = 0;

	for (uint64_t i = 1; i <= ROWS; i++) {
		int error = table_set(table, i, shared);

		if (error < 0) {
			if (table_count(table) != i - 1 || table_get(table, i) != NULL)
				return -EIO;
			failed = error;
			i--;
		}
	}
	for (uint64_t i = 1; i <= ROWS; i++)
		if (table_get(table, i) != shared)
			return -EIO;
	return failed;
}

static int use_table(void)
{
	struct snapshot *snapshot = NULL;
	struct arena arena;
	struct table table;
	int error;

	arena_init(&arena);
	table_init(&table, &arena);
	error = fill(&table);
	if (error == 0)
		error = snapshot_take(&table, &snapshot);
	table_clear(&table);
	arena_reset(&arena);
	if (error == 0)
		error = snapshot_restore(snapshot, &table);
	snapshot_release(snapshot);
	table_clear(&table);
	arena_fini(&arena);
	return error;
}

static int use_addresses(void)
{
	static char things[ROWS];
	int error = 0;

	for (int i = 0; i < ROWS && error == 0; i++) {
		if (address_identify(&things[i]) == 0)
			error = -ENOMEM;
		else
			address_last_set(&things[i], shared, true);
	}
	for (int i = 0; i < ROWS; i++)
		(void)address_forget(&things[i]);
	return error;
}

/* Let each allocation of USE fail in turn: it says so, and leaks nothing. */
static void fail_each(int (*use)(void))
{
	bool failed = true;

	for (unsigned long n = 1; failed; n++) {
		long before = support_live_allocations();
		int error;
		long after;

		support_fail_allocation(n);
		error = use();
		failed = support_allocation_failed();
		support_fail_allocation(0);
		after = support_live_allocations();
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		ck_assert_int_eq(after, before);
	}
}

START_TEST(each_allocation_may_fail)
{
	shared = new_ref();
	fail_each(make_refs);
	fail_each(use_table);
	fail_each(use_addresses);
	bothy_ref_release(shared);
	ck_assert_uint_eq(live_refs(), 0);
}
END_TEST

START_TEST(a_table_that_forgets_a_ref_is_found)
{
	shared = new_ref();
	if (!TESTING_CAN_PLANT)
		return;
	ck_assert_int_eq(testing_plant("REF_LEAKED"), 0);
	ck_assert_int_eq(use_table(), 0);
	bothy_ref_release(shared);
	ck_assert_uint_ne(live_refs(), 0);
#if UNDER_ADDRESS_SANITIZER
	bothy_ref_release(shared); /* its check for leaks would find it too */
	bothy_ref_release(shared);
#endif
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_arena_gives_aligned_memory_of_any_size,
		a_reset_arena_uses_its_memory_again,
		a_reset_arena_keeps_one_chunk_and_no_large_one,
		large_blocks_waste_no_ordinary_memory,
#if UNDER_ADDRESS_SANITIZER
		memory_that_is_not_handed_out_is_poisoned,
#endif
		a_table_keeps_ten_thousand_refs_apart,
		setting_again_replaces_and_removing_twice_is_fine,
		setting_and_removing_for_ever_needs_no_more_memory,
		a_tables_only_row_goes_and_comes_again,
		a_snapshot_holds_the_refs_as_they_were,
		a_copied_or_moved_object_has_no_ref,
		a_copy_leaves_its_originals_hold_alone,
		a_last_ref_that_is_there_already_is_left_alone,
		a_hundred_thousand_addresses_are_used_again_without_a_stale_ref,
		an_object_known_by_its_address_alone_would_have_stale_refs,
		an_ended_object_may_be_used_again,
		a_bare_address_is_forgotten,
		no_two_threads_take_one_serial,
		any_number_of_threads_may_set_and_get_one_objects_ref,
		a_copy_is_never_seen_with_the_serial_of_its_original,
		each_allocation_may_fail,
		a_table_that_forgets_a_ref_is_found,
	};

	return run_suite("refs", tests, sizeof(tests) / sizeof(tests[0]));
}
