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

	ck_assert_int_eq(digest_bytes("abc", 3, digest), 0);
	ck_assert_str_eq(digest, of_abc);
	ck_assert_int_eq(digest_bytes("0", 1, digest), 0);
	ck_assert_str_eq(digest, "XXzrZvYIbzjZUnhsbWlsecLbwjndTpG0ZynXOif7VXk");
}
END_TEST

START_TEST(no_bytes_have_a_digest)
{
	char digest[BOTHY_DIGEST_BYTES];

	ck_assert_int_eq(digest_bytes(NULL, 0, digest), 0);
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

	ck_assert_int_eq(digest_table(rows, 2, digest), 0);
	ck_assert_str_eq(digest,
	                 "2e88ff31de37249213226ce9ed67a433998ace48e972a863af8a646ba989d6d7");
	ck_assert_int_eq(digest_table(NULL, 0, digest), 0);
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
	for (int i = 0; i < 500; i++)
		right &= digest_bytes("abc", 3, digest) == 0 && strcmp(digest, of_abc) == 0;
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

/* ---- OpenSSL's allocator ------------------------------------------------------------------ */

static void *allocate(size_t bytes, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(bytes);
}

static void *reallocate(void *block, size_t bytes, const char *file, int line)
{
	(void)file;
	(void)line;
	return realloc(block, bytes);
}

static void release(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	free(block);
}

/* Digests whose N-th allocation fails, and then others; 2: N was too large. */
static int fail_allocation(void *arg)
{
	static const struct bothy_table_row row = {.digest = "x"};
	char digest[BOTHY_DIGEST_BYTES];
	bool failed;
	int error;

	support_fail_allocation(*(unsigned long *)arg);
	error = digest_bytes("abc", 3, digest);
	if (error == 0)
		error = digest_table(&row, 1, digest);
	failed = support_allocation_failed();
	support_fail_allocation(0);
	if (!failed)
		return error == 0 ? 2 : 1;
	/* OpenSSL can do without some. */
	return (error == 0 || error == -ENOMEM) && digest_often(NULL) == NULL ? 0 : 1;
}

START_TEST(each_allocation_may_fail_in_the_first_digest)
{
	int code = 0;

	/* A child for each, since they are far fewer later on; and not all, of some 2,700. */
	for (unsigned long n = 1; code == 0; n += n < 50 ? 1 : 23)
		code = support_in_child(fail_allocation, &n);
	ck_assert_int_eq(code, 2);
}
END_TEST

START_TEST(each_allocation_may_fail_in_later_digests)
{
	unsigned long n = 0;
	int code;

	ck_assert_ptr_null(digest_often(NULL));
	do {
		n++;
		code = fail_allocation(&n);
	} while (code == 0);
	ck_assert_int_eq(code, 2);
	ck_assert_uint_gt(n, 1);
}
END_TEST

START_TEST(digests_leave_no_blocks_behind)
{
	char digest[BOTHY_DIGEST_BYTES];
	struct bothy_table_row row = {.digest = digest};
	long live;

	ck_assert_int_eq(digest_bytes("abc", 3, digest), 0);
	ck_assert_int_eq(digest_table(&row, 1, digest), 0);
	live = support_live_allocations();
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(digest_bytes("abc", 3, digest), 0);
		ck_assert_int_eq(digest_table(&row, 1, digest), 0);
	}
	ck_assert_int_eq(support_live_allocations(), live);
}
END_TEST

/* In a child, for OpenSSL may lose blocks when it finds no memory: how many things are wrong. */
static int fail_with_errors_before(void *arg)
{
	char digest[BOTHY_DIGEST_BYTES];
	int wrong = 0;

	(void)arg;
	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 1);
	/* Most of the first ones make OpenSSL tell an error. */
	for (unsigned long n = 40; n > 0; n--) {
		errno = EDOM;
		support_fail_allocation(n);
		(void)digest_bytes("abc", 3, digest);
		support_fail_allocation(0);
		wrong += errno != EDOM;
		wrong += ERR_GET_REASON(ERR_peek_last_error()) != 1;
	}
	wrong += digest_bytes("abc", 3, digest) != 0;
	wrong += ERR_GET_REASON(ERR_get_error()) != 1;
	wrong += ERR_get_error() != 0;
	return wrong < 100 ? wrong : 100;
}

START_TEST(errno_and_openssls_errors_are_left_as_they_were)
{
	ck_assert_int_eq(support_in_child(fail_with_errors_before, NULL), 0);
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
		each_allocation_may_fail_in_the_first_digest,
		each_allocation_may_fail_in_later_digests,
		digests_leave_no_blocks_behind,
		errno_and_openssls_errors_are_left_as_they_were,
	};

	/* Before OpenSSL has allocated anything; so that its allocations fail as ours do. */
	if (CRYPTO_set_mem_functions(allocate, reallocate, release) != 1)
		return EXIT_FAILURE;
	return run_suite("digest", tests, sizeof(tests) / sizeof(tests[0]));
}
