#include "sync/testing.h"

#ifdef BOTHY_TESTING

#include <errno.h>
#include <string.h>

enum testing_fault testing_fault = TESTING_NONE;
struct testing_counts testing_counts;

int testing_plant(const char *name)
{
	static const char *const names[] = {
#define TESTING_NAME(name) #name,
		TESTING_FAULTS(TESTING_NAME)
#undef TESTING_NAME
	};

	for (int i = 0; i < TESTING_FAULT_COUNT; i++) {
		if (strcmp(name, names[i]) == 0) {
			testing_fault = (enum testing_fault)i;
			return 0;
		}
	}
	return -ENOENT;
}

#else

/* ISO C wants a declaration in every translation unit. */
typedef int testing_is_off;

#endif
