#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/faults/scenario.h"
#include "tests/faults/verdict.h"

enum { NOTES_MAX = 256 };

static struct note {
	atomic_int freed;
	atomic_bool accepted;
} notes[NOTES_MAX];
static atomic_int used;

void notes_reset(void)
{
	for (int i = 0; i < NOTES_MAX; i++) {
		atomic_store(&notes[i].freed, 0);
		atomic_store(&notes[i].accepted, false);
	}
	atomic_store(&used, 0);
}

void notes_balance(void)
{
	for (int i = 0; i < atomic_load(&used); i++)
		EXPECT(atomic_load(&notes[i].freed) == (atomic_load(&notes[i].accepted) ? 1 : 0));
}

void *note_new(void)
{
	int i = atomic_fetch_add(&used, 1);

	if (i >= NOTES_MAX)
		abort();
	return &notes[i];
}

void note_free(void *arg)
{
	struct note *note = arg;

	atomic_fetch_add(&note->freed, 1);
}

void note_accepted(void *arg, bool accepted)
{
	struct note *note = arg;

	atomic_store(&note->accepted, accepted);
}

/* Of an argument that is copied there is no note: what is freed is the copy. */
static struct bothy_job noted(struct bothy_job job, void **ret_note)
{
	*ret_note = note_new();
	job.arg = *ret_note;
	job.arg_free = note_free;
	return job;
}

int submit_noted(struct bothy_job job, bothy_future **ret_future)
{
	void *note;
	int error;

	job = noted(job, &note);
	if (job.handle == NULL && job.entity == NULL) {
		job.entity = "ann";
		job.project = "p";
	}
	error = bothy_submit(scenario.pool, &job, ret_future);
	note_accepted(note, error == 0);
	return error;
}

int spawn_noted(struct bothy_job job, bothy_future **ret_future)
{
	void *note;
	int error;

	job = noted(job, &note);
	error = bothy_spawn(&job, ret_future);
	note_accepted(note, error == 0);
	return error;
}

int nothing(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	return 0;
}
