#include "trace/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls/hooks.h"

enum { TEXT_BYTES = 512 };

/* The address is the key of the context's local. */
static const char key;

/* The text of a thread that is in no context; empty: none. */
static _Thread_local char thread_text[TEXT_BYTES];

static _Thread_local unsigned long failures;

/* TEXT was cut at its end: take away the part that is left of a UTF-8 character. */
static void trim_character(char *text)
{
	size_t n = strlen(text), at = n;

	while (at > 0 && n - at < 3 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
		at--;
	if (at > 0 && (unsigned char)text[at - 1] >= 0xc0)
		text[at - 1] = '\0';
}

static void format_text(char text[TEXT_BYTES], const char *format, va_list args)
{
	int length = vsnprintf(text, TEXT_BYTES, format, args);

	if (length < 0)
		text[0] = '\0';
	else if (length >= TEXT_BYTES)
		trim_character(text);
}

static void keep(const char *text)
{
	char *copy;

	if (context_current() == NULL) {
		memcpy(thread_text, text, TEXT_BYTES);
		return;
	}
	copy = strdup(text);
	if (hooks_local_set(&key, copy, free) < 0)
		free(copy); /* there was no local before: so there is no stale text */
}

int trace_fail(int error, const char *format, ...)
{
	int saved_errno = errno;
	char text[TEXT_BYTES] = "";
	va_list args;

	va_start(args, format);
	format_text(text, format, args); /* it may have the old text among its arguments */
	va_end(args);
	keep(text);
	failures++;
	errno = saved_errno;
	return error;
}

const char *trace_error(void)
{
	if (context_current() != NULL)
		return hooks_local_get(&key);
	return thread_text[0] != '\0' ? thread_text : NULL;
}

unsigned long trace_failures(void)
{
	return failures;
}
