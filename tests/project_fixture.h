/*
 * What the tests of projects share: a handle of ann's project p, in the pool of pool_fixture.h.
 */
#ifndef TESTS_PROJECT_FIXTURE_H
#define TESTS_PROJECT_FIXTURE_H

#include "tests/pool_fixture.h"

extern bothy_project *project; /* of the running test; released after it */

/* Let jobs through the gate, and release the project; then as fixture_teardown(). */
void project_teardown(void);

/* Open the project; the size is filled in. */
void open_with(struct bothy_project_options options);

struct bothy_project_stats project_now(void);

#endif
