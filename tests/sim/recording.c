/*
 * Scenarios of the writer: contexts hand over, the writer stores, flushes and releases wait.
 */
#include <errno.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/park.h"
#include "sync/thread.h"
#include "tests/sim/scenario.h"

static bothy_server *server;
static _Atomic int stored, lost;
static struct parker flushed;

static void upsert(void *self, const struct bothy_call_part *parts, size_t n, int *ret_errors)
{
	(void)self, (void)parts, (void)ret_errors;
	(void)atom_add(&stored, (int)n, relaxed);
}

static void failed(void *self, const struct bothy_failure *failure)
{
	(void)self, (void)failure;
	(void)atom_add(&lost, 1, relaxed);
}

static int flush(void *self)
{
	(void)self;
	parker_wake(&flushed);
	return 0;
}

static void open_server(size_t queue_max)
{
	const struct bothy_server_ops ops = {.size = sizeof(ops),
	                                     .queue_max = queue_max,
	                                     .calls_upsert = upsert,
	                                     .flush = flush,
	                                     .failed = failed};

	atomic_store(&stored, 0);
	atomic_store(&lost, 0);
	parker_init(&flushed);
	SIM_CHECK(bothy_server_new(&ops, NULL, &server) == 0);
}

/* Record N calls in a context, and leave it. */
static void record(void *n)
{
	bothy_context *context;

	SIM_CHECK(bothy_context_enter(server, "ann", "p", NULL, &context) == 0);
	for (int i = 0; i < *(int *)n; i++) {
		bothy_call *call;

		SIM_CHECK(bothy_call_begin("op", NULL, &call) == 0);
		SIM_CHECK(bothy_call_end(call, NULL, NULL) == 0);
	}
	SIM_CHECK(bothy_context_exit(context) == 0);
}

static struct thread recorder_of(int *n)
{
	static const struct thread_options options = {.name = "recorder"};
	struct thread thread;

	SIM_CHECK(thread_start(record, n, &options, &thread) == 0);
	return thread;
}

static void hand_over_wakes_the_writer(void)
{
	int one = 1;
	struct thread thread;

	open_server(0);
	thread = recorder_of(&one);
	(void)parker_park(&flushed, BOTHY_FOREVER); /* nobody flushes or ends it before */
	thread_join(&thread);
	bothy_server_release(server);
	SIM_CHECK(atomic_load(&stored) == 1);
}

static void flush_against_hand_over(void)
{
	int one = 1, two = 2;
	struct thread thread;
	bothy_context *context;

	open_server(0);
	thread = recorder_of(&two);
	SIM_CHECK(bothy_context_enter(server, "bob", "q", NULL, &context) == 0);
	record(&one);
	SIM_CHECK(bothy_client_flush(NULL, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&stored) >= 1);
	thread_join(&thread);
	SIM_CHECK(bothy_client_flush(NULL, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&stored) == 3);
	SIM_CHECK(bothy_context_exit(context) == 0);
	bothy_server_release(server);
}

static void full_queue_against_the_writer(void)
{
	int one = 1;
	struct thread a, b;

	open_server(1);
	a = recorder_of(&one);
	b = recorder_of(&one);
	record(&one);
	thread_join(&a);
	thread_join(&b);
	bothy_server_release(server);
	SIM_CHECK(atomic_load(&stored) == 3);
}

/* Record two calls in a context that does not wait for room, and leave it. */
static void record_in_haste(void *ignored)
{
	const struct bothy_context_options options = {.size = sizeof(options),
	                                              .deadline = BOTHY_NOW};
	bothy_context *context;
	int error;

	(void)ignored;
	SIM_CHECK(bothy_context_enter(server, "ann", "p", &options, &context) == 0);
	for (int i = 0; i < 2; i++) {
		SIM_CHECK(bothy_call_begin("op", NULL, NULL) == 0);
		SIM_CHECK(bothy_call_end(bothy_call_current(), NULL, NULL) == 0);
	}
	error = bothy_context_exit(context);
	SIM_CHECK(error == 0 || error == -ETIMEDOUT);
}

static void who_leaves_the_line_for_room_holds_up_nobody(void)
{
	static const struct thread_options options = {.name = "hasty"};
	int one = 1;
	struct thread hasty, patient;

	open_server(2);
	patient = recorder_of(&one);
	SIM_CHECK(thread_start(record_in_haste, NULL, &options, &hasty) == 0);
	record(&one);
	thread_join(&hasty);
	thread_join(&patient);
	bothy_server_release(server);
	SIM_CHECK(atomic_load(&stored) + atomic_load(&lost) == 4);
	SIM_CHECK(atomic_load(&lost) == 0 || atomic_load(&lost) == 2);
}

static const struct scenario scenarios[] = {
	{"hand_over_wakes_the_writer", hand_over_wakes_the_writer, "WRITER_WAKE_DROPPED"},
	{"flush_against_hand_over", flush_against_hand_over, "FLUSH_WAKE_DROPPED"},
	{"full_queue_against_the_writer", full_queue_against_the_writer, "ROOM_WAKE_DROPPED"},
	{"who_leaves_the_line_for_room_holds_up_nobody", who_leaves_the_line_for_room_holds_up_nobody,
	 "ROOM_WAKE_DROPPED"},
};

SCENARIOS(scenarios)
