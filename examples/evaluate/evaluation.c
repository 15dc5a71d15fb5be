/*
 * The job is a call ("evaluate", with BOTHY_TRACE), and since it spawns the trials, theirs are
 * below it in its trace.  It waits for them without a worker's place: that is lent meanwhile.
 */
#include "examples/evaluate/evaluation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bothy/context.h>
#include <bothy/future.h>
#include <bothy/job.h>
#include <bothy/trace.h>

#include "examples/evaluate/note.h"
#include "examples/evaluate/trial.h"

/* ---- the data set and the model, in this project ------------------------------------------- */

static int add_rows(const struct evaluation *evaluation, bothy_table *table)
{
	int error = 0;

	for (size_t i = 0; i < evaluation->count && error == 0; i++) {
		const struct pair *pair = evaluation->trials[i].pair;
		json_t *row = json_pack("{s:s, s:s}", "wrong", pair->wrong, "right", pair->right);
		char *text = json_dumps(row, 0);

		error = text != NULL ? bothy_table_add(table, text, strlen(text)) : -ENOMEM;
		free(text);
		json_decref(row);
	}
	return error;
}

/* This evaluation's words, a row each. */
static int publish_rows(const struct evaluation *evaluation, bothy_ref **ret_ref)
{
	bothy_table *table;
	int error = bothy_table_new(&table);

	if (error < 0)
		return error;
	error = add_rows(evaluation, table);
	if (error == 0)
		error = bothy_table_publish(table, ret_ref);
	bothy_table_release(table);
	return error;
}

/*
 * Publish by name alone.  Were the shared object given the ref here, then the trials
 * would inherit it, and never have to look what others have put there.
 */
static int publish(const char *name, json_t *value, bothy_ref **ret_ref)
{
	char *text = json_dumps(value, 0);
	int error = text != NULL ? bothy_publish(NULL, name, text, strlen(text), ret_ref) : -ENOMEM;

	free(text);
	json_decref(value);
	return error;
}

/* The data set is an object whose rows are in a table: refs to a row go through both. */
static int publish_data(struct evaluation *evaluation)
{
	const struct pairs *pairs = evaluation->pairs;
	bothy_ref *rows;
	json_t *value;
	int error = publish_rows(evaluation, &rows);

	if (error < 0)
		return error;
	value = json_pack("{s:s, s:s, s:o}", "source", pairs->path, "digest", pairs->digest, "rows",
	                  note_ref(rows));
	bothy_ref_release(rows);
	return publish("codespell", value, &evaluation->data_ref);
}

static int publish_model(struct evaluation *evaluation)
{
	const struct model *model = evaluation->model;

	return publish(model->name, json_loads(model->description, 0, NULL),
	               &evaluation->model_ref);
}

static int publish_both(struct evaluation *evaluation)
{
	int error = publish_data(evaluation);

	if (error == 0)
		error = publish_model(evaluation);
	if (error < 0)
		return note_failure(error, "publishing the data set and model");
	return note_inputs(json_pack("{s:o, s:o}", "data", note_ref(evaluation->data_ref), "model",
	                             note_ref(evaluation->model_ref)));
}

/* ---- the trials ------------------------------------------------------------------------------ */

static int spawn(struct trial *trial, bothy_group *group)
{
	return bothy_spawn(&BOTHY_JOB(.fn = trial_run, .arg = trial, .name = "predict",
	                              .flags = BOTHY_TRACE, .group = group,
	                              .completions = trial->evaluation->completions, .tag = trial),
	                   NULL);
}

/* Spawn them all, and wait for those that were: if this job is asked to stop, so are they. */
static int run_trials(struct evaluation *evaluation)
{
	bothy_group *group;
	int error = bothy_group_new(&group), waited;

	if (error < 0)
		return error;
	while (error == 0 && evaluation->spawned < evaluation->count) {
		error = spawn(&evaluation->trials[evaluation->spawned], group);
		evaluation->spawned += error == 0;
	}
	waited = bothy_group_wait(group, BOTHY_FOREVER);
	bothy_group_release(group);
	return error < 0 ? error : waited;
}

/* The scores of all trials that came to an end. */
static int note_scores(const struct evaluation *evaluation)
{
	size_t first = 0, among = 0, words = 0;

	for (size_t i = 0; i < evaluation->count; i++) {
		const struct trial *trial = &evaluation->trials[i];

		words += trial->scored;
		first += trial->place == 1;
		among += trial->place > 0;
	}
	return note_output(json_pack("{s:i, s:i, s:i}", "words", (int)words, "first", (int)first,
	                             "among", (int)among));
}

int evaluation_run(void *arg, void **unused)
{
	struct evaluation *evaluation = arg;
	int error;

	(void)unused;
	snprintf(evaluation->trace_id, sizeof(evaluation->trace_id), "%s",
	         bothy_call_trace_id(bothy_call_current()));
	error = publish_both(evaluation);
	if (error == 0)
		error = run_trials(evaluation);
	return error == 0 ? note_scores(evaluation) : error;
}

void evaluation_fini(struct evaluation *evaluation)
{
	bothy_ref_release(evaluation->data_ref);
	bothy_ref_release(evaluation->model_ref);
}
