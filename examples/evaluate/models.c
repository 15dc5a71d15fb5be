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
#include <unistd.h>

#include <bothy/context.h>

#define HUNSPELL_AFFIXES "/usr/share/hunspell/en_US.aff"
#define HUNSPELL_WORDS "/usr/share/hunspell/en_US.dic"

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

/* A word that is no UTF-8 can't be. */
static int append(json_t *words, const char *word)
{
	return json_array_append_new(words, json_string(word)) == 0 ? 0 : -EIO;
}

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

static int hunspell_suggest(void *checker, const char *wrong, json_t *words)
{
	char **suggestions;
	int count = Hunspell_suggest(checker, &suggestions, wrong), error = 0;

	for (int i = 0; i < count && i < PLACES && error == 0; i++)
		error = append(words, suggestions[i]);
	Hunspell_free_list(checker, &suggestions, count);
	return error;
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

static int aspell_suggest(void *checker, const char *wrong, json_t *words)
{
	const AspellWordList *list = aspell_speller_suggest(checker, wrong, -1);
	AspellStringEnumeration *suggestions;
	const char *word;
	int error = 0;

	if (list == NULL)
		return -EIO;
	suggestions = aspell_word_list_elements(list);
	for (int i = 0; i < PLACES && error == 0; i++) {
		word = aspell_string_enumeration_next(suggestions);
		if (word == NULL)
			break;
		error = append(words, word);
	}
	delete_aspell_string_enumeration(suggestions);
	return error;
}

/* ---- one of each for a thread -------------------------------------------------------------- */

struct model models[MODELS] = {
	[MODEL_HUNSPELL] = {.name = "hunspell",
                            .description = "{\"library\": \"Hunspell\", \"language\": \"en_US\"}",
                            .open = hunspell_open,
                            .close = hunspell_close,
                            .suggest = hunspell_suggest},
	[MODEL_ASPELL] = {.name = "aspell",
                          .description = "{\"library\": \"Aspell\", \"language\": \"en_US\"}",
                          .open = aspell_open,
                          .close = aspell_close,
                          .suggest = aspell_suggest},
};

struct checkers {
	void *checker[MODELS]; /* NULL: not opened */
};

int models_init(void *unused, void **ret_checkers)
{
	struct checkers *checkers = calloc(1, sizeof(*checkers));

	(void)unused;
	if (checkers == NULL)
		return -ENOMEM;
	*ret_checkers = checkers;
	return 0;
}

void models_close(void *unused, void *given)
{
	struct checkers *checkers = given;

	(void)unused;
	pthread_mutex_lock(&opening);
	for (int i = 0; i < MODELS; i++)
		if (checkers->checker[i] != NULL)
			models[i].close(checkers->checker[i]);
	pthread_mutex_unlock(&opening);
	free(checkers);
}

static int open_in(struct checkers *checkers, const struct model *model)
{
	void **checker = &checkers->checker[model - models];
	int error;

	if (*checker != NULL)
		return 0;
	pthread_mutex_lock(&opening);
	error = model->open(checker);
	pthread_mutex_unlock(&opening);
	return error;
}

int models_try(void)
{
	void *checkers;
	int error = models_init(NULL, &checkers);

	if (error < 0)
		return error;
	for (int i = 0; i < MODELS && error == 0; i++)
		error = open_in(checkers, &models[i]);
	models_close(NULL, checkers);
	return error;
}

int model_open(const struct model *model)
{
	return open_in(bothy_worker_local(), model);
}

int model_suggest(const struct model *model, const char *wrong, json_t *words)
{
	const struct checkers *checkers = bothy_worker_local();

	return model->suggest(checkers->checker[model - models], wrong, words);
}

void models_fini(void)
{
	for (int i = 0; i < MODELS; i++)
		bothy_object_fini(&models[i].shared.object);
}
