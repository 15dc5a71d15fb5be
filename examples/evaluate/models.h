/*
 * The models: spell checkers with their English dictionaries.
 */
#ifndef EXAMPLES_EVALUATE_MODELS_H
#define EXAMPLES_EVALUATE_MODELS_H

#include "examples/evaluate/pairs.h"
#include "examples/evaluate/shared.h"

enum { MODEL_HUNSPELL, MODEL_ASPELL, MODELS };

struct model {
	struct shared shared;
	const char *name;
	const char *digest; /* which version of it, in refs: its language */
	/* A spell checker of its own for one thread; says on stderr what is missing. */
	int (*open)(void **ret_checker);
	void (*close)(void *checker);
	/* At which place, from 1, the right word stands among the first LIMIT suggestions
	 * for the wrong one; 0: not among them; -EIO: the checker failed. */
	int (*place)(void *checker, const struct pair *pair, int limit);
};

extern struct model models[MODELS]; /* all teams share them */

/*
 * One checker of each model.  Their handles are not thread-safe, so each worker has its
 * own: these two are a pool's worker_init and worker_fini.
 */
int models_open(void *unused, void **ret_checkers);
void models_close(void *unused, void *checkers);

/* Inside a job: the place that MODEL, in this worker's checker, gives to PAIR. */
int model_place(const struct model *model, const struct pair *pair, int limit);

void models_fini(void);

#endif
