/*
 * A flood: one project floods a pool of its own with short jobs, others have long ones, and
 * all of them weights; the time that they are charged must be shared as pool/fair.h says.
 */
#ifndef STRESS_FLOOD_H
#define STRESS_FLOOD_H

#include <stdint.h>

/* Run it to its end, and check. */
void flood_run(void);

/* How often two projects' shares were compared. */
uint64_t flood_compared(void);

#endif
