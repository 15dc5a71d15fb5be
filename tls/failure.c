#include "tls/failure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tls/context.h"

/* A new string, or NULL. */
static char *format_text(const char *format, va_list args)
{
	int saved_errno = errno;
	char *text = NULL;
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length >= 0)
		text = malloc((size_t)length + 1);
	errno = saved_errno;
	if (text != NULL)
		(void)vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	errno = saved_errno;
	return text;
}

void failure_describe(const char *format, va_list args)
{
	bothy_context *context = context_current();
	char *text;

	if (context == NULL || context->stage >= CONTEXT_FINISHING)
		return;
	text = format_text(format, args); /* which may have the old text among its arguments */
	free(context->error_text);
	context->error_text = text;
}
