/*
 * Times and durations in words.
 */
#ifndef TRACE_CLI_TIMES_H
#define TRACE_CLI_TIMES_H

#include <bothy/server.h>

enum { TIME_BYTES = 40 };

/* 2026-11-25T08:27:11.123456789Z (ISO 8601). */
void time_exact(bothy_wall time, char ret_text[TIME_BYTES]);

/* 2026-11-25 08:27:11, in UTC. */
void time_short(bothy_wall time, char ret_text[TIME_BYTES]);

/* Three or four digits: 12.3ms, 4.56s, 2m03s, 5h07m, 3d04h. */
void time_span(int64_t ns, char ret_text[TIME_BYTES]);

#endif
