#include "trace/utf8.h"

#include <string.h>

size_t utf8_length(const unsigned char *at, const unsigned char *end)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;

	if (at[0] < 0xc2 || at[0] > 0xf4 || (size_t)(end - at) < n)
		return 0;
	if (at[0] == 0xe0)
		low = 0xa0; /* no longer than needed */
	if (at[0] == 0xed)
		high = 0x9f; /* no surrogates */
	if (at[0] == 0xf0)
		low = 0x90;
	if (at[0] == 0xf4)
		high = 0x8f; /* up to U+10FFFF */
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Where what is at AT stops to be UTF-8, or END. */
static const unsigned char *skip_good(const unsigned char *at, const unsigned char *end)
{
	while (at < end) {
		size_t bytes = *at < 0x80 ? 1 : utf8_length(at, end);

		if (bytes == 0)
			break;
		at += bytes;
	}
	return at;
}

bool utf8_is(const char *text)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);

	return skip_good(at, end) == end;
}

void utf8_mend(char *text)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);

	while ((at = skip_good(at, end)) < end)
		text[(const char *)at++ - text] = '?';
}
