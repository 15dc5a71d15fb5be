/*
 * The families of saboteurs: tables that a row with a NULL name ends.
 */
#ifndef STRESS_SABOTEURS_FAMILIES_H
#define STRESS_SABOTEURS_FAMILIES_H

#include "stress/saboteurs/saboteur.h"

extern const struct sabotage sabotage_exits[];   /* they end their thread */
extern const struct sabotage sabotage_signals[]; /* ... leave its signal mask as they like */
extern const struct sabotage sabotage_waits[];   /* ... wait for themselves */
extern const struct sabotage sabotage_closers[]; /* ... close their own pool */
extern const struct sabotage sabotage_hooks[];   /* ... work on in destructors */
extern const struct sabotage sabotage_stacks[];  /* ... have nearly no stack left */
extern const struct sabotage sabotage_crowds[];  /* ... do something a thousand times */
extern const struct sabotage sabotage_deaf[];    /* ... never look at their stop request */

/* Signals that saboteurs send do no harm, and reach only threads that have let them in. */
void signals_prepare(void);

/* Whether this thread, of a pool and new, has every signal blocked; else a violation. */
void signals_check_new_thread(void);

#endif
