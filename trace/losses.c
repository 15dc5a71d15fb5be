#include "trace/losses.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without it uthash calls exit() when there is no memory. */
#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, bytes, value) HASH_FNV(key, bytes, value)
#include <uthash.h>

#include "tls/project_name.h"

struct loss {
	UT_hash_handle hh;
	int error;     /* of the first item; 0: there is none */
	char *text;    /* which item it was; NULL without memory */
	uint64_t told; /* of so many unknown ones */
	char key[]; /* "entity/project" */
};

/* "call 0198...", malloc'd, or NULL. */
static char *describe(const struct bothy_failure *failure)
{
	size_t bytes = strlen(failure->kind) + strlen(failure->id) + 2;
	char *text = malloc(bytes);

	if (text != NULL)
		(void)snprintf(text, bytes, "%s %s", failure->kind, failure->id);
	return text;
}

static void loss_free(struct loss *loss)
{
	free(loss->text);
	free(loss);
}

static struct loss *find(const struct losses *losses, const struct project_name *name)
{
	struct loss *loss;

	HASH_FIND(hh, losses->of_projects, name->key, name->key_bytes, loss);
	return loss;
}

/* The project's, which is made if there is none.  NULL without memory. */
static struct loss *find_or_make(struct losses *losses, const struct project_name *name)
{
	struct loss *loss = find(losses, name);

	if (loss != NULL)
		return loss;
	loss = calloc(1, sizeof(*loss) + name->key_bytes);
	if (loss == NULL)
		return NULL;
	memcpy(loss->key, name->key, name->key_bytes);
	HASH_ADD_KEYPTR(hh, losses->of_projects, loss->key, name->key_bytes, loss);
	if (loss->hh.tbl != NULL)
		return loss;
	loss_free(loss); /* this is how uthash reports that it had no memory */
	return NULL;
}

static int add(struct losses *losses, const struct project_name *name,
               const struct bothy_failure *failure)
{
	struct loss *loss = find_or_make(losses, name);

	if (loss == NULL)
		return -ENOMEM;
	if (loss->error == 0) {
		loss->error = failure->error;
		loss->text = describe(failure);
	}
	return 0;
}

void losses_add(struct losses *losses, const struct bothy_failure *failure)
{
	struct project_name name;
	int error = project_name_init(&name, failure->entity, failure->project);

	if (error == 0) {
		error = add(losses, &name, failure);
		project_name_fini(&name);
	}
	if (error < 0) {
		losses->unknown++;
		losses->error = failure->error;
	}
}

/* Perhaps an unknown one was of this project: better one flush too many that fails.  From then on
 * it has to be known who was told. */
static int take(struct losses *losses, const struct project_name *name, char **ret_text)
{
	struct loss *loss =
		losses->unknown > 0 ? find_or_make(losses, name) : find(losses, name);
	int error;

	if (loss == NULL)
		return losses->unknown > 0 ? -ENOMEM : 0;
	error = loss->error;
	if (error == 0 && loss->told < losses->unknown)
		error = losses->error;
	*ret_text = loss->text;
	loss->error = 0;
	loss->text = NULL;
	loss->told = losses->unknown;
	if (losses->unknown == 0) {
		HASH_DELETE(hh, losses->of_projects, loss);
		free(loss);
	}
	return error;
}

int losses_take(struct losses *losses, const char *entity, const char *project, char **ret_text)
{
	struct project_name name;
	int error = project_name_init(&name, entity, project);

	*ret_text = NULL;
	if (error == 0) {
		error = take(losses, &name, ret_text);
		project_name_fini(&name);
	}
	return error;
}

void losses_fini(struct losses *losses)
{
	struct loss *loss, *next;

	HASH_ITER(hh, losses->of_projects, loss, next) {
		HASH_DELETE(hh, losses->of_projects, loss);
		loss_free(loss);
	}
}
