/*
 * Whatever the bytes: they are refused as jansson refuses them, or what was read is written
 * canonically, and means the same when it is read again.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trace/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check(bool condition)
{
	if (!condition)
		abort();
}

/* jansson skips a NUL byte after a number at the top: the one difference that is meant. */
static bool is_left_out(const uint8_t *data, size_t bytes)
{
	return memchr(data, '\0', bytes) != NULL;
}

static json_t *read_by_jansson(const uint8_t *data, size_t bytes)
{
	return json_loadb((const char *)data, bytes,
	                  JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
}

static void check_canonical(const char *json, size_t bytes, const json_t *value)
{
	struct json_text text, again;
	json_t *same;

	check(json_canonical("value", json, bytes, JSON_SHAPE_ANY, &text) == 0);
	check(strlen(text.text) == text.bytes);
	check(json_canonical("value", text.text, text.bytes, JSON_SHAPE_ANY, &again) == 0);
	check(strcmp(text.text, again.text) == 0);
	same = read_by_jansson((const uint8_t *)text.text, text.bytes);
	check(same != NULL && json_equal(same, value));
	json_decref(same);
	free(again.text);
	free(text.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	json_t *theirs, *ours = NULL;

	if (is_left_out(data, bytes))
		return 0;
	theirs = read_by_jansson(data, bytes);
	check((json_read("value", (const char *)data, bytes, JSON_SHAPE_ANY, &ours) == 0) ==
	      (theirs != NULL));
	if (ours != NULL) {
		check(json_equal(ours, theirs));
		check_canonical((const char *)data, bytes, ours);
	}
	json_decref(ours);
	json_decref(theirs);
	return 0;
}
