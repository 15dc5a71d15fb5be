#include "trace/cli/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/cli/say.h"
#include "trace/cli/utf8.h"

enum { ESCAPED_MAX = 12 }; /* bytes that one character becomes, with a NUL */

char *text_copy(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		say_no_memory();
	return copy;
}

char *text_format_list(const char *format, va_list arguments)
{
	va_list again;
	char *text;
	int bytes;

	va_copy(again, arguments);
	bytes = vsnprintf(NULL, 0, format, again);
	va_end(again);
	text = bytes < 0 ? NULL : malloc((size_t)bytes + 1);
	if (text == NULL)
		say_no_memory();
	(void)vsnprintf(text, (size_t)bytes + 1, format, arguments);
	return text;
}

char *text_format(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = text_format_list(format, arguments);
	va_end(arguments);
	return text;
}

/* Write the character, or the byte, at TEXT.  Returns its bytes; *end moves on. */
static size_t show_one(const char *text, char **end)
{
	static const char named[] = "\n\r\t", names[] = "nrt";
	const char *name = strchr(named, *text);
	int32_t point;
	size_t bytes = utf8_next(text, &point);

	if (point >= 0 && utf8_width(point) >= 0) {
		memcpy(*end, text, bytes);
		*end += bytes;
	} else if (name != NULL) {
		*end += sprintf(*end, "\\%c", names[name - named]);
	} else if (point < 0x80) {
		*end += sprintf(*end, "\\x%02x", (unsigned char)*text);
	} else {
		*end += sprintf(*end, "\\u%04x", (unsigned)point);
	}
	return bytes;
}

char *text_shown(const char *text)
{
	size_t length = text == NULL ? 0 : strlen(text);
	char *shown = malloc(length * ESCAPED_MAX / 2 + ESCAPED_MAX), *end = shown, *fitting;

	if (shown == NULL)
		say_no_memory();
	while (length > 0) {
		size_t bytes = show_one(text, &end);

		text += bytes;
		length -= bytes;
	}
	*end = '\0';
	fitting = realloc(shown, (size_t)(end - shown) + 1);
	return fitting == NULL ? shown : fitting;
}

size_t text_fit(const char *shown, size_t columns, size_t *ret_width)
{
	size_t at = 0, width = 0;

	while (shown[at] != '\0') {
		int32_t point;
		size_t bytes = utf8_next(shown + at, &point);
		int more = point < 0 ? 1 : utf8_width(point);

		if (width + (size_t)(more > 0 ? more : 0) > columns)
			break;
		width += (size_t)(more > 0 ? more : 0);
		at += bytes;
	}
	*ret_width = width;
	return at;
}

size_t text_width(const char *shown)
{
	size_t width;

	(void)text_fit(shown, (size_t)-1, &width);
	return width;
}

char *text_first_line(const char *text, size_t most)
{
	size_t line = strcspn(text, "\r\n"), width, fitting;
	char *first = strndup(text, line), *shown, *cut;

	if (first == NULL)
		say_no_memory();
	shown = text_shown(first);
	free(first);
	fitting = text_fit(shown, most - 1, &width);
	if (text[line] == '\0' && shown[fitting] == '\0')
		return shown;
	cut = text_format("%.*s…", (int)fitting, shown);
	free(shown);
	return cut;
}
