/*
 * The section of recording, where the library is built without.
 */
#include "tests/faults/dependents.h"
#include "tests/faults/scenario.h"

void recording_reset(void)
{
}

int recording_open(void)
{
	return 0;
}

void recording_section(void)
{
}

void record(void)
{
}

void recording_serves(void)
{
}

void dependents_begin(void)
{
}

long dependents_live(void)
{
	return 0;
}
