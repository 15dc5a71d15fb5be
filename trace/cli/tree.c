/*
 * tree: the calls of a trace, each below the one that called it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/cli/calls.h"
#include "trace/cli/commands.h"
#include "trace/cli/forest.h"
#include "trace/cli/grid.h"
#include "trace/cli/say.h"
#include "trace/cli/target.h"
#include "trace/cli/text.h"

enum {
	WHY_MAX = 100,  /* columns of an exception's first line */
	DRAWN_MAX = 24, /* levels that are drawn; of deeper ones the number is told */
};

struct planting {
	const struct source_project *project;
	bool json;
	struct forest forest;
};

/* ---- a call becomes a node ---------------------------------------------------------------- */

/* The call as JSON, still open at its end: its depth is not known yet. */
static char *line_of(const struct source_project *project, const struct bothy_call_record *call)
{
	struct members members;
	char *line = NULL;
	size_t bytes = 0;
	FILE *stream = open_memstream(&line, &bytes);

	if (stream == NULL)
		say_no_memory();
	members_begin(&members, stream, call->start.id);
	call_members(&members, project, call);
	if (fclose(stream) != 0)
		say_no_memory();
	return line;
}

/* The call in words: op, its name, and why it failed. */
static char *words_of(const struct bothy_call_record *call)
{
	const char *op = call->start.op == NULL ? "?" : call->start.op;
	const char *name = call->start.display_name;
	bool failed = call->has_ended && call->end.exception != NULL;
	char *why = failed ? text_first_line(call->end.exception, WHY_MAX) : text_copy("");
	char *words =
		text_format("%s%s%s%s%s%s", op, name == NULL ? "" : " \"", name == NULL ? "" : name,
	                    name == NULL ? "" : "\"", failed ? ": " : "", why);

	free(why);
	return words;
}

static int each_call(void *user, const struct bothy_call_record *call)
{
	struct planting *planting = user;
	struct forest_node *node =
		forest_add(&planting->forest, call->start.id, call->start.parent_id);

	call_span_text(call, node->span);
	node->outcome = call_outcome(call);
	node->paint = call_paint(call);
	node->text = planting->json ? line_of(planting->project, call) : words_of(call);
	return 0;
}

/* ---- printing ------------------------------------------------------------------------------- */

/* What is drawn before a node. */
static char *branches(const struct forest *forest, const struct forest_node *node, size_t depth)
{
	char *drawn;

	if (depth > DRAWN_MAX)
		return text_format("%zu levels deep: ", depth);
	drawn = text_copy("");
	for (size_t level = depth; level > 0; level--) {
		bool more = node->next != FOREST_NONE, own = level == depth;
		const char *piece = own ? (more ? "├─ " : "└─ ") : (more ? "│  " : "   ");
		char *longer = text_format("%s%s", piece, drawn);

		free(drawn);
		drawn = longer;
		node = &forest->nodes[node->parent];
	}
	return drawn;
}

/* Where a trace's part in one project goes. */
struct page {
	const struct forest *forest;
	struct grid *grid;   /* NULL with --json */
	const char *project; /* ENTITY/PROJECT */
};

static int print_row(const struct page *page, const struct forest_node *node, size_t depth)
{
	char *drawn = branches(page->forest, node, depth);
	char *text = text_format("%s%s", drawn, node->text);
	int stop = grid_add(page->grid, (const struct grid_cell[]){
						{page->project, PAINT_PLAIN},
						{node->id, PAINT_PLAIN},
						{node->span, PAINT_PLAIN},
						{node->outcome, node->paint},
						{text, PAINT_PLAIN},
					});

	free(text);
	free(drawn);
	return stop;
}

static int print_line(const struct forest_node *node, size_t depth)
{
	(void)printf("%s, \"depth\": %zu}", node->text, depth);
	return screen_end_line();
}

static void print_nodes(const struct page *page)
{
	size_t depth = 0, i = page->forest->root;
	int stop = 0;

	for (; i != FOREST_NONE && stop == 0; i = forest_next(page->forest, i, &depth)) {
		const struct forest_node *node = &page->forest->nodes[i];

		stop = page->grid == NULL ? print_line(node, depth) : print_row(page, node, depth);
	}
}

static void print_forest(const struct session *session, const struct source_project *project,
                         const struct forest *forest)
{
	const struct grid_column columns[] = {
		{"PROJECT", 0, false, true, session->options->project != NULL},
		{"ID", 0, false, true, false},
		{"DURATION", 0, true, false, false},
		{"OUTCOME", 0, false, false, false},
		{"CALL", 40, false, false, false},
	};
	char *name = source_name(project);
	struct page page = {forest, NULL, name};

	if (!session->options->json)
		page.grid = grid_new(&session->screen, columns, sizeof(columns) / sizeof(*columns));
	print_nodes(&page);
	if (page.grid != NULL)
		grid_end(page.grid);
	free(name);
}

/* ---- the command ------------------------------------------------------------------------------ */

static int keep_trace(void *user, const struct bothy_call_record *call)
{
	char **ret_trace = user;

	if (call->start.trace_id != NULL)
		*ret_trace = text_copy(call->start.trace_id);
	return 0;
}

/* Print that project's part of the trace.  0, or a negative errno; -ENOENT: there is none. */
static int print_trace(const struct session *session, const struct source_project *project,
                       const char *trace)
{
	const struct bothy_calls_query query = {.size = sizeof(query), .trace_id = trace};
	struct planting planting = {.project = project, .json = session->options->json};
	int error = bothy_calls_query(project->client, &query, each_call, &planting);

	if (error == 0 && planting.forest.n == 0)
		error = -ENOENT;
	if (error == 0) {
		forest_grow(&planting.forest);
		print_forest(session, project, &planting.forest);
	}
	forest_fini(&planting.forest);
	return error;
}

/* The same, where ID may be that of a call in the trace. */
static int print_trace_of(const struct session *session, const struct source_project *project,
                          const char *id)
{
	int error = print_trace(session, project, id);
	char *trace = NULL;

	if (error != -ENOENT)
		return error;
	error = bothy_call_read(project->client, id, keep_trace, &trace);
	if (error == 0)
		error = trace == NULL ? -ENOENT : print_trace(session, project, trace);
	free(trace);
	return error;
}

void tree_run(struct session *session)
{
	const struct options *options = session->options;
	struct target target;
	size_t found = 0;

	target_init(&target, &session->source, options->argument);
	for (size_t i = target.first; i < target.end; i++) {
		int error = print_trace_of(session, &session->source.projects[i], target.id);

		if (error == 0)
			found++;
		else if (error != -ENOENT)
			say_error(error);
	}
	if (found == 0 && !said())
		say("%s: no trace or call %s", options->file, options->argument);
	target_fini(&target);
}
