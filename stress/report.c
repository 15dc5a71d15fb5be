#include "stress/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "stress/flood.h"
#include "stress/latency.h"
#include "stress/ledger.h"
#include "stress/stress.h"
#include "stress/violation.h"

static double seconds(bothy_time ns)
{
	return (double)ns / 1e9;
}

static double us(int64_t ns)
{
	return (double)ns / 1e3;
}

static double rate(const struct bothy_pool_stats *stats, bothy_time elapsed_ns)
{
	return (double)stats->submitted / seconds(elapsed_ns > 0 ? elapsed_ns : 1);
}

static void print_violations(void)
{
	printf("\nviolations       %lu\n", violations_total());
	for (int kind = 0; kind < VIOLATION_COUNT; kind++) {
		unsigned long n = violations_of((enum violation_kind)kind);

		if (n > 0)
			printf("  %-14s %lu\n", violation_name((enum violation_kind)kind), n);
	}
}

static void print_outcomes(const struct bothy_pool_stats *stats)
{
	printf("\n  done           %12" PRIu64 "\n", stats->done);
	printf("  failed         %12" PRIu64 "\n", stats->failed);
	printf("  canceled       %12" PRIu64 "\n", stats->canceled);
	printf("  expired        %12" PRIu64 "\n", stats->expired);
	printf("  timed out      %12" PRIu64 "\n", stats->timed_out);
	printf("  thread exited  %12" PRIu64 "\n", stats->thread_exited);
	printf("  submitted      %12" PRIu64 "   (%" PRIu64 " of them spawned; refused %" PRIu64
	       " times)\n",
	       stats->submitted, ledger_sum(LEDGER_SPAWNED), stats->refused);
}

static void print_text(const struct bothy_pool_stats *stats, bothy_time elapsed_ns)
{
	printf("%" PRIu64 " jobs in %.2f s: %.0f a second\n", stats->submitted, seconds(elapsed_ns),
	       rate(stats, elapsed_ns));
	print_outcomes(stats);
	printf("\nsubmit to settled p50 %.1f us, p90 %.1f us, p99 %.1f us, max %.1f us "
	       "(%" PRIu64 " samples)\n",
	       us(latency_percentile(.5)), us(latency_percentile(.9)),
	       us(latency_percentile(.99)), us(latency_max()), latency_count());
	printf("contexts         %" PRIu64 ", each with a number of its own\n",
	       ledger_sum(LEDGER_CONTEXTS));
	printf("refs made        %" PRIu64 "\n", ledger_sum(LEDGER_REFS_MADE));
	printf("address reuses   %" PRIu64 " confirmed\n", ledger_sum(LEDGER_REUSES));
	printf("cycles found     %" PRIu64 ", waits without a spare thread %" PRIu64 "\n",
	       ledger_sum(LEDGER_CYCLES), ledger_sum(LEDGER_NO_SPARE));
	printf("shares compared  %" PRIu64 "\n", flood_compared());
	print_violations();
	printf("seed             %" PRIu64 "\n", stress.options.seed);
}

static void print_json_violations(void)
{
	const char *comma = "";

	printf("\"violations\":%lu,\"violations_by_kind\":{", violations_total());
	for (int kind = 0; kind < VIOLATION_COUNT; kind++) {
		unsigned long n = violations_of((enum violation_kind)kind);

		if (n == 0)
			continue;
		printf("%s\"%s\":%lu", comma, violation_name((enum violation_kind)kind), n);
		comma = ",";
	}
	printf("}");
}

static void print_json(const struct bothy_pool_stats *stats, bothy_time elapsed_ns)
{
	const struct options *options = &stress.options;

	printf("{\"seed\":%" PRIu64 ",\"projects\":%u,\"workers\":%u,\"producers\":%u,",
	       options->seed, options->projects, options->workers, options->producers);
	printf("\"seconds\":%.3f,\"jobs_per_second\":%.0f,", seconds(elapsed_ns),
	       rate(stats, elapsed_ns));
	printf("\"submitted\":%" PRIu64 ",\"spawned\":%" PRIu64 ",\"refused\":%" PRIu64 ",",
	       stats->submitted, ledger_sum(LEDGER_SPAWNED), stats->refused);
	printf("\"outcomes\":{\"done\":%" PRIu64 ",\"failed\":%" PRIu64 ",\"canceled\":%" PRIu64
	       ",\"expired\":%" PRIu64 ",\"timed_out\":%" PRIu64 ",\"thread_exited\":%" PRIu64 "},",
	       stats->done, stats->failed, stats->canceled, stats->expired, stats->timed_out,
	       stats->thread_exited);
	printf("\"latency_us\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"max\":%.1f,"
	       "\"samples\":%" PRIu64 "},",
	       us(latency_percentile(.5)), us(latency_percentile(.9)),
	       us(latency_percentile(.99)), us(latency_max()), latency_count());
	printf("\"contexts\":%" PRIu64 ",\"refs_made\":%" PRIu64 ",\"address_reuses\":%" PRIu64
	       ",\"cycles\":%" PRIu64 ",\"no_spare\":%" PRIu64 ",\"shares_compared\":%" PRIu64 ",",
	       ledger_sum(LEDGER_CONTEXTS), ledger_sum(LEDGER_REFS_MADE), ledger_sum(LEDGER_REUSES),
	       ledger_sum(LEDGER_CYCLES), ledger_sum(LEDGER_NO_SPARE), flood_compared());
	print_json_violations();
	printf("}\n");
}

void report_print(const struct bothy_pool_stats *stats, bothy_time elapsed_ns)
{
	if (stress.options.json)
		print_json(stats, elapsed_ns);
	else
		print_text(stats, elapsed_ns);
}
