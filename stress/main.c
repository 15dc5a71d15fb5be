/*
 * bothy-stress: random jobs of many tenants on one pool, each of which looks whether it is
 * alone, and an account of everything at the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stress/bodies.h"
#include "stress/canceler.h"
#include "stress/closing.h"
#include "stress/flood.h"
#include "stress/hygiene.h"
#include "stress/ids.h"
#include "stress/ledger.h"
#include "stress/observer.h"
#include "stress/producer.h"
#include "stress/recorder.h"
#include "stress/report.h"
#include "stress/stress.h"
#include "stress/violation.h"

#define TASKS_FOR_EACH 3000u /* producer; and as many for what jobs spawn */

struct stress stress;

bothy_time stress_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (bothy_time)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void need(const char *what, int error)
{
	if (error >= 0)
		return;
	fprintf(stderr, "bothy-stress: %s: %s\n", what, strerror(-error));
	exit(1);
}

static int start_pool(void)
{
	const struct options *options = &stress.options;
	struct bothy_pool_options pool = {
		.size = sizeof(pool),
		.workers = options->workers,
		.queue_max = options->queue,
		.when_full = options->block ? BOTHY_BLOCK : BOTHY_REJECT,
		.spare_max = options->spares,
		.stop_grace_ns = STRESS_GRACE_NS,
		.name = "stress",
		.worker_init = worker_begin,
		.worker_fini = worker_end,
	};

	return bothy_pool_new(stress.server, &pool, &stress.pool);
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

static void begin(void)
{
	need("memory for tenants", tenants_init(stress.options.projects));
	need("memory for tasks", tasks_init(TASKS_FOR_EACH * (stress.options.producers + 1)));
	need("memory for numbers", ids_init());
	need("a locale", hygiene_init());
	need("the global client", set_global());
	need("a server", recorder_new(&stress.server));
	need("the pool", start_pool());
	need("its projects", tenants_open(stress.pool));
	need("the canceler", canceler_start());
	need("the observer", observer_start());
}

static void produce(void)
{
	unsigned n = stress.options.producers;
	struct producer **producers = calloc(n, sizeof(struct producer *));
	uint64_t jobs = stress.options.jobs;

	need("memory for producers", producers == NULL ? -ENOMEM : 0);
	for (unsigned i = 0; i < n; i++)
		need("a producer",
		     producer_start(i, jobs / n + (i < jobs % n ? 1 : 0), &producers[i]));
	for (unsigned i = 0; i < n; i++)
		producer_join(producers[i]);
	free(producers);
}

/* Of so many jobs, a tenth at least must have found an address used before. */
static void check_reuses(void)
{
	uint64_t least = ledger_sum(LEDGER_STARTED) / 10;

	if (ledger_sum(LEDGER_STARTED) > 10000 && ledger_sum(LEDGER_REUSES) < least)
		violation(VIOLATION_CONSERVATION,
		          "confirmed reuses of addresses: expected %" PRIu64
		          " or more, seen %" PRIu64,
		          least, ledger_sum(LEDGER_REUSES));
}

static void end(const struct bothy_pool_stats *stats)
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
	check_reuses();
	tasks_fini();
	hygiene_fini();
	ids_fini();
}

static void print_header(void)
{
	const struct options *options = &stress.options;

	if (options->json)
		return;
	printf("bothy-stress: %u projects, %u workers, %u producers, seed %" PRIu64 "%s%s\n",
	       options->projects, options->workers, options->producers, options->seed,
	       options->plant != NULL ? ", planted " : "",
	       options->plant != NULL ? options->plant : "");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct bothy_pool_stats stats;
	bothy_time start, elapsed;

	options_read(&stress.options, argc, argv);
	print_header();
	begin();
	start = stress_now();
	produce();
	elapsed = stress_now() - start;
	closing_run(&stats);
	end(&stats);
	flood_run();
	report_print(&stats, elapsed);
	return violations_total() == 0 ? 0 : 1;
}
