/*
 * In a build that counts coverage, _exit() writes the counts first: exit() does, and a child
 * that leaves by _exit() has run code too.
 */
#include <unistd.h>

void __gcov_dump(void);
_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);

_Noreturn void __wrap__exit(int code)
{
	__gcov_dump();
	__real__exit(code);
}
