#include "tests/faults/scenario.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>

#include "tests/faults/verdict.h"
#include "tests/support.h"

struct scenario scenario;

static atomic_int workers; /* that have called worker_init and not worker_fini */

static int worker_init(void *user, void **ret_local)
{
	atomic_fetch_add(&workers, 1);
	*ret_local = user;
	return 0;
}

static void worker_fini(void *user, void *local)
{
	EXPECT(local == user);
	atomic_fetch_sub(&workers, 1);
}

static const struct bothy_pool_options pool_options = {
	.size = sizeof(pool_options),
	.workers = 2,
	.spare_max = 8,
	.name = "faults",
	.worker_init = worker_init,
	.worker_fini = worker_fini,
	.user = &workers,
};

static void open_all(void)
{
	scenario.server = NULL;
	scenario.pool = NULL;
	(void)SAID(recording_open());
	(void)SAID(bothy_pool_new(scenario.server, &pool_options, &scenario.pool));
}

/* A pool of its own, which is left as it is. */
static void abandon_one(void)
{
	const struct bothy_pool_options options = {.size = sizeof(options), .workers = 1};
	const struct bothy_job job = BOTHY_JOB(.entity = "ann", .project = "p", .fn = nothing);
	bothy_pool *pool;

	if (SAID(bothy_pool_new(NULL, &options, &pool)) < 0)
		return;
	(void)SAID(bothy_submit(pool, &job, NULL));
	bothy_pool_abandon(pool);
}

static int is_dead(void *unused)
{
	struct bothy_pool_stats stats = {.size = sizeof(stats)};

	(void)unused;
	return bothy_pool_stats(scenario.pool, &stats) == -ECHILD ? 0 : 1;
}

static int served(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	use_context();
	return 0;
}

/* Nothing fails any more: all must be as if nothing had. */
static void expect_service(void)
{
	struct bothy_job job = BOTHY_JOB(.entity = "ann", .project = "p", .fn = served);
	struct bothy_pool_stats stats = {.size = sizeof(stats)};

	verdict_allow(NULL);
	if (scenario.server == NULL && scenario.pool == NULL)
		open_all();
	if (scenario.pool == NULL)
		(void)SAID(bothy_pool_new(scenario.server, &pool_options, &scenario.pool));
	if (scenario.pool == NULL)
		return;
	for (int i = 0; i < 3; i++)
		EXPECT(bothy_run(scenario.pool, &job, BOTHY_FOREVER, NULL) == 0);
	job.flags = BOTHY_OWN_THREAD;
	EXPECT(bothy_run(scenario.pool, &job, BOTHY_FOREVER, NULL) == 0);
	while (bothy_pool_stats(scenario.pool, &stats) == 0 && stats.narrowed > 0)
		(void)sched_yield(); /* until the missing threads are there again */
	recording_serves();
	EXPECT(support_in_child(is_dead, NULL) == 0);
}

static void close_all(void)
{
	EXPECT(bothy_pool_close(scenario.pool, BOTHY_FOREVER) == 0);
	bothy_pool_free(scenario.pool);
	bothy_server_release(scenario.server);
	EXPECT(atomic_load(&workers) == 0);
	notes_balance();
}

void scenario_run(const char *url, void (*over)(void))
{
	notes_reset();
	recording_reset();
	scenario.url = url;
	refs_section();
	contexts_section();
	open_all();
	recording_section();
	if (scenario.pool != NULL)
		jobs_section();
	strict_section();
	abandon_one();
	over();
	expect_service();
	if (scenario.pool != NULL)
		close_all();
}
