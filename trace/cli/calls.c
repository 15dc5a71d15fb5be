#include "trace/cli/calls.h"

#include <string.h>

/* Of a call that only its end is known of, the start has its id and NULLs. */
static bool has_started(const struct bothy_call_record *call)
{
	return call->start.op != NULL;
}

const char *call_outcome(const struct bothy_call_record *call)
{
	if (!call->has_ended)
		return "open";
	return call->end.exception == NULL ? "ok" : "failed";
}

enum paint call_paint(const struct bothy_call_record *call)
{
	if (!call->has_ended)
		return PAINT_OPEN;
	return call->end.exception == NULL ? PAINT_GOOD : PAINT_BAD;
}

bool call_took(const struct bothy_call_record *call, int64_t *ret_ns)
{
	return has_started(call) && call->has_ended &&
	       !__builtin_sub_overflow(call->end.ended, call->start.started, ret_ns);
}

void call_start_text(const struct bothy_call_record *call, char ret_text[TIME_BYTES])
{
	*ret_text = '\0';
	if (has_started(call))
		time_short(call->start.started, ret_text);
}

void call_span_text(const struct bothy_call_record *call, char ret_text[TIME_BYTES])
{
	int64_t ns;

	*ret_text = '\0';
	if (call_took(call, &ns))
		time_span(ns, ret_text);
}

static void times(struct members *members, const struct bothy_call_record *call)
{
	int64_t ns;

	if (has_started(call))
		member_time(members, "started_at", call->start.started);
	else
		member_null(members, "started_at");
	if (call->has_ended)
		member_time(members, "ended_at", call->end.ended);
	else
		member_null(members, "ended_at");
	if (call_took(call, &ns))
		member_number(members, "duration_ns", ns);
	else
		member_null(members, "duration_ns");
}

void call_members(struct members *members, const struct source_project *project,
                  const struct bothy_call_record *call)
{
	member_string(members, "entity", project->entity);
	member_string(members, "project", project->project);
	member_string(members, "id", call->start.id);
	member_string(members, "trace_id", call->start.trace_id);
	member_string(members, "parent_id", call->start.parent_id);
	member_string(members, "op_name", call->start.op);
	member_string(members, "display_name", call->start.display_name);
	times(members, call);
	member_string(members, "outcome", call_outcome(call));
	member_string(members, "exception", call->has_ended ? call->end.exception : NULL);
}

static void value(struct members *members, const char *name, const char *text)
{
	member_value(members, name, text, text == NULL ? 0 : strlen(text));
}

void call_values(struct members *members, const struct bothy_call_record *call)
{
	value(members, "attributes", call->start.attributes_json);
	value(members, "inputs", call->start.inputs_json);
	value(members, "output", call->has_ended ? call->end.output_json : NULL);
	value(members, "summary", call->has_ended ? call->end.summary_json : NULL);
}
