/*
 * Atomics that carry a protocol.
 *
 * Each operation names its memory order, so that a reader sees which ones pair:
 *
 *     atom_store(&f->ready, 1, release);      pairs with the acquire in f_poll()
 *
 * A field is declared _Atomic.  Under the seeded scheduler (BOTHY_SIM) each operation is
 * a point at which another thread may run; otherwise it is the C11 operation alone.
 * The library uses no fences: the thread sanitizer does not model them.
 *
 * atom_add, _sub, _or, _and and _swap return the value from before.
 */
#ifndef SYNC_ATOMIC_H
#define SYNC_ATOMIC_H

#include <stdatomic.h>

#include "sync/point.h"

#define atom_load(p, order) (SYNC_POINT("load"), atomic_load_explicit((p), memory_order_##order))
#define atom_store(p, value, order) \
	(SYNC_POINT("store"), atomic_store_explicit((p), (value), memory_order_##order))
#define atom_add(p, value, order) \
	(SYNC_POINT("add"), atomic_fetch_add_explicit((p), (value), memory_order_##order))
#define atom_sub(p, value, order) \
	(SYNC_POINT("sub"), atomic_fetch_sub_explicit((p), (value), memory_order_##order))
#define atom_or(p, value, order) \
	(SYNC_POINT("or"), atomic_fetch_or_explicit((p), (value), memory_order_##order))
#define atom_and(p, value, order) \
	(SYNC_POINT("and"), atomic_fetch_and_explicit((p), (value), memory_order_##order))
#define atom_swap(p, value, order) \
	(SYNC_POINT("swap"), atomic_exchange_explicit((p), (value), memory_order_##order))

/* Compare and swap: whether *P was *EXPECTED and is DESIRED now; if not, *EXPECTED is what
 * *P was (with acquire, whatever ORDER). */
#define atom_cas(p, expected, desired, order)                                                      \
	(SYNC_POINT("cas"),                                                                        \
	 atomic_compare_exchange_strong_explicit((p), (expected), (desired), memory_order_##order, \
	                                         memory_order_acquire))

/* The same for a field that can't be declared _Atomic, since a public header that C++ reads
 * has it (GNU C). */
#define atom_plain_load(p, order) (SYNC_POINT("load"), __atomic_load_n((p), memory_order_##order))
#define atom_plain_store(p, value, order) \
	(SYNC_POINT("store"), __atomic_store_n((p), (value), memory_order_##order))

#endif
