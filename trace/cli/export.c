/*
 * export: all that is recorded, as JSON lines.
 */
#include <errno.h>

#include "trace/cli/calls.h"
#include "trace/cli/commands.h"
#include "trace/cli/say.h"
#include "trace/cli/tables.h"
#include "trace/cli/versions.h"

struct exporting {
	const struct source_project *project;
	struct tables tables;
	const char *table; /* the digest of the one whose rows come */
};

/* Begin a line of that type. */
static void begin_line(struct members *members, const char *type, const char *of)
{
	members_begin(members, stdout, of);
	member_string(members, "type", type);
}

static int end_line(struct members *members)
{
	members_end(members);
	return screen_end_line();
}

/* Begin a line of something in the project. */
static void begin_part(struct members *members, const struct exporting *exporting, const char *type,
                       const char *of)
{
	begin_line(members, type, of);
	member_string(members, "entity", exporting->project->entity);
	member_string(members, "project", exporting->project->project);
}

static int each_object(void *user, const struct bothy_object_version *object)
{
	struct exporting *exporting = user;
	struct members members;

	tables_look(&exporting->tables, object->json);
	begin_line(&members, "object", object->name);
	version_members(&members, exporting->project, object);
	member_value(&members, "value", object->json, object->bytes);
	return end_line(&members);
}

static int each_call(void *user, const struct bothy_call_record *call)
{
	struct exporting *exporting = user;
	struct members members;

	tables_look(&exporting->tables, call->start.attributes_json);
	tables_look(&exporting->tables, call->start.inputs_json);
	tables_look(&exporting->tables, call->has_ended ? call->end.output_json : NULL);
	tables_look(&exporting->tables, call->has_ended ? call->end.summary_json : NULL);
	begin_line(&members, "call", call->start.id);
	call_members(&members, exporting->project, call);
	call_values(&members, call);
	return end_line(&members);
}

static int print_table(const struct exporting *exporting)
{
	struct members members;

	begin_part(&members, exporting, "table", exporting->table);
	member_string(&members, "digest", exporting->table);
	return end_line(&members);
}

static int each_row(void *user, const struct bothy_table_row *row)
{
	struct exporting *exporting = user;
	struct members members;

	tables_look(&exporting->tables, row->json);
	begin_part(&members, exporting, "row", row->digest);
	member_string(&members, "table", exporting->table);
	member_number(&members, "index", (int64_t)row->index);
	member_string(&members, "digest", row->digest);
	member_value(&members, "value", row->json, row->bytes);
	return end_line(&members);
}

static int keep_nothing(void *user, const struct bothy_table_row *row)
{
	(void)user, (void)row;
	return SCREEN_STOP;
}

/* One that is not there is left out: anyone can write down a ref. */
static int export_table(struct exporting *exporting)
{
	const struct bothy_table_query query = {.size = sizeof(query), .digest = exporting->table};
	bothy_client *client = exporting->project->client;
	int error = bothy_table_rows(client, &query, keep_nothing, NULL);

	if (error == -ENOENT)
		return 0;
	if (error >= 0)
		error = print_table(exporting);
	return error != 0 ? error : bothy_table_rows(client, &query, each_row, exporting);
}

/* The rows of one may name others: those are the next ones then. */
static int export_tables(struct exporting *exporting)
{
	const struct table_name *name = NULL;
	int error = 0;

	while (error == 0 && (name = tables_next(&exporting->tables, name)) != NULL) {
		exporting->table = table_digest(name);
		error = export_table(exporting);
	}
	return error;
}

static int print_project(const struct exporting *exporting)
{
	struct members members;

	begin_part(&members, exporting, "project", "a project");
	return end_line(&members);
}

/* 0, a negative errno, or SCREEN_STOP. */
static int export_project(struct exporting *exporting)
{
	const struct bothy_objects_query objects = {.size = sizeof(objects)};
	const struct bothy_calls_query calls = {.size = sizeof(calls)};
	bothy_client *client = exporting->project->client;
	int error = print_project(exporting);

	if (error == 0)
		error = bothy_objects_query(client, &objects, each_object, exporting);
	if (error == 0)
		error = bothy_calls_query(client, &calls, each_call, exporting);
	if (error == 0)
		error = export_tables(exporting);
	return error;
}

static int print_head(void)
{
	struct members members;

	begin_line(&members, "export", "the export");
	member_number(&members, "format", 1);
	return end_line(&members);
}

void export_run(struct session *session)
{
	int error = print_head();

	for (size_t i = 0; i < session->source.n && error == 0; i++) {
		struct exporting exporting = {.project = &session->source.projects[i]};

		tables_init(&exporting.tables, exporting.project);
		error = export_project(&exporting);
		tables_fini(&exporting.tables);
	}
	if (error < 0)
		say_error(error);
}
