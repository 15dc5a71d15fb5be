/*
 * Parking: one thread sleeps until another leaves a token.
 *
 * A parker belongs to one thread at a time, the one that parks.  Any thread may post to
 * it.  A token that is posted before the park is not lost: the park takes it and returns
 * at once.  Tokens do not add up.
 *
 * Posting has two halves, so that the costly one needs no lock and no live parker:
 *
 *     lock
 *     bool asleep = parker_post(p);    p must be alive: whoever owns it unregisters it
 *     unlock                           under the same lock before it goes
 *     if (asleep) parker_kick(p);      only the address counts here
 *
 * A kick that comes too late may wake a stranger that sleeps on the same address; every
 * futex user must bear that, and parks here do: they look at their token again.
 */
#ifndef SYNC_PARK_H
#define SYNC_PARK_H

#include <stdbool.h>
#include <stdint.h>

#include <bothy/base.h>

struct parker {
	_Atomic uint32_t state; /* EMPTY, TOKEN or PARKED: see park.c */
};

#define PARKER_INITIALIZER {0}

void parker_init(struct parker *parker);

/* Take the token, sleeping for it until DEADLINE (BOTHY_FOREVER: without end; a past one
 * polls).  0, or -ETIMEDOUT without a token.  Signal handlers don't end it early. */
int parker_park(struct parker *parker, bothy_time deadline);

/* Look for the token for 20 us, busily, and leave it: whether it is there.  For one that is likely to
 * come soon: to be woken for it takes as long. */
bool parker_look(struct parker *parker);

/* Pass a moment, about 100 ns, between two looks at something that another thread is about to
 * change. */
void parker_pass(void);

/* So many such looks are 20 us, as long as it takes to wake a thread.  Under the seeded scheduler each
 * would be a point, and none but the first tells anything new. */
#ifdef BOTHY_SIM
enum { PARKER_LOOKS = 1 };
#else
enum { PARKER_LOOKS = 200 };
#endif

/* Leave a token.  Whether the thread is asleep and wants a kick. */
bool parker_post(struct parker *parker);

/* Wake the thread that sleeps on PARKER, if any.  PARKER need not exist any more. */
void parker_kick(struct parker *parker);

/* Both, for a parker that is certainly alive. */
static inline void parker_wake(struct parker *parker)
{
	if (parker_post(parker))
		parker_kick(parker);
}

#endif
