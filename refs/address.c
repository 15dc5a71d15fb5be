/*
 * The side table of bare addresses.
 *
 * Locking: eight process-wide stripes, chosen by the address, each with a table of its own
 * that it guards, rows included.  Holds of refs that are replaced are released after it.
 */
#include "refs/address.h"

#include <stdlib.h>

#include "sync/fork.h"
#include "sync/testing.h"

/* Without it uthash calls exit() when there is no memory. */
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, bytes, value) ((value) = hash_address((key), (bytes)))
#include <uthash.h>

struct row {
	const void *address;
	uint64_t serial;
	struct last last;
	UT_hash_handle hh;
};

static struct lock stripes[FORK_STRIPES];
static struct row *tables[FORK_STRIPES];

__attribute__((constructor)) static void stripes_init(void)
{
	for (int i = 0; i < FORK_STRIPES; i++)
		lock_init(&stripes[i]);
	fork_protect(FORK_RANK_ADDRESS, stripes, FORK_STRIPES);
}

/* As for serial numbers in table.c. */
static unsigned hash_address(const void *key, size_t bytes)
{
	const void *address = *(const void *const *)key;

	(void)bytes;
	return (unsigned)(((uint64_t)(uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

/* Lock the stripe of ADDRESS, and find its row there, or NULL. */
static struct row *lock_row(const void *address)
{
	unsigned stripe = fork_stripe(address);
	struct row *row;

	lock_acquire(&stripes[stripe]);
	HASH_FIND(hh, tables[stripe], &address, sizeof(address), row);
	return row;
}

static void unlock_row(const void *address)
{
	lock_release(&stripes[fork_stripe(address)]);
}

uint64_t address_serial(const void *address)
{
	const struct row *row = lock_row(address);
	uint64_t serial = row != NULL ? row->serial : 0;

	unlock_row(address);
	return serial;
}

static struct row *add_locked(const void *address)
{
	struct row *row = calloc(1, sizeof(*row));

	if (row == NULL)
		return NULL;
	row->address = address;
	row->serial = PLANTED(SERIAL_REUSED) ? (uint64_t)(uintptr_t)address : serial_new();
	HASH_ADD(hh, tables[fork_stripe(address)], address, sizeof(row->address), row);
	if (row->hh.tbl != NULL)
		return row;
	free(row); /* how uthash reports that it had no memory */
	return NULL;
}

uint64_t address_identify(void *address)
{
	struct row *row = lock_row(address);
	uint64_t serial;

	if (PLANTED(ADDRESS_ADDED_TWICE)) {
		unlock_row(address);
		lock_acquire(&stripes[fork_stripe(address)]);
	}
	if (row == NULL)
		row = add_locked(address);
	serial = row != NULL ? row->serial : 0;
	unlock_row(address);
	return serial;
}

void address_last_set(void *address, bothy_ref *ref, bool own)
{
	struct row *row = lock_row(address);
	bothy_ref *old = NULL;

	if (PLANTED(ROW_USED_UNLOCKED)) {
		unlock_row(address);
		lock_acquire(&stripes[fork_stripe(address)]);
	}
	if (row != NULL) {
		old = row->last.ref;
		row->last.ref = ref != NULL ? ref_hold(ref) : NULL;
		row->last.own = own;
	}
	unlock_row(address);
	ref_release(old);
}

struct last address_last_get(void *address)
{
	const struct row *row = lock_row(address);
	struct last last = {NULL, false};

	if (row != NULL)
		last = row->last;
	if (last.ref != NULL && !PLANTED(LAST_HOLD_LATE))
		(void)ref_hold(last.ref);
	unlock_row(address);
	if (last.ref != NULL && PLANTED(LAST_HOLD_LATE))
		(void)ref_hold(last.ref);
	return last;
}

uint64_t address_forget(void *address)
{
	struct row *row = lock_row(address);
	uint64_t serial = 0;

	if (row != NULL && PLANTED(ADDRESS_NOT_FORGOTTEN))
		row = NULL;
	if (row != NULL)
		HASH_DELETE(hh, tables[fork_stripe(address)], row);
	unlock_row(address);
	if (row == NULL)
		return 0;
	serial = row->serial;
	ref_release(row->last.ref);
	free(row);
	return serial;
}
