/*
 * The section of a strict pool, whose threads are started by one of their own: a job leaves something that
 * is put back, and another what retires its thread, so that a new one has to start.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>

#include "tests/faults/scenario.h"
#include "tests/faults/verdict.h"

static atomic_uint told; /* what on_dirty was told of, all together */

static void tell(void *user, const struct bothy_dirt *dirt)
{
	(void)user;
	/* What can't be looked at is taken for changed. */
	if (!verdict_allows(-EACCES))
		atomic_fetch_or(&told, dirt->changed);
	EXPECT(dirt->retired || (dirt->changed & BOTHY_DIRT_NO_NEW_PRIVS) == 0);
}

static int block_a_signal(void *arg, void **ret_result)
{
	sigset_t set;

	(void)arg, (void)ret_result;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	return pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static int give_up_privileges(void *arg, void **ret_result)
{
	(void)arg, (void)ret_result;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void run_both(bothy_pool *pool)
{
	bothy_fn *const fns[] = {block_a_signal, give_up_privileges, nothing};

	for (int i = 0; i < 3; i++)
		(void)SAID(bothy_run(pool,
		                     &BOTHY_JOB(.entity = "ann", .project = "p", .fn = fns[i]),
		                     BOTHY_FOREVER, NULL));
}

void strict_section(void)
{
	const struct bothy_pool_options options = {
		.size = sizeof(options),
		.workers = 1,
		.hygiene = BOTHY_HYGIENE_STRICT,
		.on_dirty = tell,
	};
	bothy_pool *pool;

	EXPECT(strcmp(bothy_dirt_name(BOTHY_DIRT_NO_NEW_PRIVS), "no_new_privs") == 0);
	atomic_store(&told, 0);
	if (SAID(bothy_pool_new(NULL, &options, &pool)) < 0)
		return;
	run_both(pool);
	EXPECT((atomic_load(&told) & ~(BOTHY_DIRT_SIGNAL_MASK | BOTHY_DIRT_NO_NEW_PRIVS)) == 0);
	bothy_pool_free(pool);
}
