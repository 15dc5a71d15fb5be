/*
 * ls: the calls.
 */
#include <stdlib.h>

#include "trace/cli/calls.h"
#include "trace/cli/commands.h"
#include "trace/cli/grid.h"
#include "trace/cli/paging.h"
#include "trace/cli/say.h"

struct list {
	struct session *session;
	const struct source_project *project;
	struct grid *grid; /* NULL with --json */
	struct paging paging;
	size_t found;
	bool stopped; /* output has failed */
};

static int print_line(const struct list *list, const struct bothy_call_record *call)
{
	struct members members;

	members_begin(&members, stdout, call->start.id);
	call_members(&members, list->project, call);
	members_end(&members);
	return screen_end_line();
}

static int print_row(const struct list *list, const struct bothy_call_record *call)
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
	struct list *list = user;

	if (paging_skips(&list->paging))
		return 0;
	list->found++;
	list->stopped = (list->grid == NULL ? print_line(list, call) : print_row(list, call)) != 0;
	return list->stopped ? SCREEN_STOP : paging_count(&list->paging);
}

static void list_project(struct list *list)
{
	const struct options *options = list->session->options;
	struct bothy_calls_query query = {
		.size = sizeof(query),
		.op = options->op,
		.trace_id = options->trace,
		.parent_id = options->parent,
		.roots_only = options->roots,
		.newest_first = options->newest,
	};
	int error;

	paging_ask(&list->paging, list->session->source.n == 1, &query.limit, &query.offset);
	error = bothy_calls_query(list->project->client, &query, each_call, list);
	if (error < 0)
		say_error(error);
}

void ls_run(struct session *session)
{
	const struct grid_column columns[] = {
		{"PROJECT", 8, false, false, session->options->project != NULL},
		{"ID", 0, false, false, false},
		{"OP", 8, false, false, false},
		{"START", 0, false, true, false},
		{"DURATION", 0, true, false, false},
		{"OUTCOME", 0, false, false, false},
		{"NAME", 8, false, false, false},
	};
	struct list list = {.session = session};

	paging_init(&list.paging, session->options);
	if (!session->options->json)
		list.grid = grid_new(&session->screen, columns, sizeof(columns) / sizeof(*columns));
	for (size_t i = 0; i < session->source.n && !paging_is_over(&list.paging); i++) {
		list.project = &session->source.projects[i];
		if (!list.stopped)
			list_project(&list);
	}
	if (list.grid != NULL)
		grid_end(list.grid);
	if (list.found == 0 && !said())
		say("%s: no such calls", session->options->file);
}
