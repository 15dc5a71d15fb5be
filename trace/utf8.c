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

/* The same for any character. */
static size_t any_length(const unsigned char *at, const unsigned char *end)
{
	return at[0] < 0x80 ? 1 : utf8_length(at, end);
}

bool utf8_is_right(const char *text)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
	size_t n = 1;

	while (at < end && n > 0) {
		n = any_length(at, end);
		at += n;
	}
	return n > 0;
}

size_t utf8_mend(const char *text, char *ret, size_t room)
{
	static const char unknown[] = "\xef\xbf\xbd";
	const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
	size_t all = 0, written = 0;

	while (at < end) {
		size_t taken = any_length(at, end);
		size_t n = taken > 0 ? taken : sizeof(unknown) - 1;

		if (written == all && n < room - written) {
			memcpy(ret + written, taken > 0 ? (const char *)at : unknown, n);
			written += n;
		}
		all += n;
		at += taken > 0 ? taken : 1;
	}
	if (room > 0)
		ret[written] = '\0';
	return all;
}
