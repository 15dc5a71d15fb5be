/*
 * Digests.  That they are Weave's is for test_python_digest.sh to show; here are a few by hand,
 * and what else the calls promise.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pool_fixture.h"
#include "tests/support.h"
#include "trace/digest.h"

enum { THREADS = 4 };

static const char of_abc[] = "ungWv48BzXpBQUDeXa4iI7ADYaOWF3qctBDYYfIAFa0";

START_TEST(a_digest_is_base64url_without_dashes_and_padding)
{
	char digest[BOTHY_DIGEST_BYTES];

	digest_bytes("abc", 3, digest);
	ck_assert_str_eq(digest, of_abc);
	digest_bytes("0", 1, digest);
	ck_assert_str_eq(digest, "XXzrZvYIbzjZUnhsbWlsecLbwjndTpG0ZynXOif7VXk");
}
END_TEST

START_TEST(no_bytes_have_a_digest)
{
	char digest[BOTHY_DIGEST_BYTES];

	digest_bytes(NULL, 0, digest);
	ck_assert_str_eq(digest, "47DEQpj8HBSaXYTImWX5JCeuQeRkm5NMpJWZG3hSuFU");
}
END_TEST

START_TEST(a_tables_digest_is_of_its_rows_digests_in_their_order)
{
	static const struct bothy_table_row rows[] = {
		{.digest = "a4aycY80YOGda4BOY1oYV0etpOqiLx1JwB5S3beHW0s"},
		{.digest = "1HNeOiZeFu7gP1lxi5tdAwGcB9i2xRXQ2jpmbuwTqzU"},
	};
	char digest[BOTHY_DIGEST_BYTES];

	digest_table(rows, 2, digest);
	ck_assert_str_eq(digest,
	                 "2e88ff31de37249213226ce9ed67a433998ace48e972a863af8a646ba989d6d7");
	digest_table(NULL, 0, digest);
	ck_assert_str_eq(digest,
	                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

/* Whether digests of this thread are right, a good many times. */
static void *digest_often(void *arg)
{
	char digest[BOTHY_DIGEST_BYTES];
	bool right = true;

	(void)arg;
	for (int i = 0; i < 500; i++) {
		digest_bytes("abc", 3, digest);
		right &= strcmp(digest, of_abc) == 0;
	}
	return right ? NULL : &digest_often;
}

START_TEST(threads_may_make_their_first_digests_at_once)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		threads[i] = support_thread(digest_often, NULL);
	for (int i = 0; i < THREADS; i++)
		ck_assert_ptr_null(support_join(threads[i]));
}
END_TEST

static int digest_in_child(void *arg)
{
	return digest_often(arg) != NULL;
}

START_TEST(a_forked_child_makes_digests_whether_or_not_its_parent_has)
{
	ck_assert_int_eq(support_in_child(digest_in_child, NULL), 0);
	ck_assert_ptr_null(digest_often(NULL));
	ck_assert_int_eq(support_in_child(digest_in_child, NULL), 0);
}
END_TEST

/* ---- what they leave alone ----------------------------------------------------------------- */

static int blocks; /* that OpenSSL has allocated */

static void *allocate(size_t bytes, const char *file, int line)
{
	(void)file;
	(void)line;
	blocks++;
	return malloc(bytes);
}

static void *reallocate(void *block, size_t bytes, const char *file, int line)
{
	(void)file;
	(void)line;
	blocks++;
	return realloc(block, bytes);
}

static void release(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	free(block);
}

static void digest_each_way(void)
{
	char digest[BOTHY_DIGEST_BYTES];
	struct bothy_table_row row = {.digest = digest};

	digest_bytes("abc", 3, digest);
	digest_table(&row, 1, digest);
}

/* OpenSSL sets up nothing for them: what it does so is not safe in a forked child. */
START_TEST(digests_allocate_nothing_not_even_the_first)
{
	unsigned long allocations = support_calls(CALL_ALLOCATION);

	digest_each_way();
	ck_assert_uint_eq(support_calls(CALL_ALLOCATION), allocations);
	ck_assert_int_eq(blocks, 0);
}
END_TEST

START_TEST(errno_and_openssls_errors_are_left_as_they_were)
{
	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 1);
	errno = EDOM;
	digest_each_way();
	ck_assert_int_eq(errno, EDOM);
	ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 1);
	ck_assert_uint_eq(ERR_get_error(), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_digest_is_base64url_without_dashes_and_padding,
		no_bytes_have_a_digest,
		a_tables_digest_is_of_its_rows_digests_in_their_order,
		threads_may_make_their_first_digests_at_once,
		a_forked_child_makes_digests_whether_or_not_its_parent_has,
		digests_allocate_nothing_not_even_the_first,
		errno_and_openssls_errors_are_left_as_they_were,
	};

	if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1)
		return EXIT_FAILURE;
	return run_suite("digest", tests, sizeof(tests) / sizeof(tests[0]));
}
