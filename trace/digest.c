#include "trace/digest.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "sync/atomic.h"
#include "trace/error.h"

enum { SHA256_BYTES = 32 };

/*
 * SHA-256 as OpenSSL's providers have it, looked up once, for that takes longer than the
 * digest of a small value; NULL until then, and never freed.  A forked child goes on with it.
 *
 * It lives in a library context of its own: the default one, if memory runs out while it is
 * made, stays broken for the rest of the process, and crashes (OpenSSL 3.0); and it is the
 * program's, which may have configured it.
 */
static _Atomic(EVP_MD *) sha256;

static int fail(const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return trace_fail(-ENOMEM, "%s: %s", what, reason != NULL ? reason : "out of memory");
}

static int look_up(EVP_MD **ret_md)
{
	OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
	EVP_MD *first = NULL;
	EVP_MD *md = library != NULL ? EVP_MD_fetch(library, "SHA256", NULL) : NULL;

	/* Release: publishes *md; pairs with the acquire in get_sha256(). */
	if (md != NULL && atom_cas(&sha256, &first, md, release)) {
		*ret_md = md;
		return 0;
	}
	*ret_md = first; /* of another thread, which was faster */
	EVP_MD_free(md);
	OSSL_LIB_CTX_free(library);
	return first != NULL ? 0 : fail("OpenSSL has no SHA-256");
}

static int get_sha256(EVP_MD **ret_md)
{
	/* Acquire: pairs with the release in look_up(). */
	*ret_md = atom_load(&sha256, acquire);
	return *ret_md != NULL ? 0 : look_up(ret_md);
}

static int hash_bytes(const void *bytes, size_t n, unsigned char ret_hash[SHA256_BYTES])
{
	EVP_MD *md;
	int error = get_sha256(&md);

	if (error < 0)
		return error;
	if (EVP_Digest(bytes, n, ret_hash, NULL, md, NULL) != 1)
		return fail("SHA-256");
	return 0;
}

static bool hash_rows(EVP_MD_CTX *md_context, const struct bothy_table_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (EVP_DigestUpdate(md_context, rows[i].digest, strlen(rows[i].digest)) != 1)
			return false;
	return true;
}

static int hash_table(const struct bothy_table_row *rows, size_t n,
                      unsigned char ret_hash[SHA256_BYTES])
{
	EVP_MD_CTX *md_context;
	EVP_MD *md;
	int error = get_sha256(&md);

	if (error < 0)
		return error;
	md_context = EVP_MD_CTX_new();
	if (md_context == NULL || EVP_DigestInit_ex2(md_context, md, NULL) != 1 ||
	    !hash_rows(md_context, rows, n) || EVP_DigestFinal_ex(md_context, ret_hash, NULL) != 1)
		error = fail("SHA-256");
	EVP_MD_CTX_free(md_context);
	return error;
}

/* RFC 4648, section 5, with X for - and Y for _: 32 bytes are 10 groups of three, and two. */
static void put_base64(const unsigned char hash[SHA256_BYTES], char *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789XY";
	unsigned bits = 0;
	int have = 0;

	for (int i = 0; i < SHA256_BYTES; i++) {
		bits = bits << 8 | hash[i];
		for (have += 8; have >= 6; have -= 6)
			*out++ = letters[bits >> (have - 6) & 63];
	}
	*out++ = letters[bits << (6 - have) & 63];
	*out = '\0';
}

static void put_hex(const unsigned char hash[SHA256_BYTES], char *out)
{
	for (int i = 0; i < SHA256_BYTES; i++) {
		*out++ = "0123456789abcdef"[hash[i] >> 4];
		*out++ = "0123456789abcdef"[hash[i] & 15];
	}
	*out = '\0';
}

/* OpenSSL tells errors in a queue of the thread, which is the caller's: it is left as it
 * was, and so is errno. */
int digest_bytes(const void *bytes, size_t n, char ret_digest[BOTHY_DIGEST_BYTES])
{
	unsigned char hash[SHA256_BYTES];
	int saved_errno = errno;
	int error;

	(void)ERR_set_mark();
	error = hash_bytes(bytes, n, hash);
	(void)ERR_pop_to_mark();
	errno = saved_errno;
	if (error == 0)
		put_base64(hash, ret_digest);
	return error;
}

int digest_table(const struct bothy_table_row *rows, size_t n, char ret_digest[BOTHY_DIGEST_BYTES])
{
	unsigned char hash[SHA256_BYTES];
	int saved_errno = errno;
	int error;

	(void)ERR_set_mark();
	error = hash_table(rows, n, hash);
	(void)ERR_pop_to_mark();
	errno = saved_errno;
	if (error == 0)
		put_hex(hash, ret_digest);
	return error;
}
