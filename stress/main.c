/*
 * bothy-stress: random jobs of many tenants on one pool, each of which looks whether it is
 * alone, and an account of everything at the end.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "stress/bodies.h"
#include "stress/closing.h"
#include "stress/flood.h"
#include "stress/ledger.h"
#include "stress/producer.h"
#include "stress/report.h"
#include "stress/stress.h"
#include "stress/violation.h"

static void begin(void)
{
	const struct options *options = &stress.options;
	const struct bothy_pool_options pool = {
		.size = sizeof(pool),
		.workers = options->workers,
		.queue_max = options->queue,
		.when_full = options->block ? BOTHY_BLOCK : BOTHY_REJECT,
		.spare_max = options->spares,
		.stop_grace_ns = STRESS_GRACE_NS,
		.hygiene = options->strict ? BOTHY_HYGIENE_STRICT : BOTHY_HYGIENE_FAST,
		.name = "stress",
		.worker_init = worker_begin,
		.worker_fini = worker_end,
	};

	stress_begin(&pool);
}

static void produce(void)
{
	unsigned n = stress.options.producers;
	struct producer **producers = calloc(n, sizeof(struct producer *));
	uint64_t jobs = stress.options.jobs;

	stress_need("memory for producers", producers == NULL ? -ENOMEM : 0);
	for (unsigned i = 0; i < n; i++)
		stress_need("a producer",
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
	stress_end(&stats);
	check_reuses();
	flood_run();
	report_print(&stats, elapsed);
	return violations_total() == 0 ? 0 : 1;
}
