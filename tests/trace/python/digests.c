/*
 * What the library makes of values, tables and files, for a comparison with Python's json and
 * hashlib: digests.py.
 *
 * It reads records from the standard input, a kind and a length in one line, then so many bytes,
 * and answers each in the same way:
 *
 *     v   a value: its digest and its canonical text, or the negative errno
 *     f   a file: its digest
 *     r   a row's digest: it is kept, without an answer
 *     t   the end of a table: its digest
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/digest.h"
#include "trace/json.h"

enum { ROWS_MAX = 64 };

static struct bothy_table_row rows[ROWS_MAX];
static char row_digests[ROWS_MAX][BOTHY_DIGEST_BYTES];
static size_t row_count;

static void answer_value(const char *bytes, size_t n)
{
	char digest[BOTHY_DIGEST_BYTES];
	struct json_text text;
	int error = json_canonical("value", bytes, n, JSON_SHAPE_ANY, &text);

	if (error < 0) {
		printf("%d 0\n", error);
		return;
	}
	digest_bytes(text.text, text.bytes, digest);
	printf("%s %zu\n", digest, text.bytes);
	(void)fwrite(text.text, 1, text.bytes, stdout);
	free(text.text);
}

static void keep_row(const char *bytes, size_t n)
{
	if (row_count == ROWS_MAX || n >= BOTHY_DIGEST_BYTES)
		exit(EXIT_FAILURE);
	memcpy(row_digests[row_count], bytes, n);
	row_digests[row_count][n] = '\0';
	rows[row_count].digest = row_digests[row_count];
	row_count++;
}

static void answer(char kind, const char *bytes, size_t n)
{
	char digest[BOTHY_DIGEST_BYTES] = "none";

	if (kind == 'v') {
		answer_value(bytes, n);
		return;
	}
	if (kind == 'r') {
		keep_row(bytes, n);
		return;
	}
	if (kind == 'f') {
		digest_bytes(bytes, n, digest);
	} else {
		digest_table(rows, row_count, digest);
		row_count = 0;
	}
	printf("%s 0\n", digest);
}

int main(void)
{
	char kind;
	size_t n;

	while (scanf(" %c %zu", &kind, &n) == 2 && getchar() == '\n') {
		char *bytes = malloc(n + 1);

		if (bytes == NULL || fread(bytes, 1, n, stdin) != n)
			return EXIT_FAILURE;
		/* A block of its own size, so that the address sanitizer sees its end. */
		bytes = realloc(bytes, n > 0 ? n : 1);
		answer(kind, bytes, n);
		free(bytes);
	}
	return feof(stdin) && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
