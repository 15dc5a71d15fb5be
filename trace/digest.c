/*
 * SHA-256's own functions are called, which OpenSSL 3 deprecates for EVP's.  Those set up a provider,
 * a configuration and the thread's errors at their first use, under locks that libcrypto does not
 * hold across fork(): a child that was forked at that moment would wait for them for ever.  And
 * these can't run out of memory.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "trace/digest.h"

#include <openssl/sha.h>
#include <string.h>

/* RFC 4648, section 5, with X for - and Y for _: 32 bytes are 10 groups of three, and two. */
static void put_base64(const unsigned char hash[SHA256_DIGEST_LENGTH], char *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789XY";
	unsigned bits = 0;
	int have = 0;

	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++) {
		bits = bits << 8 | hash[i];
		for (have += 8; have >= 6; have -= 6)
			*out++ = letters[bits >> (have - 6) & 63];
	}
	*out++ = letters[bits << (6 - have) & 63];
	*out = '\0';
}

static void put_hex(const unsigned char hash[SHA256_DIGEST_LENGTH], char *out)
{
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++) {
		*out++ = "0123456789abcdef"[hash[i] >> 4];
		*out++ = "0123456789abcdef"[hash[i] & 15];
	}
	*out = '\0';
}

void digest_bytes(const void *bytes, size_t n, char ret_digest[BOTHY_DIGEST_BYTES])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	SHA256_CTX state;

	(void)SHA256_Init(&state);
	(void)SHA256_Update(&state, bytes, n);
	(void)SHA256_Final(hash, &state);
	put_base64(hash, ret_digest);
}

void digest_table(const struct bothy_table_row *rows, size_t n, char ret_digest[BOTHY_DIGEST_BYTES])
{
	unsigned char hash[SHA256_DIGEST_LENGTH];
	SHA256_CTX state;

	(void)SHA256_Init(&state);
	for (size_t i = 0; i < n; i++)
		(void)SHA256_Update(&state, rows[i].digest, strlen(rows[i].digest));
	(void)SHA256_Final(hash, &state);
	put_hex(hash, ret_digest);
}
