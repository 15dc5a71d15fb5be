/*
 * Checks that several calls share.
 */
#ifndef API_CHECK_H
#define API_CHECK_H

#include <bothy/base.h>

/* Copy the struct at GIVEN, which begins with its own size, to the KNOWN bytes at RET; what
 * GIVEN is too short for is zero.  -EINVAL for a size under FIRST, the first release's;
 * -E2BIG as <bothy/base.h> says. */
int check_copy(void *ret, size_t known, size_t first, const void *given);

/* For a struct that has not grown since the first release. */
#define CHECK_COPY(ret, given) check_copy((ret), sizeof(*(ret)), sizeof(*(ret)), (given))

/* The size of a struct that a caller wants to have filled: -EINVAL if under FIRST. */
int check_size(size_t given, size_t first);

/* Fill the struct at RET, as much as its own size says, from the KNOWN bytes at FROM; its
 * size stays. */
void check_give(void *ret, const void *from, size_t known);

bool check_fallback(enum bothy_ref_fallback fallback);

#endif
