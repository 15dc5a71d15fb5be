/*
 * objects: their versions.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "trace/cli/listing.h"
#include "trace/cli/text.h"
#include "trace/cli/times.h"
#include "trace/cli/versions.h"

static int print_line(const struct listing *list, const struct bothy_object_version *object)
{
	struct members members;

	members_begin(&members, stdout, object->name);
	version_members(&members, list->project, object);
	members_end(&members);
	return screen_end_line();
}

static int print_row(const struct listing *list, const struct bothy_object_version *object)
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
	struct listing *list = user;

	if (!listing_takes(list))
		return 0;
	return listing_went_on(list, list->grid == NULL ? print_line(list, object)
	                                                : print_row(list, object));
}

static int ask(struct listing *list, size_t limit, size_t offset)
{
	const struct bothy_objects_query query = {
		.size = sizeof(query),
		.name = list->session->options->name,
		.latest_only = list->session->options->latest,
		.limit = limit,
		.offset = offset,
	};

	return bothy_objects_query(list->project->client, &query, each_object, list);
}

void objects_run(struct session *session)
{
	static const struct listing_kind objects = {"objects", ask};
	const struct grid_column columns[] = {
		{"PROJECT", 8, false, false, session->options->project != NULL},
		{"NAME", 8, false, false, false},
		{"VERSION", 0, true, false, false},
		{"DIGEST", 10, false, false, false},
		{"LATEST", 0, false, false, false},
		{"SIZE", 0, true, false, false},
		{"CREATED", 0, false, true, false},
	};

	listing_run(session, &objects, columns, sizeof(columns) / sizeof(*columns));
}
