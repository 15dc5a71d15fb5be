/*
 * Expectations where Check's own can't be used: in threads beside a storm of signals, or while an
 * allocation is to fail.  The line of the first that does not hold is kept, for the test to assert.
 */
#ifndef TESTS_EXPECT_H
#define TESTS_EXPECT_H

#include <stdatomic.h>

static _Atomic int wrong; /* 0: nothing is */

#define EXPECT(condition)                                                              \
	do {                                                                           \
		int none = 0;                                                          \
		if (!(condition))                                                      \
			(void)atomic_compare_exchange_strong(&wrong, &none, __LINE__); \
	} while (0)

#endif
