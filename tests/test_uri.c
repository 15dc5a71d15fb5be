/*
 * Ref values and their URIs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "refs/ref.h"
#include "tests/pool_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bothy_ref *parse(const char *uri)
{
	bothy_ref *ref = NULL;

	ck_assert_msg(bothy_ref_parse(uri, &ref) == 0, "refused: %s", uri);
	return ref;
}

static void check_format(const bothy_ref *ref, const char *expected)
{
	char text[256];

	ck_assert_int_eq(bothy_ref_format(ref, text, sizeof(text)), (int)strlen(expected));
	ck_assert_str_eq(text, expected);
}

/* What is read, and how it is written again. */
static const char *const good[][2] = {
	{"weave:///ann/cats/object/tom:abc", "weave:///ann/cats/object/tom:abc"},
	{"weave:///ann/cats/op/run:_-Z9", "weave:///ann/cats/op/run:_-Z9"},
	{"weave:///ann/cats/table/d", "weave:///ann/cats/table/d"},
	{"weave:///ann/cats/call/018f-1", "weave:///ann/cats/call/018f-1"},
	{"weave:///ann/cats/call/a%20b%2Fc", "weave:///ann/cats/call/a%20b%2Fc"},
	{"weave:///%61nn/c%2dats/object/t%6Fm:abc", "weave:///ann/c-ats/object/tom:abc"},
	{"weave:///b%c3%b6rk/p/object/o:d", "weave:///b%C3%B6rk/p/object/o:d"},
	{"weave:///a/p/object/x%3ay%2fz:d", "weave:///a/p/object/x%3Ay%2Fz:d"},
	{"weave:///a/p/object/o:d/key/rows/index/3", "weave:///a/p/object/o:d/key/rows/index/3"},
	{"weave:///a/p/object/o:d/attr/%78/id/y", "weave:///a/p/object/o:d/attr/x/id/y"},
	{"weave:///a/p/call/c/key/%2f/index/0", "weave:///a/p/call/c/key/%2F/index/0"},
	{"weave:///~/.-_/object/~:-", "weave:///~/.-_/object/~:-"},
};

START_TEST(what_was_parsed_is_formatted_canonically)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		bothy_ref *ref = parse(good[i][0]);
		bothy_ref *again = parse(good[i][1]);

		check_format(ref, good[i][1]);
		ck_assert(bothy_ref_equal(ref, again));
		bothy_ref_release(ref);
		bothy_ref_release(again);
	}
}
END_TEST

static const char *const bad[] = {
	"", "weave", "weave://", "weave:///", "weave:///a", "weave:///a/p", "weave:///a/p/",
	"weave:///a/p/object", "weave:///a/p/object/", "weave:///a/p/object/o",
	"weave:///a/p/object/o:", "weave:///a/p/object/:d", "weave:///a/p/object/o:d/",
	"weave:///a/p/object/o:d/key", "weave:///a/p/object/o:d/key/",
	"weave:///a/p/object/o:d/key/x/", "weave:///a/p/object/o:d/Key/x",
	"weave:///a/p/object/o:d/other/x", "weave:///a/p/object/o:d//key/x",
	"weave:///a/p/object/o:d/index/x", "weave:///a/p/object/o:d/index/01",
	"weave:///a/p/object/o:d/index/-1", "weave:///a/p/object/o:d:e",
	"weave:///a/p/object/o:d%41", "weave:///a/p/object/o:d.e", "weave:///a/p/object/o:d~",
	"weave:///a/p/table/", "weave:///a/p/table/d/key/x", "weave:///a/p/table/o:d",
	"weave:///a/p/call/", "weave:///a/p/call/a:b", "weave:///a/p/thing/x",
	"weave:///a//object/o:d", "weave:////p/object/o:d", "weave:///a%2fb/p/object/o:d",
	"weave:///a%3Ab/p/object/o:d", "weave:///a/p%2F/object/o:d", "weave:///a:b/p/object/o:d",
	"weave:///a/p/object/o%:d", "weave:///a/p/object/o%4:d", "weave:///a/p/object/o%4g:d",
	"weave:///a/p/object/o%00:d", "weave:///a/p/object/o o:d", "weave:///a/p/object/\xc3\xb6:d",
	" weave:///a/p/object/o:d", "Weave:///a/p/object/o:d", "weave:///a/p/object/o:d ",
	"weave:///a/p/object/o:d?x", "weave:///a/p/object/o:d#x", "http:///a/p/object/o:d",
};

START_TEST(every_malformed_uri_is_refused)
{
	bothy_ref *ref = NULL;

	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(bothy_ref_parse(bad[i], &ref) == -EINVAL, "taken: %s", bad[i]);
	ck_assert_ptr_null(ref);
}
END_TEST

START_TEST(the_parts_are_read_decoded)
{
	bothy_ref *ref = parse("weave:///a%20b/p/op/n%2Fm:d/key/%2F");

	ck_assert_int_eq(bothy_ref_kind(ref), BOTHY_REF_OP);
	ck_assert_str_eq(bothy_ref_entity(ref), "a b");
	ck_assert_str_eq(bothy_ref_project(ref), "p");
	ck_assert_str_eq(bothy_ref_name(ref), "n/m");
	ck_assert_str_eq(bothy_ref_digest(ref), "d");
	ck_assert_str_eq(bothy_ref_extra(ref), "key/%2F");
	bothy_ref_release(ref);
	ref = parse("weave:///a/p/call/c");
	ck_assert_ptr_null(bothy_ref_name(ref));
	ck_assert_ptr_null(bothy_ref_extra(ref));
	ck_assert_str_eq(bothy_ref_digest(ref), "c");
	bothy_ref_release(ref);
	ck_assert_ptr_null(bothy_ref_entity(NULL));
	ck_assert_ptr_null(bothy_ref_digest(NULL));
}
END_TEST

START_TEST(refs_are_equal_if_every_part_is)
{
	const char *const others[] = {
		"weave:///a/p/op/o:d", "weave:///b/p/object/o:d", "weave:///a/q/object/o:d",
		"weave:///a/p/object/x:d", "weave:///a/p/object/o:e", "weave:///a/p/object/o:d/key/x",
		"weave:///a/p/table/d",
	};
	bothy_ref *ref = parse("weave:///a/p/object/o:d"), *same = parse("weave:///a/p/object/o:d");

	ck_assert(bothy_ref_equal(ref, ref) && bothy_ref_equal(ref, same));
	ck_assert(bothy_ref_equal(NULL, NULL));
	ck_assert(!bothy_ref_equal(ref, NULL) && !bothy_ref_equal(NULL, ref));
	for (size_t i = 0; i < COUNT(others); i++) {
		bothy_ref *other = parse(others[i]);

		ck_assert(!bothy_ref_equal(ref, other) && !bothy_ref_equal(other, ref));
		bothy_ref_release(other);
	}
	bothy_ref_release(same);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(nothing_has_no_parts)
{
	ck_assert_int_eq(bothy_ref_kind(NULL), BOTHY_REF_OBJECT);
	ck_assert_ptr_null(bothy_ref_entity(NULL));
	ck_assert_ptr_null(bothy_ref_project(NULL));
	ck_assert_ptr_null(bothy_ref_name(NULL));
	ck_assert_ptr_null(bothy_ref_extra(NULL));
	ck_assert_ptr_null(bothy_ref_hold(NULL));
	bothy_ref_release(NULL);
}
END_TEST

START_TEST(what_was_made_can_be_parsed)
{
	bothy_ref *refs[4], *again;
	char text[256];

	ck_assert_int_eq(bothy_ref_new_object("e e", "p", "a/b:c", "d", &refs[0]), 0);
	ck_assert_int_eq(bothy_ref_new_op("e", "p\xff", "o", "d", &refs[1]), 0);
	ck_assert_int_eq(bothy_ref_new_table("e", "p", "d", &refs[2]), 0);
	ck_assert_int_eq(bothy_ref_new_call("e", "p", "any id: 1", &refs[3]), 0);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_gt(bothy_ref_format(refs[i], text, sizeof(text)), 0);
		again = parse(text);
		ck_assert(bothy_ref_equal(refs[i], again));
		ck_assert(!bothy_ref_equal(refs[i], refs[(i + 1) % 4]));
		bothy_ref_release(again);
	}
	for (int i = 0; i < 4; i++)
		bothy_ref_release(refs[i]);
}
END_TEST

START_TEST(parts_outside_the_grammar_make_no_ref)
{
	bothy_ref *ref = NULL;

	ck_assert_int_eq(bothy_ref_new_object(NULL, "p", "n", "d", &ref), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_object("", "p", "n", "d", &ref), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_object("a/b", "p", "n", "d", &ref), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_object("a", "p:q", "n", "d", &ref), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_object("a", "p", "", "d", &ref), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_object("a", "p", NULL, "d", &ref), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_object("a", "p", "n", "", &ref), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_op("a", "p", "n", "d.d", &ref), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_table("a", "p", "d/d", &ref), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_call("a", "p", "", &ref), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_call("a", "p", "c", NULL), -EINVAL);
	ck_assert_ptr_null(ref);
}
END_TEST

START_TEST(extending_adds_one_step)
{
	bothy_ref *ref = parse("weave:///a/p/object/o:d"), *below, *deeper, *none = NULL;

	ck_assert_int_eq(bothy_ref_extend(ref, BOTHY_REF_KEY, "a/b", &below), 0);
	ck_assert_int_eq(bothy_ref_extend(below, BOTHY_REF_INDEX, "10", &deeper), 0);
	check_format(deeper, "weave:///a/p/object/o:d/key/a%2Fb/index/10");
	check_format(ref, "weave:///a/p/object/o:d");
	ck_assert_int_eq(bothy_ref_extend(ref, BOTHY_REF_INDEX, "x", &none), -EINVAL);
	ck_assert_int_eq(bothy_ref_extend(ref, BOTHY_REF_ATTR, "", &none), -EINVAL);
	ck_assert_int_eq(bothy_ref_extend(ref, (enum bothy_ref_edge)9, "x", &none), -EINVAL);
	ck_assert_int_eq(bothy_ref_extend(NULL, BOTHY_REF_ID, "x", &none), -EINVAL);
	bothy_ref_release(deeper);
	bothy_ref_release(below);
	bothy_ref_release(ref);
	ref = parse("weave:///a/p/table/d");
	ck_assert_int_eq(bothy_ref_extend(ref, BOTHY_REF_ID, "x", &none), -EINVAL);
	ck_assert_ptr_null(none);
	bothy_ref_release(ref);
}
END_TEST

START_TEST(format_cuts_as_snprintf_does)
{
	bothy_ref *ref = parse("weave:///a/p/table/d");
	char text[8];
	int length = bothy_ref_format(ref, NULL, 0);

	ck_assert_int_eq(length, 20);
	ck_assert_int_eq(bothy_ref_format(ref, text, sizeof(text)), length);
	ck_assert_str_eq(text, "weave:/");
	ck_assert_int_eq(bothy_ref_format(ref, text, 1), length);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(bothy_ref_format(ref, NULL, 1), -EINVAL);
	bothy_ref_release(ref);
}
END_TEST

/* ---- very long texts ------------------------------------------------------------------------ */

/* 1.5 GiB: where size_t has 32 bits, four times 1 GiB is small, and three times a third of 4 GiB. */
enum { PIECE = 8 << 20, PIECES = 192, GIB = 1 << 30 };

/* PIECES times the same memory, full of 'a', and a NUL: its end.  NULL: there are not so many addresses
 * in a row. */
static const char *map_long_text(void)
{
	const int access = PROT_READ | PROT_WRITE;
	const size_t bytes = (size_t)PIECE * PIECES + 1;
	char *at = mmap(NULL, bytes, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int memory = memfd_create("piece", MFD_CLOEXEC);

	if (at == MAP_FAILED)
		return NULL;
	ck_assert_int_eq(ftruncate(memory, PIECE), 0);
	for (int i = 0; i < PIECES; i++, at += PIECE)
		ck_assert_ptr_eq(mmap(at, PIECE, access, MAP_SHARED | MAP_FIXED, memory, 0), at);
	memset(at - PIECE, 'a', PIECE);
	(void)close(memory);
	return at;
}

START_TEST(what_is_too_long_is_refused)
{
	const char *end = map_long_text(), *longest, *third, *gib;
	bothy_ref *ref, *none = NULL;
	bothy_client *client = NULL;

	if (end == NULL)
		return;
	longest = end - REF_BYTES_MAX, gib = end - GIB, third = end - (UINT32_MAX / 3 + 16);
	ck_assert(ref_is_part(longest));
	ck_assert_int_eq(bothy_ref_new_object("a", "p", longest, "d", &none), -ENOMEM);
	ck_assert_int_eq(bothy_ref_new_object("a", "p", longest - 1, "d", &none), -EINVAL);
	ck_assert_int_eq(bothy_ref_new_object(gib, gib, gib, gib, &none), -EINVAL);
	ck_assert_int_eq(bothy_client_new(NULL, "a", longest - 1, &client), -EINVAL);
	ref = parse("weave:///a/p/object/o:d");
	ck_assert_int_eq(bothy_ref_extend(ref, BOTHY_REF_KEY, third, &none), -EINVAL);
	bothy_ref_release(ref);
	ck_assert_ptr_null(none);
	ck_assert_ptr_null(client);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_was_parsed_is_formatted_canonically,
		every_malformed_uri_is_refused,
		the_parts_are_read_decoded,
		refs_are_equal_if_every_part_is,
		nothing_has_no_parts,
		what_was_made_can_be_parsed,
		parts_outside_the_grammar_make_no_ref,
		extending_adds_one_step,
		format_cuts_as_snprintf_does,
		what_is_too_long_is_refused,
	};

	return run_suite("uri", tests, COUNT(tests));
}
