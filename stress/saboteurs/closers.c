/*
 * Jobs that close or free the pool that they run on.
 */
#include <errno.h>
#include <sched.h>

#include "stress/bodies.h"
#include "stress/saboteurs/families.h"
#include "stress/saboteurs/intact.h"
#include "stress/stress.h"
#include "stress/violation.h"

static const char key;

/* ---- that of all ------------------------------------------------------------------------------ */

static void close_pool(struct saboteur *saboteur)
{
	saboteur_expect(saboteur, "bothy_pool_close(its own)", -EDEADLK,
	                bothy_pool_close(stress.pool, BOTHY_FOREVER));
	saboteur_expect(saboteur, "bothy_pool_close(its own), now", -EDEADLK,
	                bothy_pool_close(stress.pool, BOTHY_NOW));
}

static int close_own(struct saboteur *saboteur, void **ret_result)
{
	(void)ret_result;
	close_pool(saboteur);
	sabotage_defer(saboteur, close_pool);
	sabotage_local(saboteur, &key, close_pool);
	return 0;
}

static void check_hooks(const struct saboteur *saboteur)
{
	saboteur_expect(saboteur, "hooks called", saboteur->planned, saboteur->seen);
}

/* ---- one of their own ------------------------------------------------------------------------- */

#define POOLS 8u  /* at once */
#define OTHERS 3u /* jobs on each but the one that frees it */

/* Wait until it is asked to stop, as all that runs on an abandoned pool is. */
static int linger(struct saboteur *saboteur, void **ret_result)
{
	*ret_result = sabotage_result();
	saboteur_expect(saboteur, "the stop request", -ECANCELED, bothy_sleep_until(BOTHY_FOREVER));
	return bothy_stop_requested();
}

/* A pool, the job that frees it, and others that are queued or run. */
struct own {
	bothy_pool *pool;
	_Atomic bool ready; /* whoever made it does not use it any more */
	struct saboteur *killer, *others[OTHERS];
};

/* The pool takes nothing new from outside, but it has not ended as long as this runs. */
static void go_on(struct saboteur *saboteur)
{
	struct bothy_job job = BOTHY_JOB(.fn = NULL);

	saboteur_expect(saboteur, "the stop request", -ECANCELED, bothy_stop_requested());
	saboteur_expect(saboteur, "bothy_spawn without a function", -EINVAL,
	                bothy_spawn(&job, NULL));
	sabotage_set_ref(saboteur);
	sabotage_defer(saboteur, NULL);
	sabotage_local(saboteur, &key, sabotage_set_ref);
}

static void free_pool(struct saboteur *saboteur)
{
	struct own *own = saboteur->own;

	while (!atomic_load(&own->ready))
		sched_yield();
	if (saboteur->seed % 2)
		bothy_pool_free(own->pool);
	else
		bothy_pool_abandon(own->pool);
	go_on(saboteur);
}

static int free_own(struct saboteur *saboteur, void **ret_result)
{
	*ret_result = sabotage_result();
	if (saboteur->seed % 3)
		free_pool(saboteur);
	else
		sabotage_defer(saboteur, free_pool);
	return 0;
}

static void submit_to(bothy_pool *pool, struct saboteur *saboteur)
{
	struct bothy_job job = saboteur_job(saboteur);
	bothy_future *future;

	saboteur->elsewhere = true;
	job.entity = "saboteurs";
	job.project = "elsewhere";
	if (!violation_call("bothy_submit", bothy_submit(pool, &job, &future)))
		saboteur_accepted(saboteur, future);
}

static void own_start(struct gang *gang, struct own *own)
{
	struct bothy_pool_options options = {
		.size = sizeof(options),
		.workers = 1 + rng_below(&gang->rng, 2),
		.name = "doomed",
		.worker_init = worker_begin,
		.worker_fini = worker_end,
	};

	stress_need("a pool", bothy_pool_new(stress.server, &options, &own->pool));
	atomic_store(&own->ready, false);
	own->killer = saboteur_next(gang);
	own->killer->own = own;
	for (unsigned i = 0; i < OTHERS; i++) {
		/* With one worker, those before the killer would never let it start. */
		if (i == options.workers - 1)
			submit_to(own->pool, own->killer);
		own->others[i] = saboteur_new(gang, NULL, linger, IS(CANCELED));
		submit_to(own->pool, own->others[i]);
	}
	atomic_store(&own->ready, true);
}

static void own_end(struct own *own)
{
	if (own->killer == NULL)
		return;
	intact_await(saboteur_future(own->killer));
	for (unsigned i = 0; i < OTHERS; i++)
		intact_await(saboteur_future(own->others[i]));
	own->killer = NULL;
}

static void run_own_pools(struct gang *gang)
{
	struct own owns[POOLS] = {{.killer = NULL}};

	for (uint64_t i = 0; i < gang->jobs + POOLS; i++) {
		own_end(&owns[i % POOLS]);
		if (i < gang->jobs)
			own_start(gang, &owns[i % POOLS]);
	}
}

const struct sabotage sabotage_closers[] = {
	{"close-own", "closes its pool, in hooks and arg_free too", close_own, IS(DONE),
         .check = check_hooks, .freed = close_pool},
	{"free-own", "frees or abandons its pool, and goes on", free_own, IS(DONE),
         .helpers = OTHERS, .run = run_own_pools},
	{.name = NULL},
};
