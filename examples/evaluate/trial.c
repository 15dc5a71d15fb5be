#include "examples/evaluate/trial.h"

#include <bothy/context.h>
#include <errno.h>
#include <string.h>

/*
 * Look up what OBJECT is known as in this job.  Returns 0 or -ENOENT.
 *
 * Other teams' jobs have refs of their own on it just now.  Whether the one seen here is
 * ours is judged by the names that the job was submitted with, not by what Bothy says.
 */
static int look(struct trial *trial, struct bothy_object *object)
{
	bothy_ref *ref;
	int error = bothy_object_get_ref(object, &ref);

	trial->reads++;
	if (error < 0)
		return error;
	if (strcmp(bothy_ref_entity(ref), trial->team) != 0 ||
	    strcmp(bothy_ref_project(ref), trial->model->name) != 0)
		trial->foreign++;
	bothy_ref_release(ref);
	return 0;
}

/* Name OBJECT in the project that this job's client is for. */
static int name(struct bothy_object *object, const char *called, const char *digest)
{
	const bothy_client *client = bothy_client_current();
	bothy_ref *ref;
	int error = bothy_ref_new_object(bothy_client_entity(client), bothy_client_project(client),
	                                 called, digest, &ref);

	if (error < 0)
		return error;
	error = bothy_object_set_ref(object, ref);
	bothy_ref_release(ref);
	return error;
}

static int measure(struct trial *trial)
{
	bothy_time start = bothy_after_ms(0);
	int place = model_place(trial->model, trial->pair, PLACES);

	trial->ms = (double)(bothy_after_ms(0) - start) / 1e6;
	if (place < 0)
		return bothy_fail(-place, "%s can't say what \"%s\" should be", trial->model->name,
		                  trial->pair->wrong);
	trial->place = place;
	return 0;
}

int trial_run(void *arg, void **unused)
{
	struct trial *trial = arg;
	struct bothy_object *pairs = &trial->pairs->object, *model = &trial->model->object;
	int error;

	(void)unused;
	(void)look(trial, pairs); /* before the job has named them: there may be none */
	(void)look(trial, model);
	error = name(pairs, "codespell", trial->pairs->digest);
	if (error == 0)
		error = name(model, trial->model->name, trial->model->digest);
	if (error == 0)
		error = measure(trial);
	if (error == 0)
		error = look(trial, pairs); /* after others have named them, too */
	if (error == 0)
		error = look(trial, model);
	return error;
}
