/*
 * A stop request: one job's, made by anyone, seen by the job.
 *
 * It is made at most once; the first reason stays.
 */
#ifndef TLS_STOP_H
#define TLS_STOP_H

#include <stdbool.h>

#include "sync/park.h"

struct stop {
	_Atomic int reason;    /* 0, -ECANCELED or -ETIMEDOUT */
	int fd_plus_one;       /* an eventfd; 0: not made; guarded by the stop's stripe */
	struct parker *sleeper; /* of the thread that parks in the job; guarded likewise */
};

/* All zero is a fresh one. */
#define STOP_INITIALIZER {0, 0, NULL}

void stop_fini(struct stop *stop);

/* Ask for the stop, and wake the job if it sleeps.  Any thread. */
void stop_request(struct stop *stop, int reason);

int stop_reason(struct stop *stop);

/* A descriptor that is readable once the stop is asked for; negative errno. */
int stop_fd(struct stop *stop);

/* From now on a request posts to SLEEPER as well.  Returns the reason if there is one
 * already: then SLEEPER is not registered, and needs no detach. */
int stop_attach(struct stop *stop, struct parker *sleeper);
void stop_detach(struct stop *stop);

#endif
