/*
 * show: all that is known of a call.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/cli/calls.h"
#include "trace/cli/commands.h"
#include "trace/cli/notation.h"
#include "trace/cli/say.h"
#include "trace/cli/target.h"

struct showing {
	bool json;
	const struct source_project *project;
	size_t found;
};

static void write_call(FILE *stream, const struct source_project *project,
                       const struct bothy_call_record *call)
{
	struct members members;

	members_begin(&members, stream, call->start.id);
	call_members(&members, project, call);
	call_values(&members, call);
	members_end(&members);
}

static void print_indented(const struct source_project *project,
                           const struct bothy_call_record *call)
{
	char *line = NULL;
	size_t bytes = 0;
	FILE *stream = open_memstream(&line, &bytes);

	if (stream == NULL)
		say_no_memory();
	write_call(stream, project, call);
	if (fclose(stream) != 0)
		say_no_memory();
	notation_indented(stdout, line, bytes);
	free(line);
}

static int each_call(void *user, const struct bothy_call_record *call)
{
	struct showing *showing = user;

	showing->found++;
	if (showing->json)
		write_call(stdout, showing->project, call);
	else
		print_indented(showing->project, call);
	return screen_end_line();
}

void show_run(struct session *session)
{
	const struct options *options = session->options;
	struct showing showing = {.json = options->json};
	struct target target;

	target_init(&target, &session->source, options->argument);
	for (size_t i = target.first; i < target.end; i++) {
		int error;

		showing.project = &session->source.projects[i];
		error = bothy_call_read(showing.project->client, target.id, each_call, &showing);
		if (error < 0 && error != -ENOENT)
			say_error(error);
	}
	if (showing.found == 0 && !said())
		say("%s: no call %s", options->file, options->argument);
	target_fini(&target);
}
