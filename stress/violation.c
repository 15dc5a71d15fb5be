#include "stress/violation.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "stress/stress.h"

#define PRINTED 1000ul /* of each kind, at most */

static _Atomic unsigned long counts[VIOLATION_COUNT];

const char *violation_name(enum violation_kind kind)
{
	static const char *const names[] = {
#define VIOLATION_NAME(name, text) text,
		VIOLATIONS(VIOLATION_NAME)
#undef VIOLATION_NAME
	};

	return names[kind];
}

void violation(enum violation_kind kind, const char *format, ...)
{
	char text[512];
	va_list list;

	if (atomic_fetch_add(&counts[kind], 1) >= PRINTED)
		return;
	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	fprintf(stderr, "violation: %s: %s; seed %llu\n", violation_name(kind), text,
	        (unsigned long long)stress.options.seed);
}

bool violation_call(const char *call, int returned)
{
	char text[64];

	if (returned == 0)
		return false;
	violation(VIOLATION_CALL, "%s: expected 0, seen %d (%s)", call, returned,
	          strerror_r(returned < 0 ? -returned : returned, text, sizeof(text)) == 0
	                  ? text
	                  : "unknown");
	return true;
}

unsigned long violations_of(enum violation_kind kind)
{
	return atomic_load(&counts[kind]);
}

unsigned long violations_total(void)
{
	unsigned long total = 0;

	for (int i = 0; i < VIOLATION_COUNT; i++)
		total += violations_of((enum violation_kind)i);
	return total;
}
