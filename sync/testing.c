#include "sync/testing.h"

#ifdef BOTHY_TESTING

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Any program of a test build can so be run on a library with a fault. */
__attribute__((constructor)) static void plant_by_environment(void)
{
	const char *name = getenv("BOTHY_PLANT");

	if (name == NULL || testing_plant(name) == 0)
		return;
	(void)fprintf(stderr, "BOTHY_PLANT=%s: there is no such fault\n", name);
	_Exit(2);
}

#else

/* ISO C wants a declaration in every translation unit. */
typedef int testing_is_off;

#endif
