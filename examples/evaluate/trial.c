#include "examples/evaluate/trial.h"

#include <bothy/context.h>
#include <errno.h>
#include <string.h>

/*
 * Look up what SHARED is known as in this job, which has put OWN refs on it: 0 or 1.
 * Returns 0 or -ENOENT.
 *
 * Other teams' jobs have refs of their own on it just now.  Whether the one seen here is
 * ours is judged by the names that the job was submitted with, not by what Bothy says.
 */
static int look(struct trial *trial, struct shared *shared, unsigned own)
{
	bothy_ref *ref;
	int error;

	trial->reads++;
	if (atomic_load(&shared->named) > own)
		trial->beside++;
	error = bothy_object_get_ref(&shared->object, &ref);
	if (error < 0)
		return error;
	if (strcmp(bothy_ref_entity(ref), trial->team) != 0 ||
	    strcmp(bothy_ref_project(ref), trial->model->name) != 0)
		trial->foreign++;
	bothy_ref_release(ref);
	return 0;
}

/* Name SHARED in the project that this job's client is for. */
static int name(struct shared *shared, const char *called, const char *digest)
{
	const bothy_client *client = bothy_client_current();
	bothy_ref *ref;
	int error = bothy_ref_new_object(bothy_client_entity(client), bothy_client_project(client),
	                                 called, digest, &ref);

	if (error < 0)
		return error;
	error = bothy_object_set_ref(&shared->object, ref);
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

/* Score, with the names on; other jobs come and go meanwhile. */
static int score(struct trial *trial, struct shared *pairs, struct shared *model)
{
	int error;

	atomic_fetch_add(&pairs->named, 1);
	atomic_fetch_add(&model->named, 1);
	error = measure(trial);
	if (error == 0)
		error = look(trial, pairs, 1);
	if (error == 0)
		error = look(trial, model, 1);
	atomic_fetch_sub(&model->named, 1);
	atomic_fetch_sub(&pairs->named, 1);
	return error;
}

int trial_run(void *arg, void **unused)
{
	struct trial *trial = arg;
	struct shared *pairs = &trial->pairs->shared, *model = &trial->model->shared;
	int error;

	(void)unused;
	(void)look(trial, pairs, 0); /* this job has not named them: there may be none */
	(void)look(trial, model, 0);
	error = name(pairs, "codespell", trial->pairs->digest);
	if (error == 0)
		error = name(model, trial->model->name, trial->model->digest);
	return error == 0 ? score(trial, pairs, model) : error;
}
