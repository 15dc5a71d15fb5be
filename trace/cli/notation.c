#include "trace/cli/notation.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trace/cli/utf8.h"

enum { INDENT = 2, INDENTED_MAX = 100 }; /* deeper levels are not indented further */

/* ---- strings -------------------------------------------------------------------------------- */

/* Write POINT as an escape: as a pair of surrogates if it needs two. */
static void write_escape(FILE *stream, int32_t point)
{
	if (point < 0x10000)
		(void)fprintf(stream, "\\u%04x", (unsigned)point);
	else
		(void)fprintf(stream, "\\u%04x\\u%04x",
		              0xd800u + ((unsigned)(point - 0x10000) >> 10),
		              0xdc00u + ((unsigned)(point - 0x10000) & 0x3ff));
}

/* Write a character outside ASCII, or that ASCII does not print. */
static void write_point(FILE *stream, int32_t point, bool for_people)
{
	char bytes[UTF8_BYTES];

	if (for_people && point >= 0x80 && utf8_width(point) >= 0)
		(void)fwrite(bytes, 1, utf8_put(point, bytes), stream);
	else
		write_escape(stream, point);
}

void notation_string(FILE *stream, const char *text)
{
	static const char named[] = "\"\\\n\r\t\b\f", names[] = "\"\\nrtbf";

	if (text == NULL) {
		(void)fputs("null", stream);
		return;
	}
	(void)putc('"', stream);
	while (*text != '\0') {
		const char *name = strchr(named, *text);
		int32_t point;

		text += utf8_next(text, &point);
		if (name != NULL)
			(void)fprintf(stream, "\\%c", names[name - named]);
		else if (point >= 0x20 && point < 0x7f)
			(void)putc((int)point, stream);
		else
			write_escape(stream, point < 0 ? 0xfffd : point);
	}
	(void)putc('"', stream);
}

/* The four hex digits at AT. */
static int32_t hex4(const char *at)
{
	const char digits[5] = {at[0], at[1], at[2], at[3], '\0'};

	return (int32_t)strtol(digits, NULL, 16);
}

/* Copy the escape at AT, or the pair of them that stands for one character.  Returns its end. */
static const char *copy_escape(FILE *stream, const char *at, bool for_people)
{
	size_t bytes = at[1] == 'u' ? 6 : 2;
	int32_t point = bytes == 6 ? hex4(at + 2) : 0;

	if (point >= 0xd800 && point < 0xdc00 && at[6] == '\\' && at[7] == 'u') {
		point = 0x10000 + ((point - 0xd800) << 10) + (hex4(at + 8) - 0xdc00);
		bytes = 12;
	}
	if (for_people && point >= 0x80)
		write_point(stream, point, true);
	else
		(void)fwrite(at, 1, bytes, stream);
	return at + bytes;
}

/* Copy the string at AT, which is a quote.  Returns its end. */
static const char *copy_string(FILE *stream, const char *at, bool for_people)
{
	(void)putc(*at++, stream);
	while (*at != '"') {
		int32_t point = *at;

		if (*at == '\\') {
			at = copy_escape(stream, at, for_people);
		} else if (point >= 0x20 && point < 0x7f) {
			(void)putc(*at++, stream);
		} else {
			at += utf8_next(at, &point);
			write_point(stream, point, for_people);
		}
	}
	(void)putc('"', stream);
	return at + 1;
}

/* ---- values --------------------------------------------------------------------------------- */

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

void notation_line(FILE *stream, const char *text, size_t bytes)
{
	const char *end = text + bytes;

	for (text = skip_blanks(text, end); text < end; text = skip_blanks(text, end)) {
		if (*text == '"') {
			text = copy_string(stream, text, false);
			continue;
		}
		(void)putc(*text, stream);
		if (*text == ',' || *text == ':')
			(void)putc(' ', stream);
		text++;
	}
}

static void new_line(FILE *stream, size_t depth)
{
	size_t level = depth < INDENTED_MAX ? depth : INDENTED_MAX;

	(void)fprintf(stream, "\n%*s", (int)level * INDENT, "");
}

/* Copy the sign at AT, which is no string's.  Returns its end. */
static const char *copy_sign(FILE *stream, const char *at, const char *end, size_t *depth)
{
	const char *next = skip_blanks(at + 1, end);

	if ((*at == '{' || *at == '[') && next < end && (*next == '}' || *next == ']')) {
		(void)fprintf(stream, "%c%c", *at, *next);
		return next + 1;
	}
	if (*at == '}' || *at == ']')
		new_line(stream, --*depth);
	(void)putc(*at, stream);
	if (*at == '{' || *at == '[')
		new_line(stream, ++*depth);
	else if (*at == ',')
		new_line(stream, *depth);
	else if (*at == ':')
		(void)putc(' ', stream);
	return next;
}

void notation_indented(FILE *stream, const char *text, size_t bytes)
{
	const char *end = text + bytes;
	size_t depth = 0;

	text = skip_blanks(text, end);
	while (text < end) {
		if (*text == '"')
			text = skip_blanks(copy_string(stream, text, true), end);
		else
			text = skip_blanks(copy_sign(stream, text, end, &depth), end);
	}
}
