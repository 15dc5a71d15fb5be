#include "stress/ids.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "stress/ledger.h"
#include "stress/violation.h"

#define IDS (UINT64_C(1) << 30)

#define RECENT (1u << 16)

static _Atomic uint64_t *seen; /* a bit each; memory is used where numbers have been */
static _Atomic uint64_t recent[RECENT]; /* larger ones: the last that fell into each place */

int ids_init(void)
{
	void *map = mmap(NULL, IDS / 8, PROT_READ | PROT_WRITE,
	                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return -ENOMEM;
	seen = map;
	return 0;
}

void ids_fini(void)
{
	munmap((void *)seen, IDS / 8);
}

/* Whether ID was noted before. */
static bool note(uint64_t id)
{
	uint64_t bit = UINT64_C(1) << (id % 64);

	if (id >= IDS)
		return atomic_exchange_explicit(&recent[id % RECENT], id, memory_order_relaxed) ==
		       id;
	return (atomic_fetch_or_explicit(&seen[id / 64], bit, memory_order_relaxed) & bit) != 0;
}

void ids_note(uint64_t id)
{
	ledger_count(LEDGER_CONTEXTS);
	if (id == 0)
		violation(VIOLATION_CONTEXT_ID, "expected a context's number, seen 0");
	else if (note(id))
		violation(VIOLATION_CONTEXT_ID,
		          "expected a number never used, seen %" PRIu64 " again", id);
}
