#include "api/check.h"

#include <errno.h>
#include <string.h>

enum { LARGEST = 4096 };

static bool is_zero(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

int check_copy(void *ret, size_t known, size_t first, const void *given)
{
	size_t size = *(const size_t *)given;

	if (size < first)
		return -EINVAL;
	if (size > known &&
	    (size > LARGEST || !is_zero((const char *)given + known, size - known)))
		return -E2BIG;
	memset(ret, 0, known);
	memcpy(ret, given, size < known ? size : known);
	return 0;
}

int check_size(size_t given, size_t first)
{
	return given < first ? -EINVAL : 0;
}

void check_give(void *ret, const void *from, size_t known)
{
	size_t size = *(const size_t *)ret;

	memcpy(ret, from, size < known ? size : known);
	*(size_t *)ret = size;
}

bool check_fallback(enum bothy_ref_fallback fallback)
{
	switch (fallback) {
	case BOTHY_REFS_SAME_PROJECT:
	case BOTHY_REFS_ANY:
	case BOTHY_REFS_NONE:
		return true;
	}
	return false;
}
