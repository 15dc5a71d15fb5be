/*
 * Reading.  There is no recursion: the containers that are open lie on a stack on the heap,
 * and each is part of the value above it from its first bracket on.
 */
#include "trace/json.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include <bothy/trace.h>

#include "sync/thread.h"
#include "trace/buffer.h"
#include "trace/error.h"
#include "trace/libraries.h"
#include "trace/real.h"
#include "trace/utf8.h"

/* What json_decref() may need for each level, and what shall be left below it; see
 * tests/test_json.c, which measures it. */
enum { STACK_BYTES_PER_LEVEL = 256, STACK_BYTES_LEFT = 8192 };

struct reader {
	const char *what;
	const char *begin, *at, *end;
	size_t depth_max;
	json_t *root;          /* owned; NULL until it has begun */
	struct buffer open;    /* json_t *: the containers, outermost first; parts of root */
	struct buffer key;     /* of the next member, with its NUL */
	const char *key_place; /* in the text */
	struct buffer text;    /* of a string with escapes, or of a real */
	struct real_scope reals;
};

struct span {
	const char *bytes;
	size_t n;
};

/* ---- errors -------------------------------------------------------------------------- */

static int fail_memory(const struct reader *reader)
{
	return trace_fail(-ENOMEM, "%s: out of memory", reader->what);
}

static int BOTHY_PRINTF(3, 4)
	fail_at(const struct reader *reader, const char *place, const char *format, ...)
{
	size_t line = 1, column = 1;
	char why[160];
	va_list args;

	for (const char *at = reader->begin; at < place; at++) {
		if (*at == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)*at & 0xc0) != 0x80) {
			column++;
		}
	}
	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return trace_fail(-EINVAL, "%s: line %zu, column %zu: %s", reader->what, line, column, why);
}

/* Something else than NEEDED stands here, or nothing. */
static int fail_missing(const struct reader *reader, const char *needed)
{
	if (reader->at == reader->end)
		return fail_at(reader, reader->at, "the text ends where there must be %s", needed);
	return fail_at(reader, reader->at, "there must be %s", needed);
}

static int fail_duplicate(const struct reader *reader)
{
	size_t n = reader->key.n - 1;

	if (n > 64)
		return fail_at(reader, reader->key_place, "this key stands here twice");
	return fail_at(reader, reader->key_place, "the key \"%s\" stands here twice",
	               reader->key.bytes);
}

/* ---- text ---------------------------------------------------------------------------- */

static int peek(const struct reader *reader)
{
	return reader->at < reader->end ? (unsigned char)*reader->at : EOF;
}

static void skip_space(struct reader *reader)
{
	int c = peek(reader);

	while (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
		reader->at++;
		c = peek(reader);
	}
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

/* ---- strings ------------------------------------------------------------------------- */

static int fail_in_string(const struct reader *reader)
{
	if (reader->at == reader->end)
		return fail_at(reader, reader->at, "the text ends inside a string");
	if (peek(reader) < 0x20)
		return fail_at(reader, reader->at,
		               "a control character in a string must be written \\u%04x",
		               (unsigned)peek(reader));
	return fail_at(reader, reader->at, "this is not UTF-8");
}

/* Go on to the next quote or backslash. */
static int skip_plain(struct reader *reader)
{
	const unsigned char *at = (const unsigned char *)reader->at;
	const unsigned char *end = (const unsigned char *)reader->end;
	size_t n = 1;

	while (at < end && *at >= 0x20 && *at != '"' && *at != '\\') {
		n = *at < 0x80 ? 1 : utf8_length(at, end);
		if (n == 0)
			break;
		at += n;
	}
	reader->at = (const char *)at;
	return n == 0 || at == end || *at < 0x20 ? fail_in_string(reader) : 0;
}

/* The code unit of the \uXXXX at AT, or -1. */
static int code_unit(const struct reader *reader, const char *at)
{
	int unit = 0;

	if (reader->end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		char c = at[i], lower = (char)(c | 0x20);

		if (is_digit(c))
			unit = unit << 4 | (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			unit = unit << 4 | (lower - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

/* The character of the one or two \uXXXX here; -1: a surrogate without its other half. */
static int32_t read_unicode(struct reader *reader, int unit)
{
	int low;

	if (unit < 0xd800 || unit > 0xdfff) {
		reader->at += 6;
		return unit;
	}
	low = code_unit(reader, reader->at + 6);
	if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return -1;
	reader->at += 12;
	return 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
}

static void append_character(struct buffer *buffer, uint32_t c)
{
	char out[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i > 1; i--) {
		out[i - 1] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xf0) | c);
	buffer_append(buffer, out, n);
}

/* Read the escape at the backslash here, into the reader's text. */
static int read_escape(struct reader *reader)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char c = reader->end - reader->at > 1 ? reader->at[1] : '\0';
	const char *name = c != '\0' ? strchr(names, c) : NULL;
	int unit = code_unit(reader, reader->at);
	int32_t character;

	if (name != NULL) {
		buffer_append(&reader->text, &meant[name - names], 1);
		reader->at += 2;
		return 0;
	}
	if (unit < 0)
		return fail_at(reader, reader->at, "this escape does not exist");
	character = read_unicode(reader, unit);
	if (character < 0)
		return fail_at(reader, reader->at, "half a surrogate pair, \\u%04x, stands alone",
		               (unsigned)unit);
	append_character(&reader->text, (uint32_t)character);
	return 0;
}

/* The rest of a string that began at START and has its first escape here. */
static int read_escaped(struct reader *reader, const char *start, struct span *ret_string)
{
	int error = 0;

	reader->text.n = 0;
	buffer_append(&reader->text, start, (size_t)(reader->at - start));
	while (error == 0 && *reader->at == '\\') {
		error = read_escape(reader);
		start = reader->at;
		if (error == 0)
			error = skip_plain(reader);
		if (error == 0)
			buffer_append(&reader->text, start, (size_t)(reader->at - start));
	}
	if (error == 0 && reader->text.failed)
		error = fail_memory(reader);
	*ret_string = (struct span){reader->text.bytes, reader->text.n};
	return error;
}

/* The string at the quote here; it lies in the text, or in the reader's until the next one. */
static int read_string(struct reader *reader, struct span *ret_string)
{
	const char *start = ++reader->at;
	int error = skip_plain(reader);

	if (error < 0)
		return error;
	*ret_string = (struct span){start, (size_t)(reader->at - start)};
	if (*reader->at == '\\')
		error = read_escaped(reader, start, ret_string);
	if (error == 0)
		reader->at++;
	return error;
}

/* ---- numbers ------------------------------------------------------------------------- */

/* Go past the digits here, of which there must be one. */
static int skip_digits(struct reader *reader)
{
	if (!is_digit(peek(reader)))
		return fail_missing(reader, "a digit");
	while (is_digit(peek(reader)))
		reader->at++;
	return 0;
}

static int skip_integer(struct reader *reader)
{
	const char *first;
	int error;

	if (peek(reader) == '-')
		reader->at++;
	first = reader->at;
	error = skip_digits(reader);
	if (error == 0 && *first == '0' && reader->at - first > 1)
		error = fail_at(reader, first, "a number may not begin with 0");
	return error;
}

/* Go past a fraction and an exponent, if there are any. */
static int skip_fraction(struct reader *reader)
{
	int error = 0;

	if (peek(reader) == '.') {
		reader->at++;
		error = skip_digits(reader);
	}
	if (error == 0 && (peek(reader) == 'e' || peek(reader) == 'E')) {
		reader->at++;
		if (peek(reader) == '+' || peek(reader) == '-')
			reader->at++;
		error = skip_digits(reader);
	}
	return error;
}

static int make_integer(const struct reader *reader, const char *start, json_t **ret_value)
{
	bool negative = *start == '-';
	uint64_t limit = (uint64_t)INT64_MAX + negative, value = 0;

	for (const char *at = start + negative; at < reader->at; at++) {
		unsigned digit = (unsigned)(*at - '0');

		if (value > (limit - digit) / 10)
			return fail_at(reader, start, "this integer has more than 64 bits");
		value = value * 10 + digit;
	}
	*ret_value = json_integer((json_int_t)(negative ? 0 - value : value));
	return *ret_value != NULL ? 0 : fail_memory(reader);
}

static int make_real(struct reader *reader, const char *start, json_t **ret_value)
{
	double value;

	reader->text.n = 0;
	buffer_append(&reader->text, start, (size_t)(reader->at - start));
	buffer_append(&reader->text, "", 1);
	if (reader->text.failed)
		return fail_memory(reader);
	if (real_read(&reader->reals, reader->text.bytes, &value) < 0)
		return fail_at(reader, start, "this number is larger than any double");
	*ret_value = json_real(value);
	return *ret_value != NULL ? 0 : fail_memory(reader);
}

static int read_number(struct reader *reader, json_t **ret_value)
{
	const char *start = reader->at, *after_integer;
	int error = skip_integer(reader);

	if (error < 0)
		return error;
	after_integer = reader->at;
	error = skip_fraction(reader);
	if (error < 0)
		return error;
	return reader->at == after_integer ? make_integer(reader, start, ret_value)
	                                   : make_real(reader, start, ret_value);
}

/* ---- values -------------------------------------------------------------------------- */

static size_t depth(const struct reader *reader)
{
	return reader->open.n / sizeof(json_t *);
}

static json_t *innermost(const struct reader *reader)
{
	return ((json_t **)(void *)reader->open.bytes)[depth(reader) - 1];
}

/* Whether WORD stands here; then go past it. */
static bool skip_word(struct reader *reader, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(reader->end - reader->at) < n || memcmp(reader->at, word, n) != 0)
		return false;
	reader->at += n;
	return true;
}

static int read_word(struct reader *reader, json_t **ret_value)
{
	const char *start = reader->at;

	*ret_value = NULL;
	if (skip_word(reader, "null"))
		*ret_value = json_null();
	else if (skip_word(reader, "true"))
		*ret_value = json_true();
	else if (skip_word(reader, "false"))
		*ret_value = json_false();
	else if (skip_word(reader, "NaN") || skip_word(reader, "Infinity") ||
	         skip_word(reader, "-Infinity"))
		return fail_at(reader, start, "JSON has no NaN and no Infinity");
	return *ret_value != NULL ? 0 : fail_missing(reader, "a value");
}

static int make_string(struct reader *reader, json_t **ret_value)
{
	struct span string;
	int error = read_string(reader, &string);

	if (error < 0)
		return error;
	/* Its UTF-8 has been checked. */
	*ret_value = json_stringn_nocheck(string.bytes, string.n);
	return *ret_value != NULL ? 0 : fail_memory(reader);
}

/* Make VALUE, which is taken, part of the innermost container, or the root. */
static int attach(struct reader *reader, json_t *value)
{
	json_t *into;
	size_t before;

	if (depth(reader) == 0) {
		reader->root = value;
		return 0;
	}
	into = innermost(reader);
	if (json_is_array(into))
		return json_array_append_new(into, value) == 0 ? 0 : fail_memory(reader);
	before = json_object_size(into);
	if (json_object_set_new_nocheck(into, reader->key.bytes, value) < 0)
		return fail_memory(reader);
	return json_object_size(into) > before ? 0 : fail_duplicate(reader);
}

static int open_container(struct reader *reader, json_t *container)
{
	int error;

	if (container == NULL)
		return fail_memory(reader);
	error = attach(reader, container);
	if (error < 0)
		return error;
	buffer_append(&reader->open, (const char *)&container, sizeof(json_t *));
	reader->at++;
	return reader->open.failed ? fail_memory(reader) : 0;
}

/* The value that begins here: all of it, or its bracket. */
static int begin_value(struct reader *reader)
{
	json_t *value;
	int c, error;

	skip_space(reader);
	c = peek(reader);
	if (depth(reader) >= reader->depth_max)
		return fail_at(reader, reader->at,
		               "nested too deep: more than %zu values in each other",
		               reader->depth_max);
	if (c == '{')
		return open_container(reader, json_object());
	if (c == '[')
		return open_container(reader, json_array());
	if (c == '"')
		error = make_string(reader, &value);
	else if (is_digit(c) ||
	         (c == '-' && (reader->end - reader->at < 2 || reader->at[1] != 'I')))
		error = read_number(reader, &value);
	else
		error = read_word(reader, &value);
	return error < 0 ? error : attach(reader, value);
}

/* The key here and its colon. */
static int read_key(struct reader *reader)
{
	struct span key;
	int error;

	skip_space(reader);
	if (peek(reader) != '"')
		return fail_missing(reader, "a key, in double quotes");
	reader->key_place = reader->at;
	error = read_string(reader, &key);
	if (error < 0)
		return error;
	if (memchr(key.bytes, '\0', key.n) != NULL)
		return fail_at(reader, reader->key_place, "this key has a NUL in it");
	reader->key.n = 0;
	buffer_append(&reader->key, key.bytes, key.n);
	buffer_append(&reader->key, "", 1);
	if (reader->key.failed)
		return fail_memory(reader);
	skip_space(reader);
	if (peek(reader) != ':')
		return fail_missing(reader, "a colon");
	reader->at++;
	return 0;
}

/* The next part of the innermost container, or its end. */
static int read_next(struct reader *reader)
{
	const json_t *container = innermost(reader);
	bool object = json_is_object(container);
	bool first = object ? json_object_size(container) == 0 : json_array_size(container) == 0;
	int error = 0;

	skip_space(reader);
	if (peek(reader) == (object ? '}' : ']')) {
		reader->at++;
		reader->open.n -= sizeof(json_t *);
		return 0;
	}
	if (!first) {
		if (peek(reader) != ',')
			return fail_missing(reader, object ? "a comma or }" : "a comma or ]");
		reader->at++;
	}
	if (object)
		error = read_key(reader);
	return error < 0 ? error : begin_value(reader);
}

static const char *kind_of(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",  [JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a number", [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",      [JSON_NULL] = "null",
	};

	return names[json_typeof(value)];
}

static int read_all(struct reader *reader, enum json_shape shape)
{
	int error = begin_value(reader);

	while (error == 0 && depth(reader) > 0)
		error = read_next(reader);
	if (error < 0)
		return error;
	skip_space(reader);
	if (reader->at < reader->end)
		return fail_at(reader, reader->at, "the value has ended, and there is more");
	if (shape == JSON_SHAPE_OBJECT && !json_is_object(reader->root))
		return trace_fail(-EINVAL, "%s must be an object, and is %s", reader->what,
		                  kind_of(reader->root));
	return 0;
}

static size_t depth_for_stack(size_t left)
{
	size_t levels =
		left > STACK_BYTES_LEFT ? (left - STACK_BYTES_LEFT) / STACK_BYTES_PER_LEVEL : 0;

	return levels < JSON_DEPTH_MAX ? levels : JSON_DEPTH_MAX;
}

int json_read(const char *what, const char *json, size_t bytes, enum json_shape shape,
              json_t **ret_value)
{
	struct reader reader = {.what = what, .begin = json, .at = json};
	int saved_errno = errno;
	int error;

	if (bytes > BOTHY_VALUE_MAX)
		return trace_fail(-EMSGSIZE, "%s: %zu bytes, and at most %zu are allowed", what,
		                  bytes, BOTHY_VALUE_MAX);
	reader.end = bytes > 0 ? json + bytes : json;
	reader.depth_max = depth_for_stack(thread_stack_left());
	error = libraries_begin(&reader.reals.c_locale) < 0 ? fail_memory(&reader)
	                                                    : read_all(&reader, shape);
	real_scope_leave(&reader.reals);
	buffer_fini(&reader.open);
	buffer_fini(&reader.key);
	buffer_fini(&reader.text);
	if (error == 0)
		*ret_value = reader.root;
	else
		json_decref(reader.root);
	errno = saved_errno;
	return error;
}
