/*
 * ls: the calls.
 */
#include <stdlib.h>

#include "trace/cli/calls.h"
#include "trace/cli/listing.h"

static int print_line(const struct listing *list, const struct bothy_call_record *call)
{
	struct members members;

	members_begin(&members, stdout, call->start.id);
	call_members(&members, list->project, call);
	members_end(&members);
	return screen_end_line();
}

static int print_row(const struct listing *list, const struct bothy_call_record *call)
{
	char start[TIME_BYTES], span[TIME_BYTES], *project = source_name(list->project);
	int stop;

	call_start_text(call, start);
	call_span_text(call, span);
	stop = grid_add(list->grid, (const struct grid_cell[]){
					    {project, PAINT_PLAIN},
					    {call->start.id, PAINT_PLAIN},
					    {call->start.op, PAINT_PLAIN},
					    {start, PAINT_PLAIN},
					    {span, PAINT_PLAIN},
					    {call_outcome(call), call_paint(call)},
					    {call->start.display_name, PAINT_PLAIN},
				    });
	free(project);
	return stop;
}

static int each_call(void *user, const struct bothy_call_record *call)
{
	struct listing *list = user;

	if (!listing_takes(list))
		return 0;
	return listing_went_on(list,
	                       list->grid == NULL ? print_line(list, call) : print_row(list, call));
}

static int ask(struct listing *list, size_t limit, size_t offset)
{
	const struct options *options = list->session->options;
	const struct bothy_calls_query query = {
		.size = sizeof(query),
		.op = options->op,
		.trace_id = options->trace,
		.parent_id = options->parent,
		.roots_only = options->roots,
		.newest_first = options->newest,
		.limit = limit,
		.offset = offset,
	};

	return bothy_calls_query(list->project->client, &query, each_call, list);
}

void ls_run(struct session *session)
{
	static const struct listing_kind calls = {"calls", ask};
	const struct grid_column columns[] = {
		{"PROJECT", 8, false, false, session->options->project != NULL},
		{"ID", 0, false, false, false},
		{"OP", 8, false, false, false},
		{"START", 0, false, true, false},
		{"DURATION", 0, true, false, false},
		{"OUTCOME", 0, false, false, false},
		{"NAME", 8, false, false, false},
	};

	listing_run(session, &calls, columns, sizeof(columns) / sizeof(*columns));
}
