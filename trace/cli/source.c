#include "trace/cli/source.h"

#include <stdlib.h>
#include <string.h>

#include "trace/cli/say.h"
#include "trace/cli/text.h"

struct search {
	struct source *source;
	const char *wanted; /* NULL: all */
};

char *source_name(const struct source_project *project)
{
	return text_format("%s/%s", project->entity, project->project);
}

static bool is_wanted(const char *wanted, const char *entity, const char *project)
{
	size_t bytes = strlen(entity);

	return wanted == NULL || (strncmp(wanted, entity, bytes) == 0 && wanted[bytes] == '/' &&
	                          strcmp(wanted + bytes + 1, project) == 0);
}

static int add_project(void *user, const char *entity, const char *project)
{
	const struct search *search = user;
	struct source *source = search->source;
	struct source_project *more;
	int error;

	if (!is_wanted(search->wanted, entity, project))
		return 0;
	more = realloc(source->projects, (source->n + 1) * sizeof(*more));
	if (more == NULL)
		say_no_memory();
	source->projects = more;
	more += source->n;
	error = bothy_client_new(source->server, entity, project, &more->client);
	if (error < 0)
		return error;
	more->entity = text_copy(entity);
	more->project = text_copy(project);
	source->n++;
	return 0;
}

static bool open_server(struct source *source, const char *file)
{
	const struct bothy_server_options options = {.size = sizeof(options), .read_only = true};
	char *url = text_format("sqlite:%s", file);
	int error = bothy_server_open(url, &options, &source->server);

	free(url);
	if (error < 0)
		say_error(error);
	return error == 0;
}

bool source_open(struct source *source, const struct options *options)
{
	struct search search = {source, options->project};
	int error;

	*source = (struct source){NULL, NULL, 0};
	if (!open_server(source, options->file))
		return false;
	error = bothy_server_projects(source->server, add_project, &search);
	if (error < 0)
		say_error(error);
	else if (options->project != NULL && source->n == 0)
		say("%s: no project %s", options->file, options->project);
	return !said();
}

void source_close(struct source *source)
{
	for (size_t i = 0; i < source->n; i++) {
		bothy_client_release(source->projects[i].client);
		free(source->projects[i].entity);
		free(source->projects[i].project);
	}
	free(source->projects);
	bothy_server_release(source->server);
}

size_t source_find(const struct source *source, const char *entity, const char *project)
{
	for (size_t i = 0; i < source->n; i++) {
		if (strcmp(source->projects[i].entity, entity) == 0 &&
		    strcmp(source->projects[i].project, project) == 0)
			return i;
	}
	return source->n;
}
