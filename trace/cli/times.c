#include "trace/cli/times.h"

#include <stdio.h>
#include <time.h>

#define SECOND INT64_C(1000000000)

/* The calendar's time, and the nanoseconds above it: rounded down, before 1970 too. */
static long split(bothy_wall wall, struct tm *ret_tm)
{
	int64_t ns = wall % SECOND;
	time_t seconds = (time_t)(wall / SECOND);

	if (ns < 0) {
		ns += SECOND;
		seconds--;
	}
	(void)gmtime_r(&seconds, ret_tm);
	return (long)ns;
}

void time_exact(bothy_wall wall, char ret_text[TIME_BYTES])
{
	struct tm tm;
	long ns = split(wall, &tm);
	size_t n = strftime(ret_text, TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);

	(void)snprintf(ret_text + n, TIME_BYTES - n, ".%09ldZ", ns);
}

void time_short(bothy_wall wall, char ret_text[TIME_BYTES])
{
	struct tm tm;

	(void)split(wall, &tm);
	(void)strftime(ret_text, TIME_BYTES, "%Y-%m-%d %H:%M:%S", &tm);
}

enum { DIGITS_BYTES = 32 };

/* A value and its unit, with three digits that count. */
static void three_digits(double value, const char *unit, char ret_text[DIGITS_BYTES])
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	(void)snprintf(ret_text, DIGITS_BYTES, "%.*f%s", decimals, value, unit);
}

/* Two units, of a minute and more. */
static void two_units(uint64_t seconds, char ret_text[DIGITS_BYTES])
{
	uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (hours == 0)
		(void)snprintf(ret_text, DIGITS_BYTES, "%um%02us", (unsigned)minutes,
		               (unsigned)(seconds % 60));
	else if (days == 0)
		(void)snprintf(ret_text, DIGITS_BYTES, "%uh%02um", (unsigned)hours,
		               (unsigned)(minutes % 60));
	else
		(void)snprintf(ret_text, DIGITS_BYTES, "%ud%02uh", (unsigned)days,
		               (unsigned)(hours % 24));
}

void time_span(int64_t ns, char ret_text[TIME_BYTES])
{
	/* Below 0: the clock was set back. */
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	char digits[DIGITS_BYTES];

	if (size < 1000)
		(void)snprintf(digits, sizeof(digits), "%uns", (unsigned)size);
	else if (size < 999500)
		three_digits((double)size / 1e3, "µs", digits);
	else if (size < 999500000)
		three_digits((double)size / 1e6, "ms", digits);
	else if (size < 60 * (uint64_t)SECOND)
		three_digits((double)size / 1e9, "s", digits);
	else
		two_units(size / (uint64_t)SECOND, digits);
	(void)snprintf(ret_text, TIME_BYTES, "%s%s", ns < 0 ? "-" : "", digits);
}
