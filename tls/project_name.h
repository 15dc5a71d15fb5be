/*
 * Entity and project as one key, for tables of projects.
 */
#ifndef TLS_PROJECT_NAME_H
#define TLS_PROJECT_NAME_H

#include <stddef.h>

/* "entity/project": neither has a '/'. */
struct project_name {
	const char *entity, *project;
	size_t key_bytes;
	char *key;
	char buffer[128]; /* where most keys are */
};

/* 0 or -ENOMEM; fini it after use. */
int project_name_init(struct project_name *name, const char *entity, const char *project);
void project_name_fini(struct project_name *name);

#endif
