#include "examples/evaluate/pairs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* ---- the file's text -------------------------------------------------------------------- */

/* All of FILE, with a NUL at its end. */
static int read_all(FILE *file, char **ret_text)
{
	size_t used = 0, room = 1 << 16;
	char *text = malloc(room), *larger;

	while (text != NULL) {
		used += fread(text + used, 1, room - used - 1, file);
		if (ferror(file))
			goto fail;
		if (used < room - 1)
			break;
		room *= 2;
		larger = realloc(text, room);
		if (larger == NULL)
			free(text);
		text = larger;
	}
	if (text == NULL)
		return -ENOMEM;
	text[used] = '\0';
	*ret_text = text;
	return 0;

fail:
	free(text);
	return errno != 0 ? -errno : -EIO;
}

static int read_file(const char *path, char **ret_text)
{
	FILE *file = fopen(path, "r");
	int error;

	if (file == NULL)
		return -errno;
	errno = 0;
	error = read_all(file, ret_text);
	fclose(file);
	return error;
}

/* ---- its lines ---------------------------------------------------------------------------- */

static size_t count_lines(const char *text)
{
	size_t lines = 1;

	while ((text = strchr(text, '\n')) != NULL) {
		text++;
		lines++;
	}
	return lines;
}

/* Whether LINE is WRONG->RIGHT, letters alone; if so, it is cut in two. */
static bool cut(char *line, struct pair *ret_pair)
{
	size_t wrong = strspn(line, LETTERS), right;

	if (wrong == 0 || strncmp(line + wrong, "->", 2) != 0)
		return false;
	right = strspn(line + wrong + 2, LETTERS);
	if (right == 0 || line[wrong + 2 + right] != '\0')
		return false;
	line[wrong] = '\0';
	*ret_pair = (struct pair){line, line + wrong + 2};
	return true;
}

static void cut_lines(struct pairs *pairs)
{
	char *rest = NULL;

	for (char *line = strtok_r(pairs->text, "\r\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\r\n", &rest))
		if (cut(line, &pairs->pair[pairs->count]))
			pairs->count++;
}

static int read_lines(struct pairs *pairs)
{
	pairs->pair = calloc(count_lines(pairs->text), sizeof(*pairs->pair));
	if (pairs->pair == NULL)
		return -ENOMEM;
	cut_lines(pairs);
	return pairs->count > 0 ? 0 : -ENODATA;
}

/* ---- the data set ------------------------------------------------------------------------- */

int pairs_read(struct pairs *pairs, const char *path)
{
	int error;

	*pairs = (struct pairs){0};
	bothy_object_init(&pairs->shared.object);
	error = read_file(path, &pairs->text);
	if (error < 0)
		return error;

	pairs->path = path;
	error = bothy_file_digest(pairs->text, strlen(pairs->text), pairs->digest);
	if (error == 0)
		error = read_lines(pairs);
	if (error < 0)
		pairs_free(pairs);
	return error;
}

const struct pair *pairs_sample(const struct pairs *pairs, size_t i, size_t n)
{
	return &pairs->pair[i * pairs->count / n];
}

void pairs_free(struct pairs *pairs)
{
	bothy_object_fini(&pairs->shared.object);
	free(pairs->pair);
	free(pairs->text);
	*pairs = (struct pairs){0};
}
