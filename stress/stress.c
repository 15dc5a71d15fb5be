#define _GNU_SOURCE
#include "stress/stress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stress/canceler.h"
#include "stress/hygiene.h"
#include "stress/ids.h"
#include "stress/ledger.h"
#include "stress/observer.h"
#include "stress/recorder.h"
#include "stress/task.h"

#define TASKS_FOR_EACH 3000u /* producer; and as many for what jobs spawn */

struct stress stress;

bothy_time stress_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (bothy_time)now.tv_sec * 1000000000 + now.tv_nsec;
}

int stress_code(enum bothy_state state, int failed)
{
	switch (state) {
	case BOTHY_DONE:
		return 0;
	case BOTHY_FAILED:
		return failed;
	case BOTHY_CANCELED:
		return -ECANCELED;
	case BOTHY_EXPIRED:
	case BOTHY_TIMED_OUT:
		return -ETIMEDOUT;
	case BOTHY_THREAD_EXITED:
		return -EOWNERDEAD;
	default:
		return -EINPROGRESS;
	}
}

void stress_need(const char *what, int error)
{
	if (error >= 0)
		return;
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(-error));
	exit(1);
}

/* What no job may ever see. */
static int set_global(void)
{
	bothy_client *client;
	int error = bothy_client_new(NULL, STRESS_GLOBAL, "project-0", &client);

	if (error < 0)
		return error;
	error = bothy_client_set_global(client);
	bothy_client_release(client);
	return error;
}

void stress_begin(const struct bothy_pool_options *pool)
{
	stress_need("memory for tenants", tenants_init(stress.options.projects));
	stress_need("memory for tasks",
	            tasks_init(TASKS_FOR_EACH * (stress.options.producers + 1)));
	stress_need("memory for numbers", ids_init());
	stress_need("a locale", hygiene_init());
	stress_need("the global client", set_global());
	stress_need("a server", recorder_new(&stress.server));
	stress_need("the pool", bothy_pool_new(stress.server, pool, &stress.pool));
	stress_need("its projects", tenants_open(stress.pool));
	stress_need("the canceler", canceler_start());
	stress_need("the observer", observer_start());
}

void stress_end(const struct bothy_pool_stats *stats)
{
	observer_stop();
	canceler_stop();
	shared_fini();
	tenants_check(stats);
	tenants_fini();
	bothy_server_release(stress.server);
	tasks_report_left();
	ledger_balance(stats);
	ledger_balance_library();
	tasks_fini();
	hygiene_fini();
	ids_fini();
}
