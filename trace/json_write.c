/*
 * Writing.  There is no recursion here either: the containers that are open lie on a stack on
 * the heap, and the sorted members of those that are objects on another.
 */
#include "trace/json.h"

#include <errno.h>

#include <bothy/trace.h>

#include "sync/testing.h"
#include "trace/buffer.h"
#include "trace/error.h"
#include "trace/real.h"

struct member {
	const char *key;
	const json_t *value;
};

/* An open container: CONTAINER's part NEXT of N is to be written. */
struct level {
	const json_t *container;
	size_t next, n;
};

struct writer {
	struct buffer text;
	struct buffer levels;  /* struct level: outermost first */
	struct buffer members; /* struct member: those of all open objects */
};

static bool failed(const struct writer *writer)
{
	return writer->text.failed || writer->levels.failed || writer->members.failed;
}

/* ---- scalars ------------------------------------------------------------------------- */

static void put(struct writer *writer, const char *text)
{
	buffer_append(&writer->text, text, strlen(text));
}

static void put_integer(struct writer *writer, json_int_t value)
{
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char digits[20], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (value < 0)
		put(writer, "-");
	buffer_append(&writer->text, at, (size_t)(digits + sizeof(digits) - at));
}

static void put_real(struct writer *writer, double value)
{
	char *at = buffer_reserve(&writer->text, REAL_BYTES);

	if (at != NULL)
		writer->text.n += real_write(value, at);
}

static void put_unit(struct writer *writer, uint32_t unit)
{
	char escape[6] = {'\\', 'u'};

	for (int i = 5; i > 1; i--) {
		escape[i] = "0123456789abcdef"[unit & 15];
		unit >>= 4;
	}
	buffer_append(&writer->text, escape, sizeof(escape));
}

/* The character at AT, whose UTF-8 is right; its bytes are added to *AT. */
static uint32_t take_character(const char **at)
{
	const unsigned char *bytes = (const unsigned char *)*at;
	size_t n = bytes[0] < 0x80 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
	uint32_t character = n == 1 ? bytes[0] : bytes[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		character = character << 6 | (bytes[i] & 0x3f);
	*at += n;
	return character;
}

static void put_escape(struct writer *writer, uint32_t character)
{
	static const char meant[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *found = character - 1 < 0x7f ? strchr(meant, (int)character) : NULL;

	if (found != NULL) {
		put(writer, "\\");
		buffer_append(&writer->text, &names[found - meant], 1);
	} else if (character < 0x10000) {
		put_unit(writer, character);
	} else {
		put_unit(writer, 0xd800 + ((character - 0x10000) >> 10));
		put_unit(writer, 0xdc00 + (character & 0x3ff));
	}
}

static bool is_plain(char c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static void put_string(struct writer *writer, const char *string, size_t n)
{
	const char *at = string, *end = string + n, *start;

	put(writer, "\"");
	while (at < end) {
		start = at;
		while (at < end && is_plain(*at))
			at++;
		buffer_append(&writer->text, start, (size_t)(at - start));
		if (at < end)
			put_escape(writer, take_character(&at));
	}
	put(writer, "\"");
}

/* ---- containers ---------------------------------------------------------------------- */

/* In UTF-8 the order of bytes is that of code points. */
static int compare_members(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static bool are_sorted(const struct member *members, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (compare_members(&members[i - 1], &members[i]) > 0)
			return false;
	return true;
}

/* Put the members of OBJECT, sorted, on top of the others. */
static void push_members(struct writer *writer, const json_t *object)
{
	json_t *from = (json_t *)object; /* it is only read */
	size_t n = json_object_size(object), bytes = n * sizeof(struct member);
	struct member *members;

	if (n == 0)
		return;
	members = (struct member *)(void *)buffer_reserve(&writer->members, bytes);
	if (members == NULL)
		return;
	n = 0;
	for (void *i = json_object_iter(from); i != NULL; i = json_object_iter_next(from, i))
		members[n++] = (struct member){json_object_iter_key(i), json_object_iter_value(i)};
	if (!are_sorted(members, n) && !PLANTED(KEYS_UNSORTED))
		qsort(members, n, sizeof(members[0]), compare_members);
	writer->members.n += bytes;
}

static void open_container(struct writer *writer, const json_t *container)
{
	struct level level = {.container = container};

	if (json_is_object(container)) {
		level.n = json_object_size(container);
		push_members(writer, container);
		put(writer, "{");
	} else {
		level.n = json_array_size(container);
		put(writer, "[");
	}
	buffer_append(&writer->levels, (const char *)&level, sizeof(level));
}

static void put_value(struct writer *writer, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		open_container(writer, value);
		break;
	case JSON_STRING:
		put_string(writer, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		put_integer(writer, json_integer_value(value));
		break;
	case JSON_REAL:
		put_real(writer, json_real_value(value));
		break;
	case JSON_TRUE:
		put(writer, "true");
		break;
	case JSON_FALSE:
		put(writer, "false");
		break;
	case JSON_NULL:
		put(writer, "null");
		break;
	}
}

static void close_container(struct writer *writer, const struct level *level)
{
	bool object = json_is_object(level->container);

	if (object)
		writer->members.n -= level->n * sizeof(struct member);
	put(writer, object ? "}" : "]");
	writer->levels.n -= sizeof(*level);
}

/* The next part of the innermost container, or its end. */
static void put_next(struct writer *writer)
{
	struct level *level = (struct level *)(void *)(writer->levels.bytes + writer->levels.n) - 1;
	const struct member *member;

	if (level->next == level->n) {
		close_container(writer, level);
		return;
	}
	if (level->next > 0)
		put(writer, ", ");
	if (json_is_array(level->container)) {
		put_value(writer, json_array_get(level->container, level->next++));
		return;
	}
	member = (struct member *)(void *)(writer->members.bytes + writer->members.n);
	member += level->next;
	member -= level->n;
	level->next++;
	put_string(writer, member->key, strlen(member->key));
	put(writer, ": ");
	put_value(writer, member->value);
}

int json_write(const json_t *value, struct json_text *ret_text)
{
	struct writer writer = {.text = {.n = 0}};
	int saved_errno = errno;
	int error = 0;

	put_value(&writer, value);
	while (!failed(&writer) && writer.levels.n > 0)
		put_next(&writer);
	buffer_append(&writer.text, "", 1);
	if (failed(&writer)) {
		error = -ENOMEM;
		buffer_fini(&writer.text);
	} else {
		*ret_text = (struct json_text){writer.text.bytes, writer.text.n - 1};
	}
	buffer_fini(&writer.levels);
	buffer_fini(&writer.members);
	errno = saved_errno;
	return error;
}

int json_canonical(const char *what, const char *json, size_t bytes, enum json_shape shape,
                   struct json_text *ret_text)
{
	struct json_text text;
	json_t *value;
	int error = json_read(what, json, bytes, shape, &value);

	if (error < 0)
		return error;
	error = json_write(value, &text);
	json_decref(value);
	if (error < 0)
		return trace_fail(error, "%s: out of memory", what);
	if (text.bytes > BOTHY_VALUE_MAX) {
		free(text.text);
		return trace_fail(-EMSGSIZE,
		                  "%s: its canonical text has %zu bytes, and at most %zu are "
		                  "allowed",
		                  what, text.bytes, BOTHY_VALUE_MAX);
	}
	*ret_text = text;
	return 0;
}
