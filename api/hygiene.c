#include <bothy/hygiene.h>

const char *bothy_dirt_name(uint32_t bits)
{
	static const char *const names[] = {
		"errno",
		"floating-point flags",
		"rounding mode",
		"floating-point traps",
		"locale of uselocale()",
		"cancel state",
		"cancel type",
		"signal mask",
		"signal stack",
		"thread name",
		"timer slack",
		"CPU affinity",
		"nice value",
		"scheduling policy",
		"I/O priority",
		"file system ids",
		"user and group ids",
		"capabilities",
		"no_new_privs",
		"seccomp",
		"private file system state",
		"private table of files",
		"namespaces",
		"working directory",
		"environment",
		"locale of setlocale()",
		"standard files",
		"signal actions",
		"resource limits",
	};
	enum { COUNT = sizeof(names) / sizeof(names[0]) };

	_Static_assert((UINT64_C(1) << COUNT) - 1 == BOTHY_DIRT_ALL, "a name for each bit");
	for (unsigned i = 0; i < COUNT; i++)
		if ((bits & (UINT32_C(1) << i)) != 0)
			return names[i];
	return NULL;
}
