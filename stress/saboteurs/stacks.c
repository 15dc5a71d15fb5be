/*
 * Jobs with nearly no stack left.
 *
 * What is left is LEFT bytes above the guard page, most of which the C library's own functions
 * want: printf() some KB, and to end a thread, the unwinder.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "stress/ledger.h"
#include "stress/saboteurs/families.h"
#include "stress/stress.h"
#include "stress/violation.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LEFT (96 * 1024) /* a sanitizer's own functions want more */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LEFT (96 * 1024)
#endif
#endif
#ifndef LEFT
#define LEFT (16 * 1024)
#endif

static const char keys[2];

static uintptr_t lowest(void)
{
	pthread_attr_t attributes;
	void *address = NULL;
	size_t bytes = 0;

	if (pthread_getattr_np(pthread_self(), &attributes) != 0)
		return 0;
	pthread_attr_getstack(&attributes, &address, &bytes);
	pthread_attr_destroy(&attributes);
	return (uintptr_t)address;
}

/* Call FN with so little stack left: down in frames of some KB, and then in one step. */
static __attribute__((noinline)) int burn(struct saboteur *saboteur, unsigned frames,
                                          uintptr_t bottom, sabotage_fn *fn)
{
	volatile char frame[2048];
	size_t rest = (uintptr_t)__builtin_frame_address(0) - bottom;

	frame[0] = frame[2047] = (char)frames;
	if (frames > 0 && rest > LEFT + sizeof(frame) * 2)
		return burn(saboteur, frames - 1, bottom, fn) + frame[0] * 0;
	if (rest > LEFT) {
		volatile char *gone = alloca(rest - LEFT);

		gone[0] = 0;
	}
	return fn(saboteur, NULL) + frame[2047] * 0;
}

static int with_little_stack(struct saboteur *saboteur, sabotage_fn *fn)
{
	uintptr_t bottom = lowest();

	return bottom == 0 ? fn(saboteur, NULL)
	                   : burn(saboteur, (unsigned)(saboteur->seed % 100), bottom, fn);
}

static void check_hooks(const struct saboteur *saboteur)
{
	saboteur_expect(saboteur, "hooks called", saboteur->planned, saboteur->seen);
}

/* ---- waiting ---------------------------------------------------------------------------------- */

/* It must park: there is no room for the child on this stack. */
static int wait_there(struct saboteur *saboteur, void **ret_result)
{
	struct saboteur *child = saboteur_new(saboteur->gang, saboteur, saboteur_behaves, IS(DONE));

	(void)ret_result;
	if (!saboteur_spawn(child))
		return 0;
	violation_call("bothy_future_wait", saboteur_wait(child));
	saboteur_expect(saboteur, "its child ran in place", 0, child->in_place);
	return 0;
}

static int wait_on_little(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	return with_little_stack(saboteur, wait_there);
}

/* ---- all else --------------------------------------------------------------------------------- */

enum { CODE = 9 };

static int do_all_there(struct saboteur *saboteur, void **ret_result)
{
	bothy_context *context;

	(void)ret_result;
	sabotage_set_ref(saboteur);
	sabotage_defer(saboteur, sabotage_set_ref);
	sabotage_local(saboteur, &keys[0], sabotage_set_ref);
	if (!violation_call("bothy_context_enter", bothy_context_enter(stress.server, "saboteurs",
	                                                               "inside", NULL, &context))) {
		sabotage_defer(saboteur, sabotage_set_ref);
		sabotage_local(saboteur, &keys[1], sabotage_set_ref);
		violation_call("bothy_context_exit", bothy_context_exit(context));
	}
	return bothy_fail(CODE, "%0200d bytes left, %f", LEFT, 1.5);
}

static int do_all_on_little(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	return with_little_stack(saboteur, do_all_there);
}

static int leave_there(struct saboteur *saboteur, void **ret_result)
{
	(void)do_all_there(saboteur, ret_result);
	pthread_exit(NULL);
}

static int leave_on_little(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	return with_little_stack(saboteur, leave_there);
}

/* ---- recording -------------------------------------------------------------------------------- */

#ifdef BOTHY_RECORDING

static bothy_server *memory;

static void record(struct saboteur *saboteur)
{
	static const char value[] = "{\"what\": [1, 2.5, \"a saboteur's\"]}";
	bothy_call *call;
	bothy_ref *ref;

	violation_call("bothy_call_begin", bothy_call_begin("sabotage", value, &call));
	if (!violation_call("bothy_publish",
	                    bothy_publish(NULL, "thing", value, sizeof(value) - 1, &ref))) {
		ledger_count(LEDGER_REFS_MADE);
		bothy_ref_release(ref);
	}
	violation_call("bothy_call_end", bothy_call_end(call, value, NULL));
	saboteur->seen++;
}

static int record_there(struct saboteur *saboteur, void **ret_result)
{
	bothy_context *context;

	(void)ret_result;
	if (violation_call("bothy_context_enter",
	                   bothy_context_enter(memory, "saboteurs", "recorded", NULL, &context)))
		return 0;
	saboteur->planned++;
	record(saboteur);
	violation_call("bothy_context_exit", bothy_context_exit(context));
	return 0;
}

static int record_on_little(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	return with_little_stack(saboteur, record_there);
}

static void run_recorded(struct gang *gang)
{
	stress_need("a server", bothy_server_open("memory:", NULL, &memory));
	gang_run_window(gang);
	bothy_server_release(memory);
}

#endif

const struct sabotage sabotage_stacks[] = {
	{"stack-wait", "waits with 16 KiB of stack left", wait_on_little, IS(DONE), .helpers = 1},
	{"stack-all", "sets, defers, enters, fails there", do_all_on_little, IS(FAILED),
         .code = CODE, .check = check_hooks},
	{"stack-exit", "... and calls pthread_exit()", leave_on_little, IS(THREAD_EXITED),
         .check = check_hooks},
#ifdef BOTHY_RECORDING
	{"stack-record", "... records and publishes", record_on_little, IS(DONE),
         .check = check_hooks, .run = run_recorded},
#endif
	{.name = NULL},
};
