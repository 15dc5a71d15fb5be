/*
 * Locking.  `opening` is held while checkers are made and destroyed: Hunspell counts the
 * users of a table that all its handles share, and takes no lock for it.  Using a checker
 * needs no lock: no other thread has it.
 */
#include "examples/evaluate/models.h"

#include <aspell.h>
#include <errno.h>
#include <hunspell/hunspell.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <bothy/context.h>

#define HUNSPELL_AFFIXES "/usr/share/hunspell/en_US.aff"
#define HUNSPELL_WORDS "/usr/share/hunspell/en_US.dic"

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

/* ---- Hunspell ------------------------------------------------------------------------------ */

/* Hunspell takes a missing file for an empty dictionary. */
static int is_readable(const char *path)
{
	int error;

	if (access(path, R_OK) == 0)
		return 0;
	error = -errno;
	fprintf(stderr,
	        "evaluate: Hunspell's English dictionary, %s: %s\n"
	        "It is part of Debian's package hunspell-en-us.\n",
	        path, strerror(-error));
	return error;
}

static int hunspell_open(void **ret_checker)
{
	int error = is_readable(HUNSPELL_AFFIXES);

	if (error == 0)
		error = is_readable(HUNSPELL_WORDS);
	if (error < 0)
		return error;
	*ret_checker = Hunspell_create(HUNSPELL_AFFIXES, HUNSPELL_WORDS);
	return *ret_checker != NULL ? 0 : -ENOMEM;
}

static void hunspell_close(void *checker)
{
	Hunspell_destroy(checker);
}

static int hunspell_place(void *checker, const struct pair *pair, int limit)
{
	char **words;
	int count = Hunspell_suggest(checker, &words, pair->wrong), place = 0;

	for (int i = 0; i < count && i < limit && place == 0; i++)
		if (strcasecmp(words[i], pair->right) == 0)
			place = i + 1;
	Hunspell_free_list(checker, &words, count);
	return place;
}

/* ---- Aspell -------------------------------------------------------------------------------- */

static int aspell_open(void **ret_checker)
{
	AspellConfig *config = new_aspell_config();
	AspellCanHaveError *maybe;

	aspell_config_replace(config, "lang", "en_US");
	aspell_config_replace(config, "encoding", "utf-8");
	aspell_config_replace(config, "use-other-dicts", "false"); /* nor anyone's own words */
	maybe = new_aspell_speller(config);
	delete_aspell_config(config);
	if (aspell_error(maybe) != NULL) {
		fprintf(stderr,
		        "evaluate: Aspell: %s\n"
		        "Its English dictionary is Debian's package aspell-en.\n",
		        aspell_error_message(maybe));
		delete_aspell_can_have_error(maybe);
		return -ENOENT;
	}
	*ret_checker = to_aspell_speller(maybe);
	return 0;
}

static void aspell_close(void *checker)
{
	delete_aspell_speller(checker);
}

static int aspell_place(void *checker, const struct pair *pair, int limit)
{
	const AspellWordList *list = aspell_speller_suggest(checker, pair->wrong, -1);
	AspellStringEnumeration *words;
	const char *word;
	int place = 0;

	if (list == NULL)
		return -EIO;
	words = aspell_word_list_elements(list);
	for (int i = 0; i < limit && place == 0; i++) {
		word = aspell_string_enumeration_next(words);
		if (word == NULL)
			break;
		if (strcasecmp(word, pair->right) == 0)
			place = i + 1;
	}
	delete_aspell_string_enumeration(words);
	return place;
}

/* ---- one of each for a thread -------------------------------------------------------------- */

struct model models[MODELS] = {
	[MODEL_HUNSPELL] = {.name = "hunspell",
                            .digest = "en_US",
                            .open = hunspell_open,
                            .close = hunspell_close,
                            .place = hunspell_place},
	[MODEL_ASPELL] = {.name = "aspell",
                          .digest = "en_US",
                          .open = aspell_open,
                          .close = aspell_close,
                          .place = aspell_place},
};

struct checkers {
	void *checker[MODELS];
};

static void close_all(struct checkers *checkers)
{
	for (int i = 0; i < MODELS; i++)
		if (checkers->checker[i] != NULL)
			models[i].close(checkers->checker[i]);
	free(checkers);
}

int models_open(void *unused, void **ret_checkers)
{
	struct checkers *checkers = calloc(1, sizeof(*checkers));
	int error = 0;

	(void)unused;
	if (checkers == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&opening);
	for (int i = 0; i < MODELS && error == 0; i++)
		error = models[i].open(&checkers->checker[i]);
	if (error == 0)
		*ret_checkers = checkers;
	else
		close_all(checkers);
	pthread_mutex_unlock(&opening);
	return error;
}

void models_close(void *unused, void *checkers)
{
	(void)unused;
	pthread_mutex_lock(&opening);
	close_all(checkers);
	pthread_mutex_unlock(&opening);
}

int model_place(const struct model *model, const struct pair *pair, int limit)
{
	const struct checkers *checkers = bothy_worker_local();

	return model->place(checkers->checker[model - models], pair, limit);
}

void models_fini(void)
{
	for (int i = 0; i < MODELS; i++)
		bothy_object_fini(&models[i].shared.object);
}
