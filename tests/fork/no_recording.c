#include "tests/fork/states.h"

int fork_while_recording(void)
{
	return 0;
}
