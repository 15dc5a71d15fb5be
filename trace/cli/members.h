/*
 * A JSON object for programs, written member by member, on one line.
 */
#ifndef TRACE_CLI_MEMBERS_H
#define TRACE_CLI_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct members {
	FILE *stream;
	const char *of; /* what it tells of, for messages */
	size_t n;       /* members so far */
};

void members_begin(struct members *members, FILE *stream, const char *of);
void member_string(struct members *members, const char *name, const char *value); /* or NULL */
void member_number(struct members *members, const char *name, int64_t value);
void member_bool(struct members *members, const char *name, bool value);
void member_null(struct members *members, const char *name);
/* A time, in ISO 8601. */
void member_time(struct members *members, const char *name, int64_t wall);
/* TEXT is JSON, or NULL for null.  If it turns out to be none, that is said, and it is null. */
void member_value(struct members *members, const char *name, const char *text, size_t bytes);
void members_end(struct members *members);

#endif
