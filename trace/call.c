#include "trace/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "refs/ref.h"
#include "sync/clock.h"
#include "tls/client.h"
#include "trace/error.h"
#include "trace/recorder.h"
#include "trace/utf8.h"
#include "trace/writer.h"

enum { OP_MAX = 1024, NAME_MAX_CHARACTERS = 1024 };

/* ---- blocks: a struct and all its texts in one piece ----------------------------------------- */

static size_t text_bytes(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

/* Make *TEXT a copy of itself at *AT, and move that on. */
static void move_in(const char **text, char **at)
{
	size_t bytes = text_bytes(*text);

	if (bytes == 0)
		return;
	*text = memcpy(*at, *text, bytes);
	*at += bytes;
}

/* A copy of FIELDS.  NULL without memory. */
static struct bothy_call_start *start_new(const struct bothy_call_start *fields)
{
	const char *const texts[] = {
		fields->id,           fields->trace_id,        fields->parent_id,  fields->op,
		fields->display_name, fields->attributes_json, fields->inputs_json};
	struct bothy_call_start *start;
	size_t bytes = 0;
	char *at;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		bytes += text_bytes(texts[i]);
	start = malloc(sizeof(*start) + bytes);
	if (start == NULL)
		return NULL;
	*start = *fields;
	at = (char *)(start + 1);
	move_in(&start->id, &at);
	move_in(&start->trace_id, &at);
	move_in(&start->parent_id, &at);
	move_in(&start->op, &at);
	move_in(&start->display_name, &at);
	move_in(&start->attributes_json, &at);
	move_in(&start->inputs_json, &at);
	return start;
}

/* A copy of FIELDS, with an exception that is UTF-8: it may be what anybody said.  NULL without
 * memory. */
static struct bothy_call_end *end_new(const struct bothy_call_end *fields)
{
	const char *exception = fields->exception;
	size_t exception_bytes = exception != NULL ? utf8_mend(exception, NULL, 0) + 1 : 0;
	size_t bytes = text_bytes(fields->id) + text_bytes(fields->output_json) +
	               text_bytes(fields->summary_json) + exception_bytes;
	struct bothy_call_end *end = malloc(sizeof(*end) + bytes);
	char *at;

	if (end == NULL)
		return NULL;
	*end = *fields;
	at = (char *)(end + 1);
	move_in(&end->id, &at);
	move_in(&end->output_json, &at);
	move_in(&end->summary_json, &at);
	if (exception != NULL) {
		(void)utf8_mend(exception, at, exception_bytes);
		end->exception = at;
	}
	return end;
}

/* ---- the stack --------------------------------------------------------------------------------- */

static bothy_call *call_new(struct recorder *recorder)
{
	struct calls *calls = &recorder->calls;
	bothy_call *call = calls->free;

	if (call != NULL)
		calls->free = call->outer;
	else
		call = recorder_alloc(recorder, sizeof(*call));
	if (call != NULL)
		*call = (bothy_call){.of_job = false};
	return call;
}

/* Give back a call that is not open. */
static void call_recycle(struct recorder *recorder, bothy_call *call)
{
	free(call->start);
	free(call->output);
	free(call->summary);
	call->outer = recorder->calls.free;
	recorder->calls.free = call;
}

/* Whose child a call that begins now is. */
static const char *parent_of_next(const struct calls *calls)
{
	if (calls->open != NULL)
		return calls->open->id;
	return calls->origin.parent_id[0] != '\0' ? calls->origin.parent_id : NULL;
}

static const char *trace_of_next(const struct calls *calls)
{
	if (calls->open != NULL)
		return calls->open->trace_id;
	return calls->origin.trace_id[0] != '\0' ? calls->origin.trace_id : NULL;
}

static int number(const struct calls *calls, bothy_call *call)
{
	const char *trace = trace_of_next(calls);
	int error = uuid_new(call->id);

	if (error < 0)
		return error;
	if (trace == NULL)
		return uuid_new(call->trace_id);
	memcpy(call->trace_id, trace, UUID_BYTES);
	return 0;
}

/* ---- the beginning ------------------------------------------------------------------------------- */

static int set_out(const struct calls *calls, bothy_call *call, const char *op,
                   const char *inputs_json)
{
	const char *attributes = calls->origin.attributes;
	const struct bothy_call_start fields = {
		.id = call->id,
		.trace_id = call->trace_id,
		.parent_id = parent_of_next(calls),
		.op = op,
		.started = clock_wall_now(),
		.attributes_json = attributes != NULL ? attributes : "{}",
		.inputs_json = inputs_json,
	};

	call->start = start_new(&fields);
	return call->start != NULL ? 0 : -ENOMEM;
}

/* INPUTS_JSON is canonical. */
static int begin(struct recorder *recorder, const char *op, const char *inputs_json,
                 bothy_call **ret_call)
{
	struct calls *calls = &recorder->calls;
	bothy_call *call = call_new(recorder);
	int error;

	if (call == NULL)
		return -ENOMEM;
	error = number(calls, call);
	if (error == 0)
		error = set_out(calls, call, op, inputs_json);
	if (error < 0) {
		call_recycle(recorder, call);
		return error;
	}
	call->outer = calls->open;
	calls->open = call;
	*ret_call = call;
	return 0;
}

static int canonical(const char *what, const char *json, enum json_shape shape, char **ret_text)
{
	struct json_text text;
	int error = json_canonical(what, json, strlen(json), shape, &text);

	if (error == 0)
		*ret_text = text.text;
	return error;
}

int call_begin(struct recorder *recorder, const char *op, const char *inputs_json,
               bothy_call **ret_call)
{
	char *inputs = NULL;
	size_t bytes = strlen(op);
	int error;

	if (bytes == 0 || bytes > OP_MAX)
		return trace_fail(-EINVAL, "a call's op has 1 to %d bytes, not %zu", OP_MAX, bytes);
	if (!utf8_is_right(op))
		return trace_fail(-EINVAL, "a call's op is not UTF-8");
	if (inputs_json == NULL)
		return begin(recorder, op, "{}", ret_call);
	error = canonical("inputs", inputs_json, JSON_SHAPE_OBJECT, &inputs);
	if (error < 0)
		return error;
	error = begin(recorder, op, inputs, ret_call);
	free(inputs);
	return error;
}

int call_begin_job(struct recorder *recorder, const char *name)
{
	char op[OP_MAX + 1];
	bothy_call *call;
	int error;

	(void)utf8_mend(name != NULL && name[0] != '\0' ? name : "job", op, sizeof(op));
	error = begin(recorder, op, "{}", &call);
	if (error == 0)
		call->of_job = true;
	return error;
}

/* ---- the end ------------------------------------------------------------------------------------------ */

/* The item of the innermost call, which ends now; 0 or -ENOMEM. */
static int close_innermost(const bothy_call *call, const char *output_json, const char *exception,
                           struct item **ret_item)
{
	const struct bothy_call_end fields = {
		.id = call->id,
		.ended = clock_wall_now(),
		.output_json = output_json != NULL ? output_json : call->output,
		.exception = exception,
		.summary_json = call->summary,
	};
	struct bothy_call_end *end = end_new(&fields);
	int error;

	if (end == NULL)
		return -ENOMEM;
	error = item_call(call->sent ? NULL : call->start, end, ret_item);
	if (error < 0)
		free(end);
	return error;
}

/* End the innermost call.  On -ENOMEM it is open still. */
static int end_innermost(struct recorder *recorder, const char *output_json, const char *exception)
{
	bothy_call *call = recorder->calls.open;
	struct item *item;
	int error = recorder_ready(recorder);

	if (error == 0)
		error = close_innermost(call, output_json, exception, &item);
	if (error < 0)
		return error;
	if (!call->sent)
		call->start = NULL; /* the item's */
	recorder->calls.open = call->outer;
	call_recycle(recorder, call);
	recorder_add(recorder, item);
	return 0;
}

static int end_down_to(struct recorder *recorder, bothy_call *call, const char *output_json,
                       const char *exception)
{
	bool left_open = false;
	int error = 0;

	while (error == 0 && recorder->calls.open != call) {
		error = end_innermost(recorder, NULL, "left open when the call around it ended");
		left_open = true;
	}
	if (error == 0)
		error = end_innermost(recorder, output_json, exception);
	return error == 0 && left_open ? trace_fail(-EBUSY, "calls inside it were still open")
	                               : error;
}

int call_end(struct recorder *recorder, bothy_call *call, const char *output_json,
             const char *exception)
{
	char *output = NULL;
	int error = 0;

	if (!call_is_open(recorder, call))
		return trace_fail(-EINVAL, "the call is not open in this context");
	if (call->of_job)
		return trace_fail(-EPERM, "the job's own call ends with the job");
	if (output_json != NULL)
		error = canonical("output", output_json, JSON_SHAPE_ANY, &output);
	if (error == 0)
		error = end_down_to(recorder, call, output, exception);
	free(output);
	return error;
}

/* Without memory to say how it ended, the innermost call is lost. */
static void lose_innermost(struct recorder *recorder, int error)
{
	bothy_call *call = recorder->calls.open;
	const struct bothy_failure failure = {
		.entity = recorder->client->entity,
		.project = recorder->client->project,
		.kind = "call",
		.id = call->id,
		.error = error,
	};

	writer_lose(recorder->server->writer, &failure);
	recorder->calls.open = call->outer;
	call_recycle(recorder, call);
}

int call_end_all(struct recorder *recorder, const char *exception)
{
	int first_error = 0;

	while (recorder->calls.open != NULL) {
		bool of_job = recorder->calls.open->of_job;
		int error = end_innermost(recorder, NULL,
		                          of_job ? exception : "left open when its context ended");

		if (error < 0) {
			lose_innermost(recorder, error);
			first_error = first_error < 0 ? first_error : error;
		}
	}
	return first_error;
}

/* ---- open calls -------------------------------------------------------------------------------------- */

static int send_start(struct recorder *recorder, bothy_call *call)
{
	struct bothy_call_start *start = start_new(call->start);
	struct item *item;
	int error = start != NULL ? item_call(start, NULL, &item) : -ENOMEM;

	if (error < 0) {
		free(start);
		return error;
	}
	batch_add(recorder->batch, item);
	call->sent = true;
	return 0;
}

int call_send_open(struct recorder *recorder)
{
	int error = 0;

	for (bothy_call *call = recorder->calls.open; call != NULL && error == 0;
	     call = call->outer)
		if (!call->sent) {
			error = recorder_ready(recorder);
			if (error == 0)
				error = send_start(recorder, call);
		}
	return error;
}

bothy_call *call_current(const struct recorder *recorder)
{
	return recorder->calls.open;
}

bool call_is_open(const struct recorder *recorder, const bothy_call *call)
{
	const bothy_call *open = recorder->calls.open;

	while (open != NULL && open != call)
		open = open->outer;
	return open != NULL;
}

static int check_open(const struct recorder *recorder, const bothy_call *call)
{
	return call_is_open(recorder, call)
	               ? 0
	               : trace_fail(-EINVAL, "the call is not open in this context");
}

/* Give CALL a start with these fields; what was sent of it is out of date then. */
static int replace_start(bothy_call *call, const struct bothy_call_start *fields)
{
	struct bothy_call_start *start = start_new(fields);

	if (start == NULL)
		return -ENOMEM;
	free(call->start);
	call->start = start;
	call->sent = false;
	return 0;
}

/* Characters, not bytes: those of UTF-8 that do not go on with one. */
static size_t characters(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

int call_set_name(struct recorder *recorder, bothy_call *call, const char *display_name)
{
	struct bothy_call_start fields;
	int error = check_open(recorder, call);

	if (error < 0)
		return error;
	if (display_name != NULL && characters(display_name) > NAME_MAX_CHARACTERS)
		return trace_fail(-EINVAL, "a display name has at most %d characters, not %zu",
		                  NAME_MAX_CHARACTERS, characters(display_name));
	if (display_name != NULL && !utf8_is_right(display_name))
		return trace_fail(-EINVAL, "the display name is not UTF-8");
	fields = *call->start;
	fields.display_name = display_name;
	return replace_start(call, &fields);
}

int call_set_inputs(struct recorder *recorder, bothy_call *call, const char *json)
{
	struct bothy_call_start fields;
	char *inputs = NULL;
	int error = check_open(recorder, call);

	if (error == 0 && json != NULL)
		error = canonical("inputs", json, JSON_SHAPE_OBJECT, &inputs);
	if (error < 0)
		return error;
	fields = *call->start;
	fields.inputs_json = inputs != NULL ? inputs : "{}";
	error = replace_start(call, &fields);
	free(inputs);
	return error;
}

/* Put the canonical text of JSON (NULL: none) in place of the malloc'd *TEXT. */
static int replace_text(const char *what, const char *json, enum json_shape shape, char **text)
{
	char *fresh = NULL;
	int error = json != NULL ? canonical(what, json, shape, &fresh) : 0;

	if (error < 0)
		return error;
	free(*text);
	*text = fresh;
	return 0;
}

int call_set_output(struct recorder *recorder, bothy_call *call, const char *json)
{
	int error = check_open(recorder, call);

	return error < 0 ? error : replace_text("output", json, JSON_SHAPE_ANY, &call->output);
}

int call_set_summary(struct recorder *recorder, bothy_call *call, const char *json)
{
	int error = check_open(recorder, call);

	return error < 0 ? error : replace_text("summary", json, JSON_SHAPE_OBJECT, &call->summary);
}

int call_set_attributes(struct recorder *recorder, const char *json)
{
	return replace_text("attributes", json, JSON_SHAPE_OBJECT,
	                    &recorder->calls.origin.attributes);
}

int call_ref(const struct recorder *recorder, const bothy_call *call, bothy_ref **ret_ref)
{
	const struct ref_parts parts = {
		.kind = BOTHY_REF_CALL,
		.entity = recorder->client->entity,
		.project = recorder->client->project,
		.digest = call->id,
	};
	int error = check_open(recorder, call);

	return error < 0 ? error : ref_new(&parts, ret_ref);
}

/* ---- descendants ---------------------------------------------------------------------------------------- */

int call_origin_copy(const struct call_origin *origin, struct call_origin *ret_origin)
{
	char *attributes = NULL;

	if (origin->attributes != NULL) {
		attributes = strdup(origin->attributes);
		if (attributes == NULL)
			return -ENOMEM;
	}
	*ret_origin = *origin;
	ret_origin->attributes = attributes;
	return 0;
}

int call_origin_take(const struct recorder *recorder, struct call_origin *ret_origin)
{
	const struct calls *calls = &recorder->calls;
	int error = call_origin_copy(&calls->origin, ret_origin);

	if (error == 0 && calls->open != NULL) {
		memcpy(ret_origin->trace_id, calls->open->trace_id, UUID_BYTES);
		memcpy(ret_origin->parent_id, calls->open->id, UUID_BYTES);
	}
	return error;
}

void call_origin_fini(struct call_origin *origin)
{
	free(origin->attributes);
}
