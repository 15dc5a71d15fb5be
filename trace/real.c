/*
 * Writing is the free-format algorithm of Steele and White (1990) as Burger and Dybvig have it
 * ("Printing Floating-Point Numbers Quickly and Accurately", 1996), on whole numbers of any
 * size: no floating-point arithmetic, so no rounding mode, can touch it.  Where two shortest
 * decimals are equally near it takes the even digit, as David Gay's dtoa() in Python does.
 */
#define _GNU_SOURCE
#include "trace/real.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ------------------------------------------------------------------------- */

int real_read(struct real_scope *scope, const char *text, double *ret_value)
{
	if (!scope->entered) {
		scope->entered = true;
		(void)fegetenv(&scope->saved);
		(void)fesetenv(FE_DFL_ENV); /* rounding to nearest, no traps */
	}
	*ret_value = strtod_l(text, NULL, scope->c_locale);
	return isinf(*ret_value) ? -ERANGE : 0;
}

void real_scope_leave(struct real_scope *scope)
{
	if (scope->entered)
		(void)fesetenv(&scope->saved);
}

/* ---- whole numbers of any size ------------------------------------------------------- */

/* The largest here is below 2^1200: 2^53 times 10^324, or 10^309. */
enum { WORDS = 40 };

/* Lowest word first; the highest is not 0. */
struct whole {
	unsigned n;
	uint32_t words[WORDS];
};

static void whole_set(struct whole *a, uint64_t value)
{
	a->n = 0;
	for (; value != 0; value >>= 32)
		a->words[a->n++] = (uint32_t)value;
}

static void whole_multiply(struct whole *a, uint32_t factor)
{
	uint64_t carry = 0;

	for (unsigned i = 0; i < a->n; i++) {
		carry += (uint64_t)a->words[i] * factor;
		a->words[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry != 0)
		a->words[a->n++] = (uint32_t)carry;
}

static void whole_shift(struct whole *a, unsigned bits)
{
	unsigned words = bits / 32;

	if (a->n == 0)
		return;
	memmove(a->words + words, a->words, a->n * sizeof(a->words[0]));
	memset(a->words, 0, words * sizeof(a->words[0]));
	a->n += words;
	whole_multiply(a, (uint32_t)1 << bits % 32);
}

static void whole_multiply_power_of_ten(struct whole *a, unsigned power)
{
	unsigned left = power;

	for (; left >= 13; left -= 13)
		whole_multiply(a, 1220703125); /* 5^13 */
	for (; left > 0; left--)
		whole_multiply(a, 5);
	whole_shift(a, power);
}

static int whole_compare(const struct whole *a, const struct whole *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (unsigned i = a->n; i > 0; i--)
		if (a->words[i - 1] != b->words[i - 1])
			return a->words[i - 1] < b->words[i - 1] ? -1 : 1;
	return 0;
}

/* Compare A + B to C. */
static int whole_compare_sum(const struct whole *a, const struct whole *b, const struct whole *c)
{
	struct whole sum;
	unsigned n = a->n > b->n ? a->n : b->n;
	uint64_t carry = 0;

	if (n > c->n)
		return 1;
	for (unsigned i = 0; i < n; i++) {
		carry += i < a->n ? a->words[i] : 0;
		carry += i < b->n ? b->words[i] : 0;
		sum.words[i] = (uint32_t)carry;
		carry >>= 32;
	}
	sum.n = n;
	if (carry != 0)
		sum.words[sum.n++] = (uint32_t)carry;
	return whole_compare(&sum, c);
}

/* A -= B * FACTOR, which is no more than A. */
static void whole_subtract(struct whole *a, const struct whole *b, uint32_t factor)
{
	uint64_t carry = 0;

	for (unsigned i = 0; i < a->n; i++) {
		carry += i < b->n ? (uint64_t)b->words[i] * factor : 0;
		uint32_t low = (uint32_t)carry;
		carry >>= 32;
		carry += a->words[i] < low;
		a->words[i] -= low;
	}
	while (a->n > 0 && a->words[a->n - 1] == 0)
		a->n--;
}

/* A %= B, and the quotient, which is below 10. */
static uint32_t whole_divide(struct whole *a, const struct whole *b)
{
	uint32_t quotient = 0;

	/* From the highest words, rounded down; it may be too small, never too large. */
	if (a->n > 0 && a->n >= b->n && b->words[b->n - 1] != UINT32_MAX) {
		uint64_t high = a->words[a->n - 1];

		if (a->n > b->n)
			high = high << 32 | a->words[a->n - 2];
		quotient = (uint32_t)(high / ((uint64_t)b->words[b->n - 1] + 1));
		whole_subtract(a, b, quotient);
	}
	for (; whole_compare(a, b) >= 0; quotient++)
		whole_subtract(a, b, 1);
	return quotient;
}

/* ---- the shortest digits ------------------------------------------------------------- */

enum { DIGITS_MAX = 17, FRACTION_BITS = 52, EXPONENT_LEAST = -1074 };

/* 0.DIGITS times 10^POINT. */
struct decimal {
	char digits[DIGITS_MAX];
	int n, point;
};

/* A value, and half the way to its neighbours, each over SCALE.  The bounds themselves are
 * read as the value if its fraction is EVEN. */
struct gap {
	struct whole value, above, below, scale;
	bool even;
};

/* FRACTION * 2^EXPONENT. */
static void gap_set(struct gap *gap, uint64_t fraction, int exponent)
{
	/* Below a power of two, numbers lie twice as close. */
	bool narrow = fraction == (uint64_t)1 << FRACTION_BITS && exponent > EXPONENT_LEAST;
	unsigned up = exponent > 0 ? (unsigned)exponent : 0;
	unsigned down = exponent < 0 ? (unsigned)-exponent : 0;

	whole_set(&gap->value, fraction);
	whole_shift(&gap->value, up + 1 + narrow);
	whole_set(&gap->scale, 1);
	whole_shift(&gap->scale, down + 1 + narrow);
	whole_set(&gap->above, 1);
	whole_shift(&gap->above, up + narrow);
	whole_set(&gap->below, 1);
	whole_shift(&gap->below, up);
	gap->even = fraction % 2 == 0;
}

static void gap_multiply(struct gap *gap, unsigned power)
{
	whole_multiply_power_of_ten(&gap->value, power);
	whole_multiply_power_of_ten(&gap->above, power);
	whole_multiply_power_of_ten(&gap->below, power);
}

static void gap_multiply_by_ten(struct gap *gap)
{
	whole_multiply(&gap->value, 10);
	whole_multiply(&gap->above, 10);
	whole_multiply(&gap->below, 10);
}

static bool reaches_one(const struct gap *gap)
{
	return whole_compare_sum(&gap->value, &gap->above, &gap->scale) >= (gap->even ? 0 : 1);
}

static bool reaches_zero(const struct gap *gap)
{
	return whole_compare(&gap->value, &gap->below) < (gap->even ? 1 : 0);
}

/* Scale GAP so that its next digit is the first one; return where the point is. */
static int gap_normalize(struct gap *gap, uint64_t fraction, int exponent)
{
	int bits = 64 - __builtin_clzll(fraction);
	/* The floor of the logarithm's lower bound: right, or one too small. */
	int point = ((exponent + bits - 1) * 78913 >> 18) + 1;

	if (point > 0)
		whole_multiply_power_of_ten(&gap->scale, (unsigned)point);
	else
		gap_multiply(gap, (unsigned)-point);
	if (reaches_one(gap))
		return point + 1;
	gap_multiply_by_ten(gap);
	return point;
}

/* The last digit is DIGIT or the next one, whichever is nearer. */
static uint32_t round_last(const struct gap *gap, uint32_t digit, bool low, bool high)
{
	int half = whole_compare_sum(&gap->value, &gap->value, &gap->scale);

	if (low && high)
		return digit + (half > 0 || (half == 0 && digit % 2 == 1));
	return digit + high;
}

static void find_digits(struct decimal *decimal, uint64_t fraction, int exponent)
{
	struct gap gap;
	uint32_t digit;
	bool low, high;

	gap_set(&gap, fraction, exponent);
	decimal->point = gap_normalize(&gap, fraction, exponent);
	for (decimal->n = 0;;) {
		digit = whole_divide(&gap.value, &gap.scale);
		low = reaches_zero(&gap);
		high = reaches_one(&gap);
		if (low || high)
			break;
		decimal->digits[decimal->n++] = (char)('0' + digit);
		gap_multiply_by_ten(&gap);
	}
	digit = round_last(&gap, digit, low, high);
	decimal->digits[decimal->n++] = (char)('0' + digit);
}

/* ---- their form ---------------------------------------------------------------------- */

static char *put_bytes(char *at, const char *bytes, int n)
{
	memcpy(at, bytes, (size_t)n);
	return at + n;
}

static char *put_zeros(char *at, int n)
{
	memset(at, '0', (size_t)n);
	return at + n;
}

static char *put_exponent(char *at, int exponent)
{
	int left = exponent < 0 ? -exponent : exponent;

	*at++ = 'e';
	*at++ = exponent < 0 ? '-' : '+';
	if (left >= 100)
		*at++ = (char)('0' + left / 100);
	*at++ = (char)('0' + left / 10 % 10);
	*at++ = (char)('0' + left % 10);
	return at;
}

static char *put_scientific(char *at, const struct decimal *decimal)
{
	*at++ = decimal->digits[0];
	if (decimal->n > 1) {
		*at++ = '.';
		at = put_bytes(at, decimal->digits + 1, decimal->n - 1);
	}
	return put_exponent(at, decimal->point - 1);
}

static char *put_fixed(char *at, const struct decimal *decimal)
{
	int n = decimal->n, point = decimal->point;

	if (point <= 0) {
		at = put_bytes(at, "0.", 2);
		at = put_zeros(at, -point);
		return put_bytes(at, decimal->digits, n);
	}
	if (point >= n) {
		at = put_bytes(at, decimal->digits, n);
		at = put_zeros(at, point - n);
		return put_bytes(at, ".0", 2);
	}
	at = put_bytes(at, decimal->digits, point);
	*at++ = '.';
	return put_bytes(at, decimal->digits + point, n - point);
}

size_t real_write(double value, char ret_text[REAL_BYTES])
{
	struct decimal decimal = {.digits = "0", .n = 1, .point = 1};
	uint64_t bits, fraction;
	char *at = ret_text;
	int exponent;

	memcpy(&bits, &value, sizeof(bits));
	exponent = (int)(bits >> FRACTION_BITS & 0x7ff);
	fraction = bits & (((uint64_t)1 << FRACTION_BITS) - 1);
	if (bits >> 63 != 0)
		*at++ = '-';
	if (exponent > 0)
		fraction |= (uint64_t)1 << FRACTION_BITS;
	else
		exponent = 1; /* subnormal, or 0 */
	if (fraction != 0)
		find_digits(&decimal, fraction, exponent - 1 + EXPONENT_LEAST);
	at = decimal.point > -4 && decimal.point <= 16 ? put_fixed(at, &decimal)
	                                               : put_scientific(at, &decimal);
	return (size_t)(at - ret_text);
}
