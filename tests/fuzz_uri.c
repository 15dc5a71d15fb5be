/*
 * Whatever the bytes: a URI is refused with -EINVAL, or what was parsed is formatted
 * canonically, and means the same when it is read again.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bothy/ref.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static char *format(const bothy_ref *ref)
{
	int length = bothy_ref_format(ref, NULL, 0);
	char *text;

	check(length > 0);
	text = malloc((size_t)length + 1);
	check(text != NULL);
	check(bothy_ref_format(ref, text, (size_t)length + 1) == length);
	check(strlen(text) == (size_t)length);
	return text;
}

static void check_parts(const bothy_ref *ref)
{
	check(bothy_ref_entity(ref)[0] != '\0' && strpbrk(bothy_ref_entity(ref), "/:") == NULL);
	check(bothy_ref_project(ref)[0] != '\0' && strpbrk(bothy_ref_project(ref), "/:") == NULL);
	check(bothy_ref_digest(ref)[0] != '\0');
	check((bothy_ref_name(ref) != NULL) ==
	      (bothy_ref_kind(ref) == BOTHY_REF_OBJECT || bothy_ref_kind(ref) == BOTHY_REF_OP));
}

static bool is_index(const char *value)
{
	return strspn(value, "0123456789") == strlen(value) &&
	       (value[0] != '0' || value[1] == '\0');
}

/* One step below REF, VALUE is read back as it was given. */
static void check_extend(const bothy_ref *ref, enum bothy_ref_edge edge, const char *value)
{
	bothy_ref *below, *again;
	int error = bothy_ref_extend(ref, edge, value, &below);
	char *text;

	check(error == 0 || error == -EINVAL);
	check((error == 0) == (bothy_ref_kind(ref) != BOTHY_REF_TABLE && value[0] != '\0' &&
	                       (edge != BOTHY_REF_INDEX || is_index(value))));
	if (error < 0)
		return;
	text = format(below);
	check(bothy_ref_parse(text, &again) == 0);
	check(bothy_ref_equal(below, again));
	free(text);
	bothy_ref_release(below);
	bothy_ref_release(again);
}

/* Cut at an arbitrary place, it is the beginning of WHOLE, and as much as there is room for. */
static void check_cut(const bothy_ref *ref, const char *whole, size_t seed)
{
	size_t length = strlen(whole), room = 1 + seed % length;
	char *text = malloc(room);

	check(text != NULL);
	check(bothy_ref_format(ref, text, room) == (int)length);
	check(strlen(text) == room - 1 && strncmp(text, whole, room - 1) == 0);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *uri = malloc(bytes + 1);
	bothy_ref *ref, *again;
	char *first, *second;
	int error;

	check(uri != NULL);
	if (bytes > 0)
		memcpy(uri, data, bytes);
	uri[bytes] = '\0';
	error = bothy_ref_parse(uri, &ref);
	check(error == 0 || error == -EINVAL);
	if (error == 0) {
		check_parts(ref);
		first = format(ref);
		check(strlen(first) <= strlen(uri));
		check(bothy_ref_parse(first, &again) == 0);
		check(bothy_ref_equal(ref, again));
		second = format(again);
		check(strcmp(first, second) == 0);
		check_cut(ref, first, bytes);
		for (int edge = BOTHY_REF_KEY; edge <= BOTHY_REF_ID; edge++) {
			check_extend(ref, (enum bothy_ref_edge)edge, uri);
			check_extend(ref, (enum bothy_ref_edge)edge, bothy_ref_digest(ref));
		}
		free(first);
		free(second);
		bothy_ref_release(ref);
		bothy_ref_release(again);
	}
	free(uri);
	return 0;
}
