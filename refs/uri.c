/*
 * weave:///ENTITY/PROJECT/KIND/..., percent-encoded as RFC 3986 (2.1, 2.3) says.
 *
 * A URI is parsed into a copy of itself: its slashes and the colon end the parts, which
 * are decoded where they stand, since decoding never makes a part longer.  The extra is
 * encoded again, canonically.
 */
#include "refs/uri.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char scheme[] = "weave:///";
static const char *const kinds[] = {"object", "op", "table", "call"};
static const char *const edges[] = {"key", "index", "attr", "id"};

enum { KINDS = 4, EDGES = 4 };

/* ---- percent-encoding -------------------------------------------------------------------- */

static bool is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-' || c == '~';
}

/* -1 for what is no hex digit. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that the three characters at TEXT stand for; -1 for none, or a NUL. */
static int decode_triplet(const char *text)
{
	int high = hex_value(text[1]);
	int low = high < 0 ? -1 : hex_value(text[2]);

	return low < 0 || high * 16 + low == 0 ? -1 : high * 16 + low;
}

/* Decode TEXT where it stands; false if it is empty or has what should be encoded. */
static bool decode(char *text)
{
	char *to = text;
	const char *from = text;

	while (*from != '\0') {
		if (is_unreserved((unsigned char)*from)) {
			*to++ = *from++;
		} else {
			int byte = *from == '%' ? decode_triplet(from) : -1;

			if (byte < 0)
				return false;
			*to++ = (char)byte;
			from += 3;
		}
	}
	*to = '\0';
	return to != text;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Where text goes: as much of it as there is room for, and how long it would all be. */
struct writer {
	char *buffer;
	size_t bytes, length;
};

static void write_char(struct writer *writer, char c)
{
	if (writer->length + 1 < writer->bytes)
		writer->buffer[writer->length] = c;
	writer->length++;
}

static void write_plain(struct writer *writer, const char *text)
{
	for (; *text != '\0'; text++)
		write_char(writer, *text);
}

static void write_encoded(struct writer *writer, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_unreserved(c)) {
			write_char(writer, *text);
			continue;
		}
		write_char(writer, '%');
		write_char(writer, digits[c >> 4]);
		write_char(writer, digits[c & 15]);
	}
}

static void write_end(struct writer *writer)
{
	if (writer->bytes > 0)
		writer->buffer[writer->length < writer->bytes ? writer->length
		                                              : writer->bytes - 1] = '\0';
}

int uri_format(const bothy_ref *ref, char *buffer, size_t bytes)
{
	struct writer writer = {buffer, bytes, 0};

	write_plain(&writer, scheme);
	write_encoded(&writer, ref->entity);
	write_char(&writer, '/');
	write_encoded(&writer, ref->project);
	write_char(&writer, '/');
	write_plain(&writer, kinds[ref->kind]);
	write_char(&writer, '/');
	if (ref->name != NULL) {
		write_encoded(&writer, ref->name);
		write_char(&writer, ':');
	}
	write_encoded(&writer, ref->digest);
	if (ref->extra != NULL) {
		write_char(&writer, '/');
		write_plain(&writer, ref->extra);
	}
	write_end(&writer);
	return (int)writer.length;
}

/* ---- the extra --------------------------------------------------------------------------------- */

/* Which of NAMES is TEXT; -1 for none. */
static int find_name(const char *const *names, int n, const char *text)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -1;
}

/* In decimal, without leading zeros. */
static bool is_index(const char *value)
{
	return value[0] != '\0' && value[strspn(value, "0123456789")] == '\0' &&
	       (value[0] != '0' || value[1] == '\0');
}

static bool is_step(int edge, const char *value)
{
	return edge >= 0 && edge < EDGES && ref_is_part(value) &&
	       (edge != BOTHY_REF_INDEX || is_index(value));
}

static void write_step(struct writer *writer, int edge, const char *value)
{
	if (writer->length > 0)
		write_char(writer, '/');
	write_plain(writer, edges[edge]);
	write_char(writer, '/');
	write_encoded(writer, value);
}

int uri_extend(const char *extra, enum bothy_ref_edge edge, const char *value, char **ret_extra)
{
	struct writer writer = {NULL, 0, 0};

	if (!is_step((int)edge, value))
		return -EINVAL;
	/* Once to measure, once to write: 3 bytes a character, the edge and two slashes. */
	writer.bytes = (extra != NULL ? strlen(extra) : 0) + 3 * strlen(value) + sizeof("/index/");
	writer.buffer = malloc(writer.bytes);
	if (writer.buffer == NULL)
		return -ENOMEM;
	if (extra != NULL)
		write_plain(&writer, extra);
	write_step(&writer, (int)edge, value);
	write_end(&writer);
	*ret_extra = writer.buffer;
	return 0;
}

/* ---- parsing -------------------------------------------------------------------------------------- */

/* Cut the part up to the next C, or to the end if C is not there, off *AT.  *AT is NULL after
 * the last one. */
static char *cut(char **at, char c)
{
	char *part = *at;
	char *end = strchr(part, c);

	*at = NULL;
	if (end != NULL) {
		*end = '\0';
		*at = end + 1;
	}
	return part;
}

bool uri_cut_step(char **at, enum bothy_ref_edge *ret_edge, const char **ret_value)
{
	int edge = find_name(edges, EDGES, cut(at, '/'));
	char *value;

	if (*at == NULL)
		return false;
	value = cut(at, '/');
	if (!decode(value) || !is_step(edge, value))
		return false;
	*ret_edge = (enum bothy_ref_edge)edge;
	*ret_value = value;
	return true;
}

/* Read (edge/VALUE)+ from AT to WRITER. */
static bool parse_extra(char *at, struct writer *writer)
{
	while (at != NULL) {
		enum bothy_ref_edge edge;
		const char *value;

		if (!uri_cut_step(&at, &edge, &value))
			return false;
		write_step(writer, (int)edge, value);
	}
	write_end(writer);
	return true;
}

/* Read NAME:DIGEST, or what the kind has in its place, from *AT. */
static bool parse_identity(char **at, struct ref_parts *parts)
{
	char *part = cut(at, '/');

	if (parts->kind == BOTHY_REF_OBJECT || parts->kind == BOTHY_REF_OP) {
		char *digest = part;
		char *name = cut(&digest, ':');

		if (digest == NULL || !decode(name))
			return false;
		parts->name = name;
		parts->digest = digest; /* never encoded: ref_new() looks at it */
		return true;
	}
	if (parts->kind == BOTHY_REF_CALL && !decode(part))
		return false;
	parts->digest = part;
	return true;
}

/* Read what follows the scheme, where it stands; the extra goes to WRITER. */
static bool parse(char *at, struct ref_parts *parts, struct writer *writer)
{
	char *entity = cut(&at, '/');
	char *project = at != NULL ? cut(&at, '/') : NULL;
	int kind = at != NULL ? find_name(kinds, KINDS, cut(&at, '/')) : -1;

	if (at == NULL || kind < 0 || !decode(entity) || !decode(project))
		return false;
	parts->entity = entity;
	parts->project = project;
	parts->kind = (enum bothy_ref_kind)kind;
	if (!parse_identity(&at, parts))
		return false;
	if (at == NULL)
		return true;
	parts->extra = writer->buffer;
	return parse_extra(at, writer);
}

int uri_parse(const char *uri, bothy_ref **ret_ref)
{
	struct ref_parts parts = {0};
	struct writer extra = {NULL, 0, 0};
	size_t bytes;
	char *copy;
	int error = -EINVAL;

	if (strncmp(uri, scheme, sizeof(scheme) - 1) != 0)
		return -EINVAL;
	uri += sizeof(scheme) - 1;
	bytes = strlen(uri) + 1;
	copy = malloc(2 * bytes); /* canonical text is never longer than what was read */
	if (copy == NULL)
		return -ENOMEM;
	memcpy(copy, uri, bytes);
	extra.buffer = copy + bytes;
	extra.bytes = bytes;
	if (parse(copy, &parts, &extra))
		error = ref_new(&parts, ret_ref);
	free(copy);
	return error;
}
