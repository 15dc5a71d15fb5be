#include "trace/sqlite/id.h"

#include <string.h>

static const char pattern[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
static const char digits[] = "0123456789abcdef";

/* -1 for what is no hex digit in lower case. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool id_pack(const char *text, unsigned char ret_id[ID_BYTES])
{
	unsigned n = 0;

	for (unsigned i = 0; i < sizeof(pattern); i++) {
		int value = digit(text[i]);

		if (pattern[i] != 'x') {
			if (text[i] != pattern[i])
				return false;
			continue;
		}
		if (value < 0)
			return false;
		ret_id[n / 2] = (unsigned char)(n % 2 == 0 ? value << 4 : ret_id[n / 2] | value);
		n++;
	}
	return true;
}

void id_unpack(const unsigned char id[ID_BYTES], char ret_text[ID_TEXT_BYTES])
{
	unsigned n = 0;

	memcpy(ret_text, pattern, sizeof(pattern));
	for (unsigned i = 0; pattern[i] != '\0'; i++) {
		if (pattern[i] != 'x')
			continue;
		ret_text[i] = digits[n % 2 == 0 ? id[n / 2] >> 4 : id[n / 2] & 15];
		n++;
	}
}
