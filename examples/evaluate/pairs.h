/*
 * The data set: pairs of a misspelling and its correction, from codespell's dictionary.
 */
#ifndef EXAMPLES_EVALUATE_PAIRS_H
#define EXAMPLES_EVALUATE_PAIRS_H

#include <bothy/trace.h>
#include <stddef.h>

#include "examples/evaluate/shared.h"

struct pair {
	const char *wrong;
	const char *right;
};

struct pairs {
	struct shared shared;
	const char *path;                /* the file's */
	char digest[BOTHY_DIGEST_BYTES]; /* ... and that of its content */
	struct pair *pair;               /* COUNT of them, in the file's order */
	size_t count;
	char *text; /* where their words are */
};

/*
 * Read the file at PATH, a string that must live as long.  Its lines are
 * `misspelling->correction`, some with several corrections or with a reason against the only
 * one; those are left out, as are words with anything but letters in them.
 *
 * Errors: what open(2) and read(2) say; -ENODATA: no such line; -ENOMEM.
 */
int pairs_read(struct pairs *pairs, const char *path);

/* The I-th of N pairs that are spread evenly over the file; always the same ones. */
const struct pair *pairs_sample(const struct pairs *pairs, size_t i, size_t n);

void pairs_free(struct pairs *pairs);

#endif
