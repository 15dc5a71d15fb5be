/*
 * A server of the tests' own that records: it keeps what it is told, fails where a test wants it
 * to, and stops where a test wants to look.
 */
#ifndef TESTS_KEEPER_H
#define TESTS_KEEPER_H

#include <stdatomic.h>

#include <bothy/bothy.h>

#include <sys/types.h>

#include "tests/gate.h"

enum { KEEPER_MAX = 20000 };

struct keeper {
	bothy_server *server;
	struct gate gate; /* where flush stops while `stops` is set: it arrives there */
	atomic_bool stops;
	const char *failing;       /* the op of calls that can't be stored; NULL: none */
	atomic_int flush_failures; /* so many flushes fail, from now on */
	/* written by the writer's thread */
	struct stored {
		char id[40], op[40], project[40];
		bool has_end;
	} stored[KEEPER_MAX]; /* since the last failed flush these are for good */
	int n, pending;      /* ... but for the last ones, not flushed yet */
	atomic_int flushes;  /* that succeeded */
	atomic_int failures; /* calls of failed */
	void (*on_failed)(void); /* which does this too; or NULL */
	void (*on_upsert)(void); /* likewise */
	pid_t owner;             /* whose process alone may flush */
	char failed_id[80];  /* of the last one */
	int failed_error;
	atomic_int begun, finished, destroyed;
	size_t largest; /* parts handed to one calls_upsert */
	size_t parts;   /* ... and to all */
};

extern struct keeper keeper;

/* Make the server; the queue holds QUEUE_MAX items (0: the default). */
void keeper_open(size_t queue_max);

/* End the test's hold; what was handed over is stored then. */
void keeper_close(void);

/* How many calls of that op are stored for good; NULL: of any. */
int keeper_count(const char *op);

#endif
