/*
 * Files: stored and fetched by their digest.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pool_fixture.h"
#include "tests/recorder.h"
#include "tests/support.h"
#include "tests/trace/traced.h"

/* Whether the file of that digest is fetched as CONTENT. */
static void expect_file(const char *digest, const void *content, size_t bytes)
{
	void *got = NULL;
	size_t got_bytes = 0;

	ck_assert_int_eq(bothy_file_fetch(digest, &got, &got_bytes), 0);
	ck_assert_uint_eq(got_bytes, bytes);
	ck_assert(bytes == 0 || memcmp(got, content, bytes) == 0);
	ck_assert_int_eq(((char *)got)[bytes], '\0');
	free(got);
}

START_TEST(a_file_is_fetched_by_the_digest_of_its_bytes)
{
	char digest[BOTHY_DIGEST_BYTES], same[BOTHY_DIGEST_BYTES];

	ck_assert_int_eq(bothy_file_store("a\0b", 3, digest), 0);
	ck_assert_str_eq(digest, "WbJxrhu8sdMdQZKYFYSxb7Q5608xUgta0dXOmJIKcTg");
	ck_assert_int_eq(bothy_file_digest("a\0b", 3, same), 0);
	ck_assert_str_eq(digest, same);
	expect_file(digest, "a\0b", 3); /* it is not stored yet */
	traced_flush();
	expect_file(digest, "a\0b", 3);
}
END_TEST

START_TEST(a_file_may_be_empty)
{
	char digest[BOTHY_DIGEST_BYTES];

	ck_assert_int_eq(bothy_file_store(NULL, 0, digest), 0);
	ck_assert_str_eq(digest, "47DEQpj8HBSaXYTImWX5JCeuQeRkm5NMpJWZG3hSuFU");
	expect_file(digest, NULL, 0);
}
END_TEST

START_TEST(a_large_file_is_kept_as_it_is)
{
	const size_t bytes = (size_t)3 << 20;
	char digest[BOTHY_DIGEST_BYTES];
	unsigned char *content = malloc(bytes);

	ck_assert_ptr_nonnull(content);
	for (size_t i = 0; i < bytes; i++)
		content[i] = (unsigned char)(i * 31 + i / 251);
	ck_assert_int_eq(bothy_file_store(content, bytes, digest), 0);
	expect_file(digest, content, bytes);
	free(content);
}
END_TEST

START_TEST(a_file_has_sixty_four_mebibytes_at_most)
{
	char digest[BOTHY_DIGEST_BYTES] = "untouched";

	ck_assert_int_eq(bothy_file_store("", BOTHY_FILE_MAX + 1, digest), -EMSGSIZE);
	ck_assert_int_eq(bothy_file_digest("", BOTHY_FILE_MAX + 1, digest), -EMSGSIZE);
	ck_assert_str_eq(digest, "untouched");
	ck_assert_ptr_nonnull(bothy_trace_error());
}
END_TEST

START_TEST(no_such_file_or_none_of_this_project)
{
	char digest[BOTHY_DIGEST_BYTES];
	void *content = NULL;
	size_t bytes = 7;
	bothy_context *bob;

	ck_assert_int_eq(bothy_file_fetch("0000", &content, &bytes), -ENOENT);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), "0000"));
	ck_assert_int_eq(bothy_file_store("x", 1, digest), 0);
	traced_flush();
	bob = traced_enter("bob");
	ck_assert_int_eq(bothy_file_fetch(digest, &content, &bytes), -ENOENT);
	leave(bob);
	ck_assert_ptr_null(content);
	ck_assert_uint_eq(bytes, 7);
}
END_TEST

START_TEST(without_memory_nothing_is_stored)
{
	char digest[BOTHY_DIGEST_BYTES] = "untouched";
	bool failed = true;

	for (unsigned long n = 1; failed; n++) {
		struct bothy_server_stats stats = {.size = sizeof(stats)};
		int error;

		support_fail_allocation(n);
		error = bothy_file_store("x", 1, digest);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		if (failed)
			ck_assert_str_eq(digest, "untouched");
		traced_flush();
		ck_assert_int_eq(bothy_server_stats(traced.server, &stats), 0);
		ck_assert_uint_eq(stats.stored, failed ? 0 : 1);
	}
}
END_TEST

START_TEST(without_memory_nothing_is_fetched)
{
	char digest[BOTHY_DIGEST_BYTES];
	void *content = NULL;
	size_t bytes = 0;
	bool failed = true;

	ck_assert_int_eq(bothy_file_store("x", 1, digest), 0);
	traced_flush();
	for (unsigned long n = 1; failed; n++) {
		int error;

		support_fail_allocation(n);
		error = bothy_file_fetch(digest, &content, &bytes);
		failed = support_allocation_failed();
		support_fail_allocation(0);
		ck_assert_int_eq(error, failed ? -ENOMEM : 0);
		ck_assert(failed == (content == NULL));
	}
	free(content);
}
END_TEST

/* ---- a server that fails ------------------------------------------------------------------- */

START_TEST(what_the_server_says_of_a_file_comes_back)
{
	static const struct {
		int code, told;
		bool mute;
	} cases[] = {{-EIO, -EIO, false}, {3, -EPROTO, false}, {0, -EPROTO, true}};
	char digest[BOTHY_DIGEST_BYTES];
	void *content = NULL;
	size_t bytes;

	ck_assert_int_eq(bothy_file_store("x", 1, digest), 0);
	traced_flush();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		atomic_store(&traced.shelf->codes[FILE_CONTENT], cases[i].code);
		atomic_store(&traced.shelf->mute, cases[i].mute);
		ck_assert_int_eq(bothy_file_fetch(digest, &content, &bytes), cases[i].told);
	}
	ck_assert_ptr_null(content);
	atomic_store(&traced.shelf->mute, false);
	atomic_store(&traced.shelf->twice, true);
	atomic_store(&traced.shelf->codes[FILE_CONTENT], 0);
	expect_file(digest, "x", 1);
}
END_TEST

START_TEST(a_file_that_is_not_stored_is_told_by_flush)
{
	char digest[BOTHY_DIGEST_BYTES];

	atomic_store(&traced.shelf->codes[FILE_CREATE], -ENOSPC);
	ck_assert_int_eq(bothy_file_store("x", 1, digest), 0);
	ck_assert_int_eq(bothy_client_flush(NULL, BOTHY_FOREVER), -ENOSPC);
	ck_assert_ptr_nonnull(strstr(bothy_trace_error(), digest));
	ck_assert_int_eq(bothy_client_flush(NULL, BOTHY_FOREVER), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_file_is_fetched_by_the_digest_of_its_bytes,
		a_file_may_be_empty,
		a_large_file_is_kept_as_it_is,
		a_file_has_sixty_four_mebibytes_at_most,
		no_such_file_or_none_of_this_project,
		without_memory_nothing_is_stored,
		without_memory_nothing_is_fetched,
	};
	const TTest *const on_shelf[] = {
		what_the_server_says_of_a_file_comes_back,
		a_file_that_is_not_stored_is_told_by_flush,
	};

	return run_on_every_server("file", tests, sizeof(tests) / sizeof(tests[0])) |
	       run_on_shelf("file", on_shelf, sizeof(on_shelf) / sizeof(on_shelf[0]));
}
