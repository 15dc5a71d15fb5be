#include "trace/cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bothy/trace.h>

#include "trace/cli/text.h"

static bool said_something;

void say(const char *format, ...)
{
	char *text, *shown;
	va_list arguments;

	va_start(arguments, format);
	text = text_format_list(format, arguments);
	va_end(arguments);
	(void)fflush(stdout);
	shown = text_shown(text);
	fprintf(stderr, "bothy-trace: %s\n", shown);
	free(shown);
	free(text);
	said_something = true;
}

void say_error(int error)
{
	const char *text = bothy_trace_error();

	say("%s", text != NULL ? text : strerror(error < 0 ? -error : error));
}

bool said(void)
{
	return said_something;
}

void say_no_memory(void)
{
	fputs("bothy-trace: out of memory\n", stderr);
	exit(1);
}
