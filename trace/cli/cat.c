/*
 * cat: the value that a ref names.
 */
#include <string.h>

#include "trace/cli/check.h"
#include "trace/cli/commands.h"
#include "trace/cli/notation.h"
#include "trace/cli/say.h"

/* What happens to the one value. */
struct printing {
	const struct options *options;
	int error;
};

static int each_value(void *user, size_t i, int error, const char *json, size_t bytes)
{
	struct printing *printing = user;

	(void)i;
	printing->error = error;
	if (error != 0)
		return 0;
	if (!check_json(json, bytes)) {
		say("%s: not JSON", printing->options->argument);
		return 0;
	}
	if (printing->options->json)
		notation_line(stdout, json, bytes);
	else
		notation_indented(stdout, json, bytes);
	return screen_end_line();
}

static void print_value(bothy_client *client, bothy_ref *ref, struct printing *printing)
{
	int error = bothy_refs_read(client, &ref, 1, each_value, printing);

	if (error == 0)
		error = printing->error;
	if (error < 0)
		say_error(error);
}

void cat_run(struct session *session)
{
	struct printing printing = {.options = session->options};
	const struct source *source = &session->source;
	const char *uri = session->options->argument;
	bothy_ref *ref = NULL;
	size_t i;

	if (bothy_ref_parse(uri, &ref) < 0) {
		say("%s: not a weave:/// URI", uri);
		return;
	}
	i = source_find(source, bothy_ref_entity(ref), bothy_ref_project(ref));
	if (i == source->n)
		say("%s: no project %s/%s", session->options->file, bothy_ref_entity(ref),
		    bothy_ref_project(ref));
	else
		print_value(source->projects[i].client, ref, &printing);
	bothy_ref_release(ref);
}
