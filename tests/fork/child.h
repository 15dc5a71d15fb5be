/*
 * What children do that are forked in some state of the library's.
 */
#ifndef TESTS_FORK_CHILD_H
#define TESTS_FORK_CHILD_H

#include <stdatomic.h>

#include <bothy/bothy.h>

#include "tests/pool_fixture.h"

enum { FUTURES_MAX = 8 };

/* What a state holds besides the fixture's pool when it forks: a child frees it.  Anything may be
 * NULL. */
struct held {
	bothy_server *server;
	bothy_client *client;
	bothy_group *group;
	bothy_completions *completions;
	bothy_project *project;
	bothy_capture *capture;
	bothy_future *futures[FUTURES_MAX];
	int n;
	bool busy; /* other threads go on while it forks */
};

extern struct held held;

/* Release all of it but the server, of which pools may be. */
void held_release(void);

/*
 * Fork children here, one after the other, and wait for each: one that calls exit(3); _exit(2);
 * executes a program; asks and frees all that is held, and goes on with refs and contexts; makes a
 * pool and a server, runs jobs, records and reads back.
 *
 * Any thread; callbacks too.  What is wrong is printed, and counted in fork_failures.  An alarm
 * ends children that hang.
 */
void fork_children(void);

extern atomic_int fork_failures;

#endif
