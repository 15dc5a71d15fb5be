#include "tls/project_name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int project_name_init(struct project_name *name, const char *entity, const char *project)
{
	size_t entity_bytes = strlen(entity);
	size_t project_bytes = strlen(project);

	name->entity = entity;
	name->project = project;
	name->key = name->buffer;
	name->key_bytes = entity_bytes + 1 + project_bytes;
	if (name->key_bytes > sizeof(name->buffer)) {
		name->key = malloc(name->key_bytes);
		if (name->key == NULL)
			return -ENOMEM;
	}
	memcpy(name->key, entity, entity_bytes);
	name->key[entity_bytes] = '/';
	memcpy(name->key + entity_bytes + 1, project, project_bytes);
	return 0;
}

void project_name_fini(struct project_name *name)
{
	if (name->key != name->buffer)
		free(name->key);
}
