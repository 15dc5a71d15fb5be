/*
 * What tests do with the hand of the only worker of the fixture's pool.
 */
#ifndef TESTS_HAND_FIXTURE_H
#define TESTS_HAND_FIXTURE_H

#include "pool/hand.h"
#include "tests/pool_fixture.h"

/* That hand, with the pool's lock and its own; and give up both. */
struct hand *hand_locked(void);
void hand_unlock(struct hand *hand);

/* Put the next N jobs of OF behind the one that the worker runs, as it would itself if it had taken
 * them at once: how many are in the hand that have not started. */
unsigned hand_over(bothy_project *of, unsigned n);

#endif
