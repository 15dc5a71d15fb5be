/*
 * Contexts and clients that several threads know: the global client, captures, families.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <bothy/bothy.h>

#include "sync/atomic.h"
#include "sync/testing.h"
#include "sync/thread.h"
#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

/* ---- the global client ------------------------------------------------------------------- */

static bothy_client *client_of(const char *entity)
{
	bothy_client *made;

	SIM_CHECK(bothy_client_new(NULL, entity, "p", &made) == 0);
	return made;
}

/* Whoever has read it may use it, whatever happened since. */
static void read_global(void *ignored)
{
	unsigned long freed_before = testing_counts.clients_freed;
	const bothy_client *global = bothy_client_current();
	bothy_ref *ref;

	(void)ignored;
	SIM_CHECK(bothy_ref_new_object("ann", "p", "o", "d", &ref) == 0);
	bothy_ref_release(ref); /* time passes */
	SIM_CHECK(testing_counts.clients_freed == freed_before);
	if (global != NULL)
		SIM_CHECK(strcmp(bothy_client_project(global), "p") == 0);
}

static void make_global(const char *entity)
{
	bothy_client *made = client_of(entity);

	SIM_CHECK(bothy_client_set_global(made) == 0);
	bothy_client_release(made);
}

static void the_global_client_is_swapped_while_it_is_read(void)
{
	struct thread reader;

	make_global("ann");
	reader = client(read_global, NULL);
	make_global("bob");
	SIM_CHECK(bothy_client_set_global(NULL) == 0);
	thread_join(&reader);
}

/* ---- captures ---------------------------------------------------------------------------- */

static struct bothy_object object;
static bothy_ref *kept;

static int adopt(void *capture, void **ret_result)
{
	bothy_context *context;
	bothy_ref *got;

	(void)ret_result;
	SIM_CHECK(bothy_context_adopt(capture, &context) == 0);
	SIM_CHECK(strcmp(bothy_client_entity(bothy_client_current()), "bob") == 0);
	SIM_CHECK(bothy_object_get_ref(&object, &got) == 0);
	SIM_CHECK(got == kept);
	bothy_ref_release(got);
	SIM_CHECK(bothy_context_exit(context) == 0);
	return 0;
}

/* A job has a tenant's context again, of which nothing is left but the capture. */
static void a_job_adopts_what_ends(void)
{
	bothy_context *context;
	bothy_capture *capture;
	bothy_future *future;

	bothy_object_init(&object);
	SIM_CHECK(bothy_ref_new_object("bob", "p", "o", "d", &kept) == 0);
	pool_of(1);
	SIM_CHECK(bothy_context_enter(NULL, "bob", "p", NULL, &context) == 0);
	SIM_CHECK(bothy_object_set_ref(&object, kept) == 0);
	SIM_CHECK(bothy_context_capture(&capture) == 0);
	future = start(BOTHY_JOB(.fn = adopt, .arg = capture));
	SIM_CHECK(bothy_context_exit(context) == 0);
	SIM_CHECK(outcome(future) == 0);
	bothy_capture_release(capture);
	bothy_object_fini(&object);
	bothy_ref_release(kept);
	finish();
	SIM_CHECK(testing_counts.refs_made == testing_counts.refs_destroyed);
}

/* ---- families ---------------------------------------------------------------------------- */

static bothy_future *grandchild;

static int spawn_and_leave(void *arg, void **ret_result)
{
	bothy_future *child;

	(void)arg;
	(void)ret_result;
	if (bothy_spawn(&BOTHY_JOB(.fn = until_stopped), &child) == 0)
		grandchild = child;
	return 0;
}

static int spawn_a_parent(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	(void)!bothy_spawn(&BOTHY_JOB(.fn = spawn_and_leave), NULL);
	return bothy_sleep_until(BOTHY_FOREVER);
}

/* The job between them may have ended, run, or not have begun when the first one is stopped. */
static void grandchildren_are_stopped_too(void)
{
	bothy_future *first;

	grandchild = NULL;
	pool_of(2);
	first = start(BOTHY_JOB(.fn = spawn_a_parent));
	(void)bothy_future_cancel(first);
	SIM_CHECK(outcome(first) == -ECANCELED);
	SIM_CHECK(bothy_pool_close(pool, BOTHY_FOREVER) == 0);
	if (grandchild != NULL)
		SIM_CHECK(outcome(grandchild) == -ECANCELED);
	finish();
}

static const struct scenario scenarios[] = {
	{"the_global_client_is_swapped_while_it_is_read",
         the_global_client_is_swapped_while_it_is_read, "GLOBAL_RELEASED"},
	{"a_job_adopts_what_ends", a_job_adopts_what_ends, "REF_NOT_ATOMIC"},
	{"grandchildren_are_stopped_too", grandchildren_are_stopped_too, "BEQUEST_LOST"},
};

SCENARIOS(scenarios)
