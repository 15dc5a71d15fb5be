/*
 * Calls: what is open in one context, and the attributes of those that begin.  One owner, no
 * lock.
 *
 * A call that begins and ends before anything is handed over is one item.  One that is open then
 * is handed over as a start, and as an end later.
 */
#ifndef TRACE_CALL_H
#define TRACE_CALL_H

#include <bothy/trace.h>

#include "trace/uuid.h"

struct recorder;

struct bothy_call {
	struct bothy_call *outer; /* open around it; or of the free list */
	char id[UUID_BYTES], trace_id[UUID_BYTES];
	bool of_job;
	bool sent;                      /* its start was handed over, as it is now */
	struct bothy_call_start *start; /* its own block */
	char *output, *summary;         /* set before the end: malloc'd, or NULL */
};

/* What a context's calls are below, and have: handed on to descendants. */
struct call_origin {
	char trace_id[UUID_BYTES], parent_id[UUID_BYTES]; /* empty: of none */
	char *attributes;                                 /* malloc'd; NULL: {} */
};

/* The open calls of a recorder. */
struct calls {
	struct bothy_call *open; /* innermost first */
	struct bothy_call *free; /* ended; their memory is the context's */
	struct call_origin origin;
};

/* What the functions of <bothy/trace.h> do; the arguments are there. */
int call_begin(struct recorder *recorder, const char *op, const char *inputs_json,
               bothy_call **ret_call);
int call_end(struct recorder *recorder, bothy_call *call, const char *output_json,
             const char *exception);
bothy_call *call_current(const struct recorder *recorder);
bool call_is_open(const struct recorder *recorder, const bothy_call *call);
int call_set_name(struct recorder *recorder, bothy_call *call, const char *display_name);
int call_set_inputs(struct recorder *recorder, bothy_call *call, const char *json);
int call_set_output(struct recorder *recorder, bothy_call *call, const char *json);
int call_set_summary(struct recorder *recorder, bothy_call *call, const char *json);
int call_ref(const struct recorder *recorder, const bothy_call *call, bothy_ref **ret_ref);
int call_set_attributes(struct recorder *recorder, const char *json);

/* ---- for the recorder ------------------------------------------------------------------- */

/* Begin the job's own call.  Its op is NAME as far as one goes, and UTF-8 whatever it is. */
int call_begin_job(struct recorder *recorder, const char *name);

/* Add the starts of the open calls that are not sent yet.  0 or -ENOMEM: some are not. */
int call_send_open(struct recorder *recorder);

/* The context ends: end what is open.  EXCEPTION (or NULL) is how the job ended, and the job's own
 * call says just that.  0 or the first error; nothing is open any more. */
int call_end_all(struct recorder *recorder, const char *exception);

/* What descendants start with, as a copy: 0 or -ENOMEM. */
int call_origin_take(const struct recorder *recorder, struct call_origin *ret_origin);
int call_origin_copy(const struct call_origin *origin, struct call_origin *ret_origin);
void call_origin_fini(struct call_origin *origin);

#endif
