/*
 * JSON: what is refused and how that is told, and that nothing of the caller's makes a difference
 * or is changed.  That texts are those of Python is for test_python_digest.sh to show.
 */
#include <errno.h>
#include <fenv.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/pool_fixture.h"
#include "tests/support.h"
#include "trace/error.h"
#include "trace/json.h"

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

static int canonical_of(const char *json, struct json_text *ret_text)
{
	return json_canonical("value", json, strlen(json), JSON_SHAPE_ANY, ret_text);
}

static void assert_canonical(const char *json, const char *expected)
{
	struct json_text text;

	ck_assert_int_eq(canonical_of(json, &text), 0);
	ck_assert_str_eq(text.text, expected);
	ck_assert_uint_eq(text.bytes, strlen(expected));
	free(text.text);
}

static void assert_refused(const char *json, const char *why)
{
	struct json_text text;

	ck_assert_int_eq(canonical_of(json, &text), -EINVAL);
	ck_assert_str_eq(trace_error(), why);
}

/* OPEN N times, MIDDLE, then CLOSE N times; malloc'd. */
static char *nest(const char *open, const char *middle, const char *close, size_t n)
{
	size_t opens = strlen(open) * n, closes = strlen(close) * n;
	char *text = malloc(opens + strlen(middle) + closes + 1), *at = text;

	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, open);
	at = stpcpy(at, middle);
	*at = '\0';
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, close);
	return text;
}

/* ---- texts --------------------------------------------------------------------------- */

START_TEST(members_stand_in_the_order_of_code_points)
{
	/* In UTF-16 the last two would change places. */
	assert_canonical(
		"{\"\xf0\x90\x80\x80\":4,\"b\":1, \"a\":0,\"\xef\xbf\xbf\":3,\"\xc3\xa9\":2,\"\":[]}",
		"{\"\": [], \"a\": 0, \"b\": 1, \"\\u00e9\": 2, \"\\uffff\": 3, "
		"\"\\ud800\\udc00\": 4}");
}
END_TEST

START_TEST(a_scalar_is_a_value)
{
	assert_canonical(" null ", "null");
	assert_canonical("true", "true");
	assert_canonical("false", "false");
	assert_canonical("-0", "0");
	assert_canonical("-0.0", "-0.0");
	assert_canonical("1e16", "1e+16");
	assert_canonical("0.00001", "1e-05");
	assert_canonical("\"\\u0000\\u007f/\"", "\"\\u0000\\u007f/\"");
	assert_canonical("-9223372036854775808", "-9223372036854775808");
}
END_TEST

START_TEST(an_error_tells_what_is_wrong_and_where)
{
	static const struct {
		const char *json, *why;
	} cases[] = {
		{"", "value: line 1, column 1: the text ends where there must be a value"},
		{"\n  nul", "value: line 2, column 3: there must be a value"},
		{"{\"a\":1,\n \"a\":2}",
	         "value: line 2, column 2: the key \"a\" stands here twice"},
		{"{\"a\":1,\n \"a\":[]}",
	         "value: line 2, column 2: the key \"a\" stands here twice"},
		{"{\"a\\u0000\":1}", "value: line 1, column 2: this key has a NUL in it"},
		{"[\"\xc3\xa9\", \"\\ud83d\"]",
	         "value: line 1, column 8: half a surrogate pair, \\ud83d, stands alone"},
		{"\"\\udc00\\ud800\"",
	         "value: line 1, column 2: half a surrogate pair, \\udc00, stands alone"},
		{"[1, NaN]", "value: line 1, column 5: JSON has no NaN and no Infinity"},
		{"-Infinity", "value: line 1, column 1: JSON has no NaN and no Infinity"},
		{"[1e999]", "value: line 1, column 2: this number is larger than any double"},
		{"[9223372036854775808]",
	         "value: line 1, column 2: this integer has more than 64 bits"},
		{"-9223372036854775809",
	         "value: line 1, column 1: this integer has more than 64 bits"},
		{"[01]", "value: line 1, column 2: a number may not begin with 0"},
		{"[1.]", "value: line 1, column 4: there must be a digit"},
		{"-", "value: line 1, column 2: the text ends where there must be a digit"},
		{"[1 2]", "value: line 1, column 4: there must be a comma or ]"},
		{"{\"a\":1",
	         "value: line 1, column 7: the text ends where there must be a comma or }"},
		{"{\"a\":1,}", "value: line 1, column 8: there must be a key, in double quotes"},
		{"{\"a\" 1}", "value: line 1, column 6: there must be a colon"},
		{"[1,]", "value: line 1, column 4: there must be a value"},
		{"1 2", "value: line 1, column 3: the value has ended, and there is more"},
		{"\"a", "value: line 1, column 3: the text ends inside a string"},
		{"\"a\tb\"",
	         "value: line 1, column 3: a control character in a string must be written \\u0009"},
		{"\"\\x\"", "value: line 1, column 2: this escape does not exist"},
		{"\"a\xff\"", "value: line 1, column 3: this is not UTF-8"},
	};

	for (size_t i = 0; i < SIZE(cases); i++)
		assert_refused(cases[i].json, cases[i].why);
}
END_TEST

START_TEST(an_object_may_be_asked_for)
{
	json_t *value;

	ck_assert_int_eq(json_read("inputs", "{}", 2, JSON_SHAPE_OBJECT, &value), 0);
	json_decref(value);
	ck_assert_int_eq(json_read("inputs", "[{}]", 4, JSON_SHAPE_OBJECT, &value), -EINVAL);
	ck_assert_str_eq(trace_error(), "inputs must be an object, and is a list");
}
END_TEST

START_TEST(a_text_of_a_mebibyte_is_read_and_a_longer_one_is_not)
{
	size_t n = BOTHY_VALUE_MAX;
	char *json = malloc(n + 1);
	struct json_text text;

	memset(json, 'x', n + 1);
	json[0] = json[n - 1] = '"';
	ck_assert_int_eq(json_canonical("value", json, n, JSON_SHAPE_ANY, &text), 0);
	ck_assert_uint_eq(text.bytes, n);
	free(text.text);
	ck_assert_int_eq(json_canonical("value", json, n + 1, JSON_SHAPE_ANY, &text), -EMSGSIZE);
	ck_assert_str_eq(trace_error(), "value: 1048577 bytes, and at most 1048576 are allowed");
	/* Its canonical text is longer than itself. */
	json[n / 2] = 0x7f;
	ck_assert_int_eq(json_canonical("value", json, n, JSON_SHAPE_ANY, &text), -EMSGSIZE);
	free(json);
}
END_TEST

/* ---- the same as jansson's own reader ------------------------------------------------ */

static uint64_t dice = 88172645463325252u;

/* xorshift64 (Marsaglia, 2003). */
static size_t roll(size_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (size_t)(dice % sides);
}

static void assert_as_jansson(const char *json, size_t n)
{
	json_t *theirs = json_loadb(
		json, n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	json_t *ours = NULL;
	int error = json_read("value", json, n, JSON_SHAPE_ANY, &ours);

	if ((error == 0) != (theirs != NULL))
		ck_abort_msg("<%.*s> is %d (%s)", (int)n, json, error, trace_error());
	if (error == 0)
		ck_assert(json_equal(ours, theirs));
	json_decref(ours);
	json_decref(theirs);
}

START_TEST(what_is_accepted_is_what_jansson_accepts)
{
	static const char seed[] =
		"{\"a\": [1, -2.5e+3, \"\\ud83d\\ude00\\n\xc3\xa9\xe2\x82\xac\"], "
		"\"b\\u0041\": {\"\": null}, \"c\":\t[true, false, -0, 0.1E1, []]}";
	static const char bytes[] = "{}[],:\"\\u0d8ceE+-.19 \n\tnatl\xc3\xa9\xed\xa0\x80\xf0\x90";
	char json[sizeof(seed) + 8];

	for (int i = 0; i < 200000; i++) {
		size_t n = sizeof(seed) - 1;

		memcpy(json, seed, n);
		for (size_t left = 1 + roll(4); left > 0; left--) {
			size_t at = roll(n);

			if (roll(3) == 0)
				memmove(json + at, json + at + 1, --n - at);
			else
				json[at] = bytes[roll(sizeof(bytes) - 1)];
		}
		assert_as_jansson(json, roll(8) == 0 ? roll(n) : n);
	}
}
END_TEST

START_TEST(what_is_not_utf8_is_refused_as_jansson_does)
{
	static const unsigned char next[] = {0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0};
	char json[] = "\"....\"";

	for (int first = 0x80; first <= 0xff; first++)
		for (size_t i = 0; i < SIZE(next) * SIZE(next) * SIZE(next); i++) {
			json[1] = (char)first;
			json[2] = (char)next[i % SIZE(next)];
			json[3] = (char)next[i / SIZE(next) % SIZE(next)];
			json[4] = (char)next[i / SIZE(next) / SIZE(next)];
			assert_as_jansson(json, sizeof(json) - 1);
		}
}
END_TEST

START_TEST(a_nul_byte_is_no_space)
{
	json_t *value;

	ck_assert_int_eq(json_read("value", "[1\0]", 4, JSON_SHAPE_ANY, &value), -EINVAL);
	ck_assert_int_eq(json_read("value", "1\0", 2, JSON_SHAPE_ANY, &value), -EINVAL);
	ck_assert_int_eq(json_read("value", "\0", 1, JSON_SHAPE_ANY, &value), -EINVAL);
}
END_TEST

START_TEST(values_stand_in_each_other_as_deep_as_jansson_allows)
{
	for (size_t n = 2046; n < 2050; n++) {
		char *lists = nest("[", "1", "]", n), *empty = nest("[", "", "]", n);
		char *objects = nest("{\"a\":", "{}", "}", n);

		assert_as_jansson(lists, strlen(lists));
		assert_as_jansson(empty, strlen(empty));
		assert_as_jansson(objects, strlen(objects));
		free(lists);
		free(empty);
		free(objects);
	}
}
END_TEST

/* ---- what is the caller's ------------------------------------------------------------ */

static const char reals[] = "[0.1, 1e23, 5e-324, 2.5, 1.7976931348623157e308, 0.30000000000000004]";
static const char reals_text[] =
	"[0.1, 1e+23, 5e-324, 2.5, 1.7976931348623157e+308, 0.30000000000000004]";

START_TEST(the_rounding_mode_makes_no_difference_and_is_kept)
{
	static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO, FE_TONEAREST};

	for (size_t i = 0; i < SIZE(modes); i++) {
		struct json_text text;
		int error, mode, flags;

		(void)fesetround(modes[i]);
		(void)feclearexcept(FE_ALL_EXCEPT);
		(void)feraiseexcept(FE_DIVBYZERO);
		error = canonical_of(reals, &text);
		mode = fegetround();
		flags = fetestexcept(FE_ALL_EXCEPT);
		(void)fesetround(FE_TONEAREST);
		ck_assert_int_eq(error, 0);
		ck_assert_int_eq(mode, modes[i]);
		ck_assert_int_eq(flags, FE_DIVBYZERO);
		ck_assert_str_eq(text.text, reals_text);
		free(text.text);
	}
}
END_TEST

/* Make a locale in a folder of this test's, where the system has what that takes; and whether
 * there is one now.  Of the German one, which is there to copy, it takes a hundred times as long. */
static bool make_locale(const char *folder)
{
	char command[400];

	(void)snprintf(command, sizeof(command),
	               "printf 'LC_NUMERIC\\ndecimal_point \"<U002C>\"\\nthousands_sep \"\"\\n"
	               "grouping -1\\nEND LC_NUMERIC\\n' >%s/source && "
	               "localedef --force -i %s/source -f ANSI_X3.4-1968 %s/comma >%s/log 2>&1",
	               folder, folder, folder, folder);
	(void)system(command); /* it says that the other categories are missing */
	if (setenv("LOCPATH", folder, 1) == 0 && setlocale(LC_NUMERIC, "comma") != NULL)
		return true;
	printf("no locale with a decimal comma could be made: localedef, locales?\n");
	return false;
}

static bool reals_are_right(void)
{
	struct json_text text;
	bool right;

	if (canonical_of(reals, &text) < 0)
		return false;
	right = strcmp(text.text, reals_text) == 0;
	free(text.text);
	return right;
}

/* In a child, for the C library loses a block with LOCPATH: how many things are wrong. */
static int read_with_commas(void *folder)
{
	locale_t commas;
	int wrong = 0;

	if (!make_locale(folder))
		return support_is_emulated() ? 0 : 100;
	wrong += strcmp(localeconv()->decimal_point, ",") != 0;
	wrong += !reals_are_right();
	(void)setlocale(LC_NUMERIC, "C");
	commas = newlocale(LC_NUMERIC_MASK, "comma", NULL);
	(void)uselocale(commas);
	wrong += strcmp(localeconv()->decimal_point, ",") != 0;
	wrong += !reals_are_right();
	wrong += uselocale(NULL) != commas;
	return wrong;
}

START_TEST(a_locale_with_a_decimal_comma_makes_no_difference)
{
	char folder[] = "/tmp/test_json.XXXXXX", command[64];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(support_in_child(read_with_commas, folder), 0);
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(errno_is_left_alone)
{
	errno = EDOM;
	assert_canonical("[1e-400]", "[0.0]");
	ck_assert_int_eq(errno, EDOM);
	assert_refused("[1e400]", "value: line 1, column 2: this number is larger than any double");
	ck_assert_int_eq(errno, EDOM);
}
END_TEST

/* ---- the stack ----------------------------------------------------------------------- */

/* Run FN(ARG) on a stack of BYTES, and say how many of them were written to. */
static size_t stack_used(void *(*fn)(void *), void *arg, size_t bytes)
{
	unsigned char *stack =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attributes;
	pthread_t thread;
	size_t untouched = 0;

	ck_assert_ptr_ne(stack, MAP_FAILED);
	memset(stack, 0xa5, bytes);
	ck_assert_int_eq(pthread_attr_init(&attributes), 0);
	ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, bytes), 0);
	ck_assert_int_eq(pthread_create(&thread, &attributes, fn, arg), 0);
	ck_assert_ptr_null(support_join(thread));
	(void)pthread_attr_destroy(&attributes);
	while (untouched < bytes && stack[untouched] == 0xa5)
		untouched++;
	ck_assert_int_eq(munmap(stack, bytes), 0);
	return bytes - untouched;
}

/* The least that a pool's thread has: 64 KiB, or what the system wants (aarch64's glibc: 128). */
static size_t least_stack(void)
{
	long wanted = sysconf(_SC_THREAD_STACK_MIN);

	return wanted > 64 << 10 ? (size_t)wanted : 64 << 10;
}

static void *release_value(void *value)
{
	json_decref(value);
	return NULL;
}

/* How much stack the release of that value takes. */
static size_t stack_to_release(const char *open, const char *close, size_t depth)
{
	char *json = nest(open, "1", close, depth);
	json_t *value;

	ck_assert_int_eq(json_read("value", json, strlen(json), JSON_SHAPE_ANY, &value), 0);
	free(json);
	return stack_used(release_value, value, 4 << 20);
}

START_TEST(a_level_takes_no_more_stack_than_was_assumed)
{
	/* STACK_BYTES_PER_LEVEL in trace/json_read.c. */
	size_t lists = stack_to_release("[", "]", 2000) - stack_to_release("[", "]", 1000);
	size_t objects =
		stack_to_release("{\"a\":", "}", 2000) - stack_to_release("{\"a\":", "}", 1000);

	printf("a level takes %zu bytes of stack in lists, %zu in objects\n", lists / 1000,
	       objects / 1000);
	ck_assert_uint_le(lists / 1000, 256);
	ck_assert_uint_le(objects / 1000, 256);
}
END_TEST

/* A stack: what it can't hold is refused, and what is not refused it can hold.  The deepest
 * that was read goes to *ARG. */
static void *read_deeper_and_deeper(void *arg)
{
	size_t *deepest = arg;
	struct json_text text;
	int error = 0;

	/* Each depth where a small stack ends, and the most that there may be; some between. */
	for (size_t depth = 1, step = 1; error == 0; depth += step) {
		char *json = nest("{\"a\":", "1", "}", depth);

		error = json_canonical("value", json, strlen(json), JSON_SHAPE_ANY, &text);
		free(json);
		if (error == 0) {
			*deepest = depth;
			free(text.text);
		}
		step = depth < 512 || depth > JSON_DEPTH_MAX - 64 ? 1 : 31;
	}
	return error == -EINVAL ? NULL : arg;
}

START_TEST(what_would_overflow_the_stack_is_refused)
{
	size_t bytes = least_stack(), small = 0, large = 0;

	(void)stack_used(read_deeper_and_deeper, &small, bytes);
	(void)stack_used(read_deeper_and_deeper, &large, 4 << 20);
	printf("depth %zu in %zu KiB, %zu in 4 MiB\n", small, bytes >> 10, large);
	ck_assert_uint_ge(small, bytes >> 10);
	ck_assert_uint_lt(small, bytes >> 8);
	ck_assert_uint_eq(large, JSON_DEPTH_MAX - 1);
}
END_TEST

static void *write_value(void *value)
{
	struct json_text text;
	int error = json_write(value, &text);

	if (error == 0)
		free(text.text);
	return error == 0 ? NULL : value;
}

START_TEST(any_depth_is_written_on_a_small_stack)
{
	enum { DEPTH = 30000 };
	json_t **levels = calloc(DEPTH, sizeof(levels[0]));

	for (size_t i = 0; i < DEPTH; i++) {
		levels[i] = json_array();
		ck_assert_ptr_nonnull(levels[i]);
		if (i > 0)
			ck_assert_int_eq(json_array_append(levels[i], levels[i - 1]), 0);
	}
	(void)stack_used(write_value, levels[DEPTH - 1], least_stack());
	/* From outside, while each is held: nothing recurses. */
	for (size_t i = DEPTH; i > 0; i--)
		json_decref(levels[i - 1]);
	free(levels);
}
END_TEST

/* ---- memory -------------------------------------------------------------------------- */

/* This file's malloc and free are those that fail on request. */
static void *allocate(size_t bytes)
{
	return malloc(bytes);
}

static void release(void *block)
{
	free(block);
}

static void fail_each_allocation(const char *json, int end)
{
	long live = support_live_allocations();
	unsigned long n = 0;
	bool failed = true;

	while (failed) {
		struct json_text text;
		int error;

		support_fail_allocation(++n);
		error = canonical_of(json, &text);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : end);
		if (failed)
			ck_assert_str_eq(trace_error(), "value: out of memory");
		if (error == 0)
			free(text.text);
		ck_assert_int_eq(support_live_allocations(), live);
	}
	ck_assert_uint_gt(n, 5);
}

START_TEST(each_allocation_may_fail)
{
	char *deep = nest("[{\"key\": ", "\"\\n\"", "}]", 40);
	char long_string[1000];

	/* Longer than the first block that it is decoded into. */
	(void)snprintf(long_string, sizeof(long_string), "[[[[\"\\n%0600d\"]]]]", 1);
	json_set_alloc_funcs(allocate, release);
	fail_each_allocation(
		"{\"b\\u0062 a long key, that will not fit into sixteen bytes\": [1, "
		"\"a string that has more than sixteen bytes\\t\", null, {}], "
		"\"a\": 0.12345678901234567890123456789, \"c\": {\"d\": [[]]}, "
		"\"e\": 1, \"f\": 1, \"g\": 1, \"h\": 1, \"i\": 1, \"j\": [1, 2, 3, 4, "
		"5, 6, 7, 8, 9, 10]}",
		0);
	fail_each_allocation("[{\"a\": [1, 2.5, \"x\\n\", {\"a\": 1, \"a\": {}}]}]", -EINVAL);
	fail_each_allocation(deep, 0);
	fail_each_allocation(long_string, 0);
	free(deep);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		members_stand_in_the_order_of_code_points,
		a_scalar_is_a_value,
		an_error_tells_what_is_wrong_and_where,
		an_object_may_be_asked_for,
		a_text_of_a_mebibyte_is_read_and_a_longer_one_is_not,
		what_is_accepted_is_what_jansson_accepts,
		what_is_not_utf8_is_refused_as_jansson_does,
		a_nul_byte_is_no_space,
		values_stand_in_each_other_as_deep_as_jansson_allows,
		the_rounding_mode_makes_no_difference_and_is_kept,
		a_locale_with_a_decimal_comma_makes_no_difference,
		errno_is_left_alone,
		a_level_takes_no_more_stack_than_was_assumed,
		what_would_overflow_the_stack_is_refused,
		any_depth_is_written_on_a_small_stack,
		each_allocation_may_fail,
	};

	return run_suite("json", tests, SIZE(tests));
}
