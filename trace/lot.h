/*
 * A lot: the batches that the writer takes from its queue at once, of any projects, and stores
 * with one flush.
 */
#ifndef TRACE_LOT_H
#define TRACE_LOT_H

#include "trace/batch.h"

/*
 * Store all items of BATCHES by OPS.  Each item's error says what became of it: 0 is durable.
 *
 * If the one flush for all fails, each item is written and flushed by itself, so that one
 * that can't be stored does not take the others along.
 *
 * Returns how many flushes succeeded.
 */
unsigned lot_store(const struct bothy_server_ops *ops, void *self, struct batch *batches);

#endif
