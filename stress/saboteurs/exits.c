/*
 * Jobs that call pthread_exit(): in fn, in a frame below it, in deferred functions and locals'
 * destructors, in jobs that run in place of a wait.
 */
#include <pthread.h>

#include "stress/ledger.h"
#include "stress/saboteurs/families.h"
#include "stress/stress.h"
#include "stress/violation.h"

static const char keys[3];

/* Each hook and cleanup handler ran once. */
static void check_hooks(const struct saboteur *saboteur)
{
	saboteur_expect(saboteur, "hooks and handlers called", saboteur->planned, saboteur->seen);
}

static void leave(struct saboteur *saboteur)
{
	if (saboteur != NULL)
		pthread_exit(NULL);
}

static int exit_plainly(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	leave(saboteur);
	return 0;
}

/* ---- frames --------------------------------------------------------------------------------- */

static void unwound(void *arg)
{
	struct saboteur *saboteur = arg;

	saboteur->seen++;
}

/* The compiler may not know that leave() does not return, or it would warn of what never ends. */
static void descend(struct saboteur *saboteur, unsigned frames)
{
	saboteur->planned++;
	pthread_cleanup_push(unwound, saboteur);
	if (frames > 0)
		descend(saboteur, frames - 1);
	leave(saboteur);
	pthread_cleanup_pop(1);
}

static int exit_nested(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	descend(saboteur, (unsigned)(saboteur->seed % 20));
	return 0;
}

/* ---- with all that a job can have ------------------------------------------------------------ */

static void load(struct saboteur *saboteur)
{
	sabotage_set_ref(saboteur);
	sabotage_defer(saboteur, NULL);
	sabotage_defer(saboteur, sabotage_set_ref);
	sabotage_local(saboteur, &keys[0], NULL);
	sabotage_local(saboteur, &keys[1], sabotage_set_ref);
}

static int exit_loaded(struct saboteur *saboteur, void **ret_result)
{
	bothy_context *context;

	*ret_result = sabotage_result();
	load(saboteur);
	(void)bothy_fail(5, "about to end the thread of %s", saboteur->gang->sabotage->name);
	for (int i = 0; i < 2; i++) {
		if (violation_call("bothy_context_enter",
		                   bothy_context_enter(stress.server, "saboteurs", "inside", NULL,
		                                       &context)))
			return 0;
		load(saboteur);
	}
	descend(saboteur, 2);
	return 0;
}

/* ---- in hooks -------------------------------------------------------------------------------- */

static int exit_deferred(struct saboteur *saboteur, void **ret_result)
{
	*ret_result = sabotage_result();
	sabotage_defer(saboteur, NULL);
	sabotage_defer(saboteur, leave);
	sabotage_defer(saboteur, NULL);
	sabotage_local(saboteur, &keys[0], NULL);
	return 0;
}

static int exit_local(struct saboteur *saboteur, void **ret_result)
{
	*ret_result = sabotage_result();
	sabotage_local(saboteur, &keys[0], NULL);
	sabotage_local(saboteur, &keys[1], leave);
	sabotage_local(saboteur, &keys[2], NULL);
	sabotage_defer(saboteur, NULL);
	return 0;
}

static void set_and_leave(struct saboteur *saboteur)
{
	sabotage_local(saboteur, &keys[2], leave);
	leave(saboteur);
}

static void defer_and_leave(struct saboteur *saboteur)
{
	sabotage_defer(saboteur, set_and_leave);
	leave(saboteur);
}

/* Again and again: what was deferred while the thread ends may end it too. */
static int exit_again(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	sabotage_local(saboteur, &keys[0], leave);
	sabotage_local(saboteur, &keys[1], leave);
	sabotage_defer(saboteur, leave);
	sabotage_defer(saboteur, defer_and_leave);
	leave(saboteur);
	return 0;
}

/* ---- in place of a wait ----------------------------------------------------------------------- */

#define GENERATIONS 3u

/* All on one stack end with their thread, the innermost first; who waits elsewhere goes on. */
static void check_line(const struct saboteur *saboteur)
{
	for (const struct saboteur *child = saboteur->own; child != NULL;
	     saboteur = child, child = child->own) {
		bool same_stack = child->in_place && child->state == BOTHY_THREAD_EXITED;

		saboteur_expect(saboteur, "ended with its thread", same_stack,
		                saboteur->state == BOTHY_THREAD_EXITED);
		if (same_stack && atomic_load(&child->settled) >= atomic_load(&saboteur->settled))
			violation(
				VIOLATION_OUTCOME,
				"%s %llu: expected to settle after the job inside it, seen before",
				saboteur->gang->sabotage->name,
				(unsigned long long)saboteur->number);
	}
}

static unsigned generation(const struct saboteur *saboteur)
{
	unsigned n = 0;

	while ((saboteur = saboteur->boss) != NULL)
		n++;
	return n;
}

static int exit_in_place(struct saboteur *saboteur, void **ret_result)
{
	struct saboteur *child;

	(void)ret_result;
	load(saboteur);
	if (generation(saboteur) == GENERATIONS - 1)
		leave(saboteur);
	child = saboteur_new(saboteur->gang, saboteur, exit_in_place, IS(THREAD_EXITED) | IS(DONE));
	saboteur->own = child;
	if (!saboteur_spawn(child))
		return 0;
	violation_call("bothy_future_wait", saboteur_wait(child));
	return 0;
}

/* The children are seen, too, once all are collected. */
static void check_lines(const struct gang *gang)
{
	uint64_t n = atomic_load(&gang->claimed);

	for (uint64_t i = 0; i < n; i++) {
		const struct saboteur *saboteur = &gang->slots[i];

		if (saboteur->boss == NULL)
			check_line(saboteur);
		check_hooks(saboteur);
	}
	if (gang->jobs >= 100 && gang->in_place == 0)
		violation(VIOLATION_OUTCOME,
		          "%s: expected some to run in place of a wait, seen none",
		          gang->sabotage->name);
}

const struct sabotage sabotage_exits[] = {
	{"exit", "calls pthread_exit()", exit_plainly, IS(THREAD_EXITED), .check = check_hooks},
	{"exit-nested", "... below frames with cleanup handlers", exit_nested, IS(THREAD_EXITED),
         .check = check_hooks},
	{"exit-loaded", "... with refs, locals, contexts, a result", exit_loaded, IS(THREAD_EXITED),
         .check = check_hooks},
	{"exit-deferred", "... in a deferred function", exit_deferred, IS(THREAD_EXITED),
         .check = check_hooks},
	{"exit-local", "... in a local's destructor", exit_local, IS(THREAD_EXITED),
         .check = check_hooks},
	{"exit-again", "... in all of them, while the thread ends", exit_again, IS(THREAD_EXITED),
         .check = check_hooks},
	{"exit-in-place", "... two jobs deep in place of a wait", exit_in_place,
         IS(THREAD_EXITED) | IS(DONE), .helpers = GENERATIONS - 1, .check_gang = check_lines},
	{"exit-own-thread", "... on a thread of its own", exit_loaded, IS(THREAD_EXITED),
         .flags = BOTHY_OWN_THREAD, .check = check_hooks},
	{.name = NULL},
};
