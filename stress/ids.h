/*
 * Every context's number that was seen: all below 2^30, of larger ones the recent.
 */
#ifndef STRESS_IDS_H
#define STRESS_IDS_H

#include <stdint.h>

/* 0 or -ENOMEM. */
int ids_init(void);
void ids_fini(void);

/* Note ID as a new context's; a violation if it is 0 or was noted before. */
void ids_note(uint64_t id);

#endif
