#include "trace/cli/versions.h"

#include <stdlib.h>

#include "trace/cli/say.h"

/* Its URI.  Ownership: the caller's, to free(); NULL: a ref can't name it. */
static char *uri_of(const struct source_project *project, const struct bothy_object_version *object)
{
	bothy_ref *ref = NULL;
	char *uri;
	int length, error = bothy_ref_new_object(project->entity, project->project, object->name,
	                                         object->digest, &ref);

	if (error < 0)
		return NULL;
	length = bothy_ref_format(ref, NULL, 0);
	uri = length < 0 ? NULL : malloc((size_t)length + 1);
	if (uri == NULL)
		say_no_memory();
	(void)bothy_ref_format(ref, uri, (size_t)length + 1);
	bothy_ref_release(ref);
	return uri;
}

void version_members(struct members *members, const struct source_project *project,
                     const struct bothy_object_version *object)
{
	char *uri = uri_of(project, object);

	member_string(members, "entity", project->entity);
	member_string(members, "project", project->project);
	member_string(members, "name", object->name);
	member_number(members, "version", (int64_t)object->version);
	member_bool(members, "latest", object->latest);
	member_string(members, "digest", object->digest);
	member_string(members, "ref", uri);
	member_time(members, "created_at", object->created);
	member_number(members, "bytes", (int64_t)object->bytes);
	free(uri);
}
