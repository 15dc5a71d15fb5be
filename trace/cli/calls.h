/*
 * A call as it is shown.
 */
#ifndef TRACE_CLI_CALLS_H
#define TRACE_CLI_CALLS_H

#include <bothy/server.h>

#include "trace/cli/members.h"
#include "trace/cli/screen.h"
#include "trace/cli/source.h"
#include "trace/cli/times.h"

/* "open", "ok" or "failed"; and how that is painted. */
const char *call_outcome(const struct bothy_call_record *call);
enum paint call_paint(const struct bothy_call_record *call);

/* Whether both its start and end are known: then it took so long. */
bool call_took(const struct bothy_call_record *call, int64_t *ret_ns);

/* When it started, and how long it took; empty if that is not known. */
void call_start_text(const struct bothy_call_record *call, char ret_text[TIME_BYTES]);
void call_span_text(const struct bothy_call_record *call, char ret_text[TIME_BYTES]);

/* What a list tells of it; and all the rest. */
void call_members(struct members *members, const struct source_project *project,
                  const struct bothy_call_record *call);
void call_values(struct members *members, const struct bothy_call_record *call);

#endif
