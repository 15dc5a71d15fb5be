/*
 * objects: their versions.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "trace/cli/commands.h"
#include "trace/cli/grid.h"
#include "trace/cli/paging.h"
#include "trace/cli/say.h"
#include "trace/cli/text.h"
#include "trace/cli/times.h"
#include "trace/cli/versions.h"

struct list {
	struct session *session;
	const struct source_project *project;
	struct grid *grid; /* NULL with --json */
	struct paging paging;
	size_t found;
	bool stopped; /* output has failed */
};

static int print_line(const struct list *list, const struct bothy_object_version *object)
{
	struct members members;

	members_begin(&members, stdout, object->name);
	version_members(&members, list->project, object);
	members_end(&members);
	return screen_end_line();
}

static int print_row(const struct list *list, const struct bothy_object_version *object)
{
	char *project = source_name(list->project);
	char *version = text_format("v%" PRIu64, object->version);
	char *bytes = text_format("%zu", object->bytes), created[TIME_BYTES];
	int stop;

	time_short(object->created, created);
	stop = grid_add(list->grid, (const struct grid_cell[]){
					    {project, PAINT_PLAIN},
					    {object->name, PAINT_PLAIN},
					    {version, PAINT_PLAIN},
					    {object->digest, PAINT_PLAIN},
					    {object->latest ? "latest" : "", PAINT_GOOD},
					    {bytes, PAINT_PLAIN},
					    {created, PAINT_PLAIN},
				    });
	free(bytes);
	free(version);
	free(project);
	return stop;
}

static int each_object(void *user, const struct bothy_object_version *object)
{
	struct list *list = user;

	if (paging_skips(&list->paging))
		return 0;
	list->found++;
	list->stopped =
		(list->grid == NULL ? print_line(list, object) : print_row(list, object)) != 0;
	return list->stopped ? SCREEN_STOP : paging_count(&list->paging);
}

static void list_project(struct list *list)
{
	struct bothy_objects_query query = {
		.size = sizeof(query),
		.name = list->session->options->name,
		.latest_only = list->session->options->latest,
	};
	int error;

	paging_ask(&list->paging, list->session->source.n == 1, &query.limit, &query.offset);
	error = bothy_objects_query(list->project->client, &query, each_object, list);
	if (error < 0)
		say_error(error);
}

void objects_run(struct session *session)
{
	const struct grid_column columns[] = {
		{"PROJECT", 8, false, false, session->options->project != NULL},
		{"NAME", 8, false, false, false},
		{"VERSION", 0, true, false, false},
		{"DIGEST", 10, false, false, false},
		{"LATEST", 0, false, false, false},
		{"SIZE", 0, true, false, false},
		{"CREATED", 0, false, true, false},
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
		say("%s: no such objects", session->options->file);
}
