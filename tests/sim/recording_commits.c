/*
 * Scenarios of group commit: what is written together, what of it fails, and who is told.
 */
#include <errno.h>
#include <string.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

static bothy_server *server;
static _Atomic int stored, others, destroyed; /* ann's calls, and others'; servers */
static bool bad_written;                      /* on the writer's thread: since the last flush */
static struct parker entered;

/* Bob's calls are written, but no flush can make them durable. */
static void upsert(void *self, const struct bothy_call_part *parts, size_t n, int *ret_errors)
{
	(void)self, (void)ret_errors;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(parts[i].entity, "bob") == 0)
			bad_written = true;
		count(strcmp(parts[i].entity, "ann") == 0 ? &stored : &others);
	}
}

static int flush(void *self)
{
	int error = bad_written ? -EIO : 0;

	(void)self;
	bad_written = false;
	return error;
}

static void destroy(void *self)
{
	(void)self;
	count(&destroyed);
}

static void open_server(void)
{
	const struct bothy_server_ops ops = {
		.size = sizeof(ops), .calls_upsert = upsert, .flush = flush, .destroy = destroy};

	atomic_store(&stored, 0);
	atomic_store(&others, 0);
	atomic_store(&destroyed, 0);
	parker_init(&entered);
	bad_written = false;
	SIM_CHECK(bothy_server_new(&ops, NULL, &server) == 0);
}

static bothy_context *enter(const char *entity)
{
	bothy_context *context;

	SIM_CHECK(bothy_context_enter(server, entity, "p", NULL, &context) == 0);
	SIM_CHECK(bothy_call_begin("op", NULL, NULL) == 0);
	SIM_CHECK(bothy_call_end(bothy_call_current(), NULL, NULL) == 0);
	return context;
}

/* Record a call and flush: what that says. */
static int record_and_flush(const char *entity)
{
	bothy_context *context = enter(entity);
	int error = bothy_client_flush(NULL, BOTHY_FOREVER);

	SIM_CHECK(bothy_context_exit(context) == 0);
	return error;
}

static void record_what_fails(void *ignored)
{
	(void)ignored;
	SIM_CHECK(record_and_flush("bob") == -EIO);
}

static void one_fails_of_those_written_together(void)
{
	struct thread other;

	open_server();
	other = client(record_what_fails, NULL);
	SIM_CHECK(record_and_flush("ann") == 0);
	thread_join(&other);
	bothy_server_release(server);
	SIM_CHECK(atomic_load(&stored) >= 1); /* again, if the first time was with bob's */
}

static void record_cyds(void *ignored)
{
	(void)ignored;
	SIM_CHECK(record_and_flush("cyd") == 0);
	SIM_CHECK(atomic_load(&others) == 1);
}

/* One may be written, and its flush be over, while the other is only handed over. */
static void flushes_that_come_one_after_the_other(void)
{
	struct thread other;

	open_server();
	other = client(record_cyds, NULL);
	SIM_CHECK(record_and_flush("ann") == 0);
	SIM_CHECK(atomic_load(&stored) == 1);
	thread_join(&other);
	bothy_server_release(server);
}

static void record_and_leave(void *ignored)
{
	bothy_context *context = enter("ann");

	(void)ignored;
	parker_wake(&entered);
	SIM_CHECK(bothy_context_exit(context) == 0);
}

/* Whoever is the last to let the server go has all written that was handed over. */
static void a_server_goes_while_a_context_ends(void)
{
	struct thread other;

	open_server();
	other = client(record_and_leave, NULL);
	(void)parker_park(&entered, BOTHY_FOREVER);
	bothy_server_release(server);
	thread_join(&other);
	SIM_CHECK(atomic_load(&stored) == 1);
	SIM_CHECK(atomic_load(&destroyed) == 1);
}

static const struct scenario scenarios[] = {
	{"one_fails_of_those_written_together", one_fails_of_those_written_together,
         "LOST_TOGETHER"},
	{"flushes_that_come_one_after_the_other", flushes_that_come_one_after_the_other,
         "FLUSHED_EARLY"},
	{"a_server_goes_while_a_context_ends", a_server_goes_while_a_context_ends,
         "SERVER_NOT_ATOMIC"},
};

SCENARIOS(scenarios)
