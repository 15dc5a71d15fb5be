#include "trace/cli/tables.h"

#include <stdlib.h>
#include <string.h>

#include "trace/cli/say.h"
#include "trace/cli/text.h"

/* Digests are alike in length and random: the simple hash does. */
#define HASH_FUNCTION(key, bytes, value) HASH_FNV(key, bytes, value)
#define uthash_fatal(message) say_no_memory()
#include <uthash.h>

struct table_name {
	UT_hash_handle hh;
	char *digest;
};

void tables_init(struct tables *tables, const struct source_project *project)
{
	*tables = (struct tables){project, NULL};
}

static void add(struct tables *tables, const char *digest)
{
	struct table_name *name;

	HASH_FIND_STR(tables->first, digest, name);
	if (name != NULL)
		return;
	name = malloc(sizeof(*name));
	if (name == NULL)
		say_no_memory();
	name->digest = text_copy(digest);
	HASH_ADD_KEYPTR(hh, tables->first, name->digest, strlen(name->digest), name);
}

static void look_at(struct tables *tables, const char *uri)
{
	bothy_ref *ref = NULL;

	if (bothy_ref_parse(uri, &ref) < 0)
		return;
	if (bothy_ref_kind(ref) == BOTHY_REF_TABLE &&
	    strcmp(bothy_ref_entity(ref), tables->project->entity) == 0 &&
	    strcmp(bothy_ref_project(ref), tables->project->project) == 0)
		add(tables, bothy_ref_digest(ref));
	bothy_ref_release(ref);
}

/* A URI in canonical JSON stands there as it is: it has no character that is escaped. */
void tables_look(struct tables *tables, const char *text)
{
	static const char begin[] = "\"weave:///";

	while (text != NULL && (text = strstr(text, begin)) != NULL) {
		size_t bytes = strcspn(++text, "\"\\");
		char *uri = text_format("%.*s", (int)bytes, text);

		look_at(tables, uri);
		free(uri);
		text += bytes;
	}
}

const struct table_name *tables_next(const struct tables *tables, const struct table_name *name)
{
	return name == NULL ? tables->first : name->hh.next;
}

const char *table_digest(const struct table_name *name)
{
	return name->digest;
}

void tables_fini(struct tables *tables)
{
	struct table_name *name, *next;

	HASH_ITER(hh, tables->first, name, next) {
		HASH_DEL(tables->first, name);
		free(name->digest);
		free(name);
	}
}
