#include "trace/cli/check.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trace/cli/say.h"
#include "trace/cli/utf8.h"

/* The text ends with a NUL, which is part of no JSON: nothing is read beyond it. */
struct checker {
	const char *at;
	char *open; /* what closes the containers that are open: } or ] */
	size_t n, room;
};

enum next { NEXT_VALUE, NEXT_KEY, NEXT_SIGN, NEXT_NONE };

static void skip_blanks(struct checker *checker)
{
	checker->at += strspn(checker->at, " \t\n\r");
}

/* ---- scalars ---------------------------------------------------------------------------------- */

static bool word(struct checker *checker, const char *text)
{
	size_t bytes = strlen(text);

	if (strncmp(checker->at, text, bytes) != 0)
		return false;
	checker->at += bytes;
	return true;
}

static bool digits(struct checker *checker)
{
	size_t n = strspn(checker->at, "0123456789");

	checker->at += n;
	return n > 0;
}

static bool number(struct checker *checker)
{
	(void)word(checker, "-");
	if (!word(checker, "0") && !digits(checker))
		return false;
	if (word(checker, ".") && !digits(checker))
		return false;
	if (!word(checker, "e") && !word(checker, "E"))
		return true;
	if (!word(checker, "+"))
		(void)word(checker, "-");
	return digits(checker);
}

/* \uHHHH; the number, or -1. */
static int32_t unit(struct checker *checker)
{
	char hex[5] = "";

	if (!word(checker, "\\u"))
		return -1;
	for (size_t i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)*checker->at))
			return -1;
		hex[i] = *checker->at++;
	}
	return (int32_t)strtol(hex, NULL, 16);
}

static bool escape(struct checker *checker)
{
	int32_t first, second;

	if (checker->at[1] != 'u') {
		bool known = checker->at[1] != '\0' && strchr("\"\\/bfnrt", checker->at[1]) != NULL;

		checker->at += known ? 2 : 0;
		return known;
	}
	first = unit(checker);
	if (first < 0xd800 || first > 0xdfff)
		return first >= 0;
	second = unit(checker);
	return first < 0xdc00 && second >= 0xdc00 && second <= 0xdfff;
}

static bool string(struct checker *checker)
{
	int32_t point = 0;

	if (!word(checker, "\""))
		return false;
	while (*checker->at != '"') {
		if (*checker->at == '\\') {
			if (!escape(checker))
				return false;
			continue;
		}
		checker->at += utf8_next(checker->at, &point);
		if (point < 0x20)
			return false;
	}
	checker->at++;
	return true;
}

static bool scalar(struct checker *checker)
{
	if (*checker->at == '"')
		return string(checker);
	return word(checker, "null") || word(checker, "true") || word(checker, "false") ||
	       number(checker);
}

/* ---- containers ------------------------------------------------------------------------------ */

static void push(struct checker *checker, char closing)
{
	if (checker->n == checker->room) {
		size_t room = checker->room * 2 + 64;
		char *open = realloc(checker->open, room);

		if (open == NULL)
			say_no_memory();
		checker->open = open;
		checker->room = room;
	}
	checker->open[checker->n++] = closing;
}

/* A value is to begin here: what is next? */
static enum next begin_value(struct checker *checker)
{
	char first = *checker->at;

	if (first != '{' && first != '[')
		return scalar(checker) ? NEXT_SIGN : NEXT_NONE;
	checker->at++;
	push(checker, first == '{' ? '}' : ']');
	skip_blanks(checker);
	if (*checker->at == checker->open[checker->n - 1])
		return NEXT_SIGN;
	return first == '{' ? NEXT_KEY : NEXT_VALUE;
}

static enum next read_key(struct checker *checker)
{
	if (!string(checker))
		return NEXT_NONE;
	skip_blanks(checker);
	return word(checker, ":") ? NEXT_VALUE : NEXT_NONE;
}

/* A value has ended, or an empty container has begun: its closing, or a comma. */
static enum next read_sign(struct checker *checker)
{
	char closing;

	if (checker->n == 0)
		return NEXT_NONE;
	closing = checker->open[checker->n - 1];
	if (*checker->at == closing) {
		checker->n--;
		checker->at++;
		return NEXT_SIGN;
	}
	if (!word(checker, ","))
		return NEXT_NONE;
	return closing == '}' ? NEXT_KEY : NEXT_VALUE;
}

bool check_json(const char *text, size_t bytes)
{
	struct checker checker = {text, NULL, 0, 0};
	enum next next = NEXT_VALUE;
	bool whole;

	do {
		skip_blanks(&checker);
		whole = next == NEXT_SIGN && checker.n == 0;
		if (next == NEXT_VALUE)
			next = begin_value(&checker);
		else
			next = next == NEXT_KEY ? read_key(&checker) : read_sign(&checker);
	} while (next != NEXT_NONE);
	free(checker.open);
	return whole && checker.at == text + bytes;
}
