#include "tests/faults/verdict.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>

static const int *_Atomic allowed_now;
static atomic_bool wrong;
static atomic_bool told; /* the text is complete */
static char words[256];

void verdict_begin(const int *allowed)
{
	atomic_store(&wrong, false);
	atomic_store(&told, false);
	verdict_allow(allowed);
}

void verdict_allow(const int *allowed)
{
	atomic_store(&allowed_now, allowed);
}

bool verdict_allows(int code)
{
	const int *allowed = atomic_load(&allowed_now);

	for (; code != 0 && allowed != NULL && *allowed != 0; allowed++)
		if (*allowed == code)
			return true;
	return code == 0;
}

/* snprintf() needs no memory for these. */
static void tell(const char *file, int line, const char *text, int code)
{
	if (atomic_exchange(&wrong, true))
		return;
	(void)snprintf(words, sizeof(words), "%s:%d: %s: %d", file, line, text, code);
	atomic_store(&told, true);
}

static bool fails(void)
{
	const int *allowed = atomic_load(&allowed_now);

	return allowed != NULL && *allowed != 0;
}

int verdict_said(const char *file, int line, const char *text, int code, int other)
{
	if (!verdict_allows(code) && !(code == other && fails()))
		tell(file, line, text, code);
	return code;
}

void verdict_expect(const char *file, int line, const char *text, bool holds)
{
	if (!holds)
		tell(file, line, text, 0);
}

const char *verdict(void)
{
	if (!atomic_load(&wrong))
		return NULL;
	while (!atomic_load(&told))
		continue;
	return words;
}
