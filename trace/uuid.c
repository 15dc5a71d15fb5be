/*
 * RFC 9562, version 7: 48 bits of Unix time in milliseconds; in rand_a 12 bits of a finer
 * time (section 6.2, method 3); in rand_b 62 random bits.
 *
 * Time and its fraction are one number of 60 bits, the stamp.  A thread's next stamp is the
 * clock's, but always greater than its last one: so its ids ascend though the clock is
 * set back or one tick (244 ns) has many ids.
 */
#include "trace/uuid.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "sync/clock.h"
#include "sync/fork.h"
#include "sync/testing.h"

/* A getrandom(2) of at most 256 bytes is not cut short by signals. */
enum { POOL_BYTES = 256, BYTES_EACH = 8 };

static _Thread_local struct {
	uint64_t stamp;      /* of the last id */
	uint32_t generation; /* the process whose random bytes these are; 0: none yet */
	unsigned left;       /* random bytes not used yet, at the front */
	unsigned char bytes[POOL_BYTES];
} pool;

static int pool_fill(void)
{
	int saved_errno = errno, error = 0;
	ssize_t n;

	do
		n = getrandom(pool.bytes, POOL_BYTES, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		error = -errno;
	pool.left = n > 0 ? (unsigned)n : 0;
	errno = saved_errno;
	return error < 0 ? error : pool.left >= BYTES_EACH ? 0 : -EIO;
}

/* Bits that no other id has, not even in a forked child. */
static int random_bits(uint64_t *ret_bits)
{
	uint32_t generation = fork_generation();
	int error;

	if (pool.left < BYTES_EACH ||
	    (pool.generation != generation && !PLANTED(ID_SHARED_BY_FORK))) {
		error = pool_fill();
		if (error < 0)
			return error;
		pool.generation = generation;
	}
	pool.left -= BYTES_EACH;
	memcpy(ret_bits, pool.bytes + pool.left, BYTES_EACH);
	return 0;
}

static uint64_t next_stamp(void)
{
	int64_t wall = clock_wall_now();
	uint64_t ns = wall > 0 ? (uint64_t)wall : 0; /* 1970 is the first year */
	uint64_t stamp = ns / 1000000 << 12 | (ns % 1000000 << 12) / 1000000;

	pool.stamp = stamp > pool.stamp || PLANTED(ID_UNORDERED) ? stamp : pool.stamp + 1;
	return pool.stamp;
}

/* Write the lowest DIGITS hex digits of BITS, and return what follows them. */
static char *put_hex(char *at, uint64_t bits, int digits)
{
	for (int i = digits; i > 0; i--) {
		at[i - 1] = "0123456789abcdef"[bits & 15];
		bits >>= 4;
	}
	return at + digits;
}

int uuid_new(char ret_uuid[UUID_BYTES])
{
	uint64_t stamp, bits;
	char *at = ret_uuid;
	int error = random_bits(&bits);

	if (error < 0)
		return error;
	stamp = next_stamp();
	at = put_hex(at, stamp >> 28, 8);
	*at++ = '-';
	at = put_hex(at, stamp >> 12, 4);
	*at++ = '-';
	at = put_hex(at, 0x7000 | (stamp & 0xfff), 4);
	*at++ = '-';
	at = put_hex(at, 0x8000 | (bits >> 48 & 0x3fff), 4);
	*at++ = '-';
	at = put_hex(at, bits, 12);
	*at = '\0';
	return 0;
}
