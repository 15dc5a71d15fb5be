/*
 * A recorder: what is recorded in one context, until it is handed over.  It is the context's
 * slot, and used by its thread alone.
 */
#ifndef TRACE_RECORDER_H
#define TRACE_RECORDER_H

#include <bothy/trace.h>

#include "trace/item.h"
#include "trace/server.h"

struct recorder;

/* The current context's.  -ENOENT, -ENOTSUP, -ECHILD: see <bothy/trace.h>. */
int recorder_current(struct recorder **ret_recorder);

struct trace_server *recorder_server(const struct recorder *recorder);
bothy_client *recorder_client(const struct recorder *recorder);

/* Add ITEM, which is the recorder's from now on whatever is returned.  At 100 items they are
 * handed over: what failed then is told by the next flush. */
void recorder_add(struct recorder *recorder, struct item *item);

/* Hand over what there is, and wait until all of the client's is stored: as bothy_client_flush(). */
int recorder_flush(struct recorder *recorder, bothy_time deadline);

/* The same for fetches: what this client published shall be there.  Until the context's own
 * deadline; errors of items are left for bothy_client_flush(). */
int recorder_settle(struct recorder *recorder);

#endif
