/*
 * The job is a call ("predict", with BOTHY_TRACE).  Its inputs name the data set's row and the
 * model as this job knows them.
 */
#include "examples/evaluate/trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bothy/context.h>
#include <bothy/trace.h>

#include "examples/evaluate/note.h"

/* ---- what things are known as ---------------------------------------------------------------- */

/*
 * Look up what SHARED is known as in this job, which has put OWN refs on it: 0 or 1.
 * Returns 0 or -ENOENT; *ret_ref is a hold of the caller's.
 *
 * Other teams' jobs have refs of their own on it just now.  Whether the one seen here is
 * ours is judged by the names that the job was submitted with, not by what Bothy says.
 */
static int look(struct trial *trial, struct shared *shared, unsigned own, bothy_ref **ret_ref)
{
	int error;

	trial->reads++;
	if (atomic_load(&shared->named) > own)
		trial->beside++;
	error = bothy_object_get_ref(&shared->object, ret_ref);
	if (error < 0)
		return error;
	if (strcmp(bothy_ref_entity(*ret_ref), trial->evaluation->team) != 0 ||
	    strcmp(bothy_ref_project(*ret_ref), trial->evaluation->model->name) != 0)
		trial->foreign++;
	return 0;
}

/*
 * Name SHARED as this project knows it, OWN.  But what it is recorded as is what this job saw
 * there before, if anything: a leak would file results under another team's data.
 */
static int name(struct trial *trial, struct shared *shared, bothy_ref *own, bothy_ref **ret_known)
{
	bothy_ref *seen;
	int error = look(trial, shared, 0, &seen);

	if (error < 0) /* no job of this project has named it yet */
		seen = bothy_ref_hold(own);
	error = bothy_object_set_ref(&shared->object, own);
	if (error < 0)
		bothy_ref_release(seen);
	else
		*ret_known = seen;
	return error;
}

/* Whether it is still known as it was named, as far as the check goes. */
static int look_again(struct trial *trial, struct shared *shared)
{
	bothy_ref *seen;
	int error = look(trial, shared, 1, &seen);

	if (error == 0)
		bothy_ref_release(seen);
	return error;
}

/* ---- the call's name and inputs --------------------------------------------------------------- */

/* The ref of this trial's row of DATA: DATA/key/rows/index/ROW. */
static int make_row_ref(const struct trial *trial, const bothy_ref *data, bothy_ref **ret_ref)
{
	char row[24];
	bothy_ref *rows;
	int error = bothy_ref_extend(data, BOTHY_REF_KEY, "rows", &rows);

	if (error < 0)
		return error;
	snprintf(row, sizeof(row), "%zu", trial->row);
	error = bothy_ref_extend(rows, BOTHY_REF_INDEX, row, ret_ref);
	bothy_ref_release(rows);
	return error;
}

static int note_what(const struct trial *trial, const bothy_ref *data, const bothy_ref *model)
{
	bothy_ref *row;
	int error = make_row_ref(trial, data, &row);

	if (error < 0)
		return error;
	error = note_inputs(json_pack("{s:s, s:o, s:o}", "word", trial->pair->wrong, "example",
	                              note_ref(row), "model", note_ref(model)));
	bothy_ref_release(row);
	if (error == 0)
		error = bothy_call_set_name(bothy_call_current(), trial->pair->wrong);
	return error;
}

/* ---- its output and scores ----------------------------------------------------------------- */

/* At which place, from 1, RIGHT stands in WORDS; 0: nowhere. */
static int place_of(const char *right, const json_t *words)
{
	size_t i;
	const json_t *word;

	json_array_foreach(words, i, word) if (strcasecmp(json_string_value(word), right) ==
	                                       0) return (int)i +
		1;
	return 0;
}

/* Have the model fill WORDS. */
static int ask(struct trial *trial, json_t *words)
{
	const struct model *model = trial->evaluation->model;
	int error = model_open(model);
	bothy_time start = bothy_after_ms(0);

	if (error == 0)
		error = model_suggest(model, trial->pair->wrong, words);
	trial->ms = (double)(bothy_after_ms(0) - start) / 1e6;
	return error == 0 ? 0
	                  : bothy_fail(-error, "%s can't say what \"%s\" should be", model->name,
	                               trial->pair->wrong);
}

static int measure(struct trial *trial)
{
	json_t *words = json_array();
	int error = words != NULL ? ask(trial, words) : -ENOMEM;

	if (error != 0) {
		json_decref(words);
		return error;
	}
	trial->place = place_of(trial->pair->right, words);
	trial->scored = true;
	error = note_output(json_pack("{s:o, s:i}", "suggestions", words, "place", trial->place));
	if (error == 0)
		error = note_summary(json_pack("{s:{s:b, s:b}}", "scores", "first",
		                               trial->place == 1, "among", trial->place > 0));
	return error;
}

/* ---- the job -------------------------------------------------------------------------------- */

/* Score, with the names on; other jobs come and go meanwhile. */
static int score(struct trial *trial, struct shared *data, struct shared *model)
{
	int error;

	atomic_fetch_add(&data->named, 1);
	atomic_fetch_add(&model->named, 1);
	error = measure(trial);
	if (error == 0)
		error = look_again(trial, data);
	if (error == 0)
		error = look_again(trial, model);
	atomic_fetch_sub(&model->named, 1);
	atomic_fetch_sub(&data->named, 1);
	return error;
}

static int name_both(struct trial *trial, struct shared *data, struct shared *model)
{
	const struct evaluation *evaluation = trial->evaluation;
	bothy_ref *known_data, *known_model;
	int error = name(trial, data, evaluation->data_ref, &known_data);

	if (error < 0)
		return error;
	error = name(trial, model, evaluation->model_ref, &known_model);
	if (error == 0) {
		error = note_what(trial, known_data, known_model);
		bothy_ref_release(known_model);
	}
	bothy_ref_release(known_data);
	return error;
}

int trial_run(void *arg, void **unused)
{
	struct trial *trial = arg;
	struct shared *data = &trial->evaluation->pairs->shared;
	struct shared *model = &trial->evaluation->model->shared;
	int error = name_both(trial, data, model);

	(void)unused;
	return error == 0 ? score(trial, data, model) : error;
}
