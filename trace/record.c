#include "trace/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "trace/libraries.h"
#include "trace/utf8.h"

/* An object that grows, until something is wrong. */
struct growing {
	json_t *object;
	int error;
};

static void fail(struct growing *to, int error)
{
	if (to->error == 0)
		to->error = error;
}

/* Add VALUE, whose reference is taken; NULL: there was no memory for it. */
static void add(struct growing *to, const char *key, json_t *value)
{
	if (json_object_set_new(to->object, key, value) < 0)
		fail(to, -ENOMEM);
}

static void add_text(struct growing *to, const char *key, const char *text)
{
	if (text != NULL && !utf8_is_right(text))
		fail(to, -EINVAL);
	else
		add(to, key, text != NULL ? json_string_nocheck(text) : json_null());
}

static void add_json(struct growing *to, const char *key, const char *json)
{
	json_t *value = json_null();
	int error = 0;

	if (json != NULL)
		error = json_read(key, json, strlen(json), JSON_SHAPE_ANY, &value);
	if (error == 0)
		add(to, key, value);
	else
		fail(to, error);
}

/* A time as RFC 3339 has it, in UTC, to the nanosecond. */
static void add_time(struct growing *to, const char *key, bool is_known, bothy_wall wall)
{
	const bothy_wall second = 1000000000;
	bothy_wall below = (wall % second + second) % second;
	bothy_wall whole = wall / second - (wall % second < 0);
	time_t seconds = (time_t)whole; /* of 32 bits, perhaps */
	char day[64], text[96];
	struct tm tm;

	if (!is_known || seconds != whole || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		add(to, key, json_null());
		return;
	}
	snprintf(text, sizeof(text), "%s.%09" PRId64 "Z", day, below);
	add_text(to, key, text);
}

static void add_start(struct growing *to, const struct bothy_call_start *start)
{
	/* Of a call that only the end is known of, there is no op. */
	bool is_known = start->op != NULL;

	add_text(to, "id", start->id);
	add_text(to, "trace_id", start->trace_id);
	add_text(to, "parent_id", start->parent_id);
	add_text(to, "op_name", start->op);
	add_text(to, "display_name", start->display_name);
	add_time(to, "started_at", is_known, start->started);
	add_json(to, "attributes", start->attributes_json);
	add_json(to, "inputs", start->inputs_json);
}

static void add_end(struct growing *to, bool has_ended, const struct bothy_call_end *end)
{
	add_time(to, "ended_at", has_ended, end->ended);
	add_json(to, "output", has_ended ? end->output_json : NULL);
	add_text(to, "exception", has_ended ? end->exception : NULL);
	add_json(to, "summary", has_ended ? end->summary_json : NULL);
}

int record_value(const struct bothy_call_record *call, json_t **ret_value)
{
	struct growing value = {NULL, 0};
	int error = libraries_begin(NULL);

	if (error < 0)
		return error;
	value.object = json_object();
	if (value.object == NULL)
		return -ENOMEM;
	add_start(&value, &call->start);
	add_end(&value, call->has_ended, &call->end);
	if (value.error < 0) {
		json_decref(value.object);
		return value.error;
	}
	*ret_value = value.object;
	return 0;
}
