/*
 * The models: spell checkers with their English dictionaries.
 */
#ifndef EXAMPLES_EVALUATE_MODELS_H
#define EXAMPLES_EVALUATE_MODELS_H

#include <jansson.h>

#include "examples/evaluate/shared.h"

enum { MODEL_HUNSPELL, MODEL_ASPELL, MODELS };

enum { PLACES = 5 }; /* so many of a model's suggestions count */

struct model {
	struct shared shared;
	const char *name;
	const char *description; /* in JSON */
	/* A spell checker of its own for one thread; says on stderr what is missing. */
	int (*open)(void **ret_checker);
	void (*close)(void *checker);
	/* Append the first PLACES suggestions for WRONG to WORDS.  0 or -EIO. */
	int (*suggest)(void *checker, const char *wrong, json_t *words);
};

extern struct model models[MODELS]; /* all teams share them */

/*
 * Room for one checker of each model.  Their handles are not thread-safe, so each thread has its
 * own: these two are a pool's worker_init and worker_fini.
 */
int models_init(void *unused, void **ret_checkers);
void models_close(void *unused, void *checkers);

/* Open a checker of each model, and close it: 0, or an error of which stderr was told. */
int models_try(void);

/* Inside a job: make sure that this thread has a checker of MODEL.  Threads that only wait for
 * others never open one. */
int model_open(const struct model *model);

/* ... and append what it suggests for WRONG to WORDS. */
int model_suggest(const struct model *model, const char *wrong, json_t *words);

void models_fini(void);

#endif
