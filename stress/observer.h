/*
 * A thread that looks on: it reads the pool's figures, shows a live line on a terminal,
 * ends the run in time, and ends the program if nothing goes on any more.
 */
#ifndef STRESS_OBSERVER_H
#define STRESS_OBSERVER_H

/* 0 or a negative errno. */
int observer_start(void);

/* The pool is about to go: read its figures no more. */
void observer_leave_pool(void);

void observer_stop(void);

#endif
