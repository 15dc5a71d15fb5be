/*
 * A recorder: what is recorded in one context, until it is handed over.  It is the context's
 * slot, and used by its thread alone.
 */
#ifndef TRACE_RECORDER_H
#define TRACE_RECORDER_H

#include <bothy/trace.h>

#include "trace/batch.h"
#include "trace/call.h"
#include "trace/server.h"

struct recorder {
	struct trace_server *server;
	bothy_client *client; /* the context's */
	struct batch *batch;  /* NULL: nothing is recorded */
	struct calls calls;
	int error;       /* the first of a hand-over: finish will say it */
	void *user_slot; /* what the server's own begin made */
};

/* The server's hooks, which tls/ calls: SELF is the struct trace_server. */
int recorder_begin(void *self, const struct bothy_begin *context, void **ret_slot);
int recorder_inherit(void *self, void *slot, void **ret_token);
void recorder_inherit_free(void *self, void *token);
int recorder_finish(void *self, void *slot, int code, const char *error_text, bothy_time deadline);

/* The current context's.  -ENOENT, -ENOTSUP, -ECHILD: see <bothy/trace.h>. */
int recorder_current(struct recorder **ret_recorder);

/* Make sure that recorder_add() has room.  0 or -ENOMEM. */
int recorder_ready(struct recorder *recorder);

/* Add ITEM, which is the recorder's from now on; the recorder is ready.  At 100 items, or 4 MiB,
 * they are handed over: what fails then is told by the next flush. */
void recorder_add(struct recorder *recorder, struct item *item);

/* Memory that lives as long as the context; NULL without. */
void *recorder_alloc(struct recorder *recorder, size_t bytes);

/* Hand over what the current context has recorded if it is CLIENT's, and wait until all that was
 * handed over is stored: as bothy_client_flush(). */
int recorder_flush(bothy_client *client, bothy_time deadline);

/* The same for a fetch, which wants to find what this context has published: until the job's own
 * deadline, and what could not be stored is left for bothy_client_flush(). */
int recorder_settle(struct recorder *recorder);

#endif
