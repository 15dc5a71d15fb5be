#include "stress/ledger.h"

#include <inttypes.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "stress/violation.h"
#ifdef BOTHY_TESTING
#include "sync/testing.h"
#endif

#define SHARDS 64u

static struct shard {
	alignas(64) _Atomic uint64_t counts[LEDGER_ENTRIES];
} shards[SHARDS];

static struct shard *own_shard(void)
{
	static _Atomic unsigned threads;
	static _Thread_local struct shard *own;

	if (own == NULL)
		own = &shards[atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) %
		              SHARDS];
	return own;
}

void ledger_add(enum ledger_entry entry, uint64_t n)
{
	atomic_fetch_add_explicit(&own_shard()->counts[entry], n, memory_order_relaxed);
}

uint64_t ledger_sum(enum ledger_entry entry)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < SHARDS; i++)
		sum += atomic_load_explicit(&shards[i].counts[entry], memory_order_relaxed);
	return sum;
}

uint64_t ledger_progress(void)
{
	uint64_t sum = ledger_sum(LEDGER_STARTED) + ledger_sum(LEDGER_ARGS_FREED);

	for (int state = BOTHY_DONE; state <= BOTHY_THREAD_EXITED; state++)
		sum += ledger_sum(ledger_outcome((enum bothy_state)state));
	return sum;
}

static void same(enum violation_kind kind, const char *what, uint64_t expected, uint64_t seen)
{
	if (seen != expected)
		violation(kind, "%s: expected %" PRIu64 ", seen %" PRIu64, what, expected, seen);
}

static void same_entries(const char *what, enum ledger_entry expected, enum ledger_entry seen)
{
	same(VIOLATION_CONSERVATION, what, ledger_sum(expected), ledger_sum(seen));
}

static uint64_t outcome(enum bothy_state state)
{
	return ledger_sum(ledger_outcome(state));
}

static void balance_stats(const struct bothy_pool_stats *s)
{
	same(VIOLATION_STATS, "pool stats: submitted", ledger_sum(LEDGER_ACCEPTED), s->submitted);
	same(VIOLATION_STATS, "pool stats: refused", ledger_sum(LEDGER_REFUSED), s->refused);
	same(VIOLATION_STATS, "pool stats: done", outcome(BOTHY_DONE), s->done);
	same(VIOLATION_STATS, "pool stats: failed", outcome(BOTHY_FAILED), s->failed);
	same(VIOLATION_STATS, "pool stats: canceled", outcome(BOTHY_CANCELED), s->canceled);
	same(VIOLATION_STATS, "pool stats: expired", outcome(BOTHY_EXPIRED), s->expired);
	same(VIOLATION_STATS, "pool stats: timed out", outcome(BOTHY_TIMED_OUT), s->timed_out);
	same(VIOLATION_STATS, "pool stats: thread exited", outcome(BOTHY_THREAD_EXITED),
	     s->thread_exited);
	same(VIOLATION_STATS, "pool stats: sum of the outcomes", s->submitted,
	     s->done + s->failed + s->canceled + s->expired + s->timed_out + s->thread_exited);
	same(VIOLATION_STATS, "pool stats: queued after the close", 0, s->queued);
	same(VIOLATION_STATS, "pool stats: running after the close", 0, s->running);
	same(VIOLATION_STATS, "pool stats: overdue after the close", 0, s->overdue);
	same(VIOLATION_STATS, "pool stats: threads after the close", 0, s->threads);
	same(VIOLATION_STATS, "pool stats: waiting after the close", 0, s->waiting);
	same(VIOLATION_STATS, "pool stats: lost after the close", 0, s->lost);
	same(VIOLATION_STATS, "pool stats: finish failed", 0, s->finish_failed);
}

/* What is made is ended: BEGUN is as often as ENDED. */
static const struct pair {
	const char *what;
	enum ledger_entry begun, ended;
} pairs[] = {
	{"notify functions called", LEDGER_NOTIFY_ASKED, LEDGER_NOTIFIED},
	{"deferred functions called", LEDGER_DEFERRED, LEDGER_DEFERRED_RUN},
	{"locals destroyed", LEDGER_LOCALS_SET, LEDGER_LOCALS_DESTROYED},
	{"the server's contexts finished", LEDGER_BEGUN, LEDGER_FINISHED},
	{"the server's tokens freed", LEDGER_TOKENS, LEDGER_TOKENS_FREED},
};

#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static uint64_t outcomes(void)
{
	uint64_t settled = 0;

	for (int state = BOTHY_DONE; state <= BOTHY_THREAD_EXITED; state++)
		settled += outcome((enum bothy_state)state);
	return settled;
}

static uint64_t args_due(void)
{
	return ledger_sum(LEDGER_ACCEPTED) + ledger_sum(LEDGER_HERE);
}

static uint64_t results_gone(void)
{
	return ledger_sum(LEDGER_RESULTS_TAKEN) + ledger_sum(LEDGER_RESULTS_FREED);
}

void ledger_balance_quiet(void)
{
	same(VIOLATION_CONSERVATION, "outcomes seen of jobs accepted", ledger_sum(LEDGER_ACCEPTED),
	     outcomes());
	same(VIOLATION_ARG_FREE, "arg_free called for accepted jobs", args_due(),
	     ledger_sum(LEDGER_ARGS_FREED));
	same(VIOLATION_RESULT, "results taken or freed of those made",
	     ledger_sum(LEDGER_RESULTS_MADE), results_gone());
	for (size_t i = 0; i < PAIRS; i++)
		same_entries(pairs[i].what, pairs[i].begun, pairs[i].ended);
}

bool ledger_is_quiet(void)
{
	for (size_t i = 0; i < PAIRS; i++)
		if (ledger_sum(pairs[i].begun) != ledger_sum(pairs[i].ended))
			return false;
	return outcomes() == ledger_sum(LEDGER_ACCEPTED) &&
	       args_due() == ledger_sum(LEDGER_ARGS_FREED) &&
	       ledger_sum(LEDGER_RESULTS_MADE) == results_gone();
}

void ledger_balance(const struct bothy_pool_stats *stats)
{
	balance_stats(stats);
	ledger_balance_quiet();
	same_entries("worker_fini called", LEDGER_WORKERS_BEGUN, LEDGER_WORKERS_ENDED);
	same(VIOLATION_CONSERVATION, "server destroyed", 1, ledger_sum(LEDGER_DESTROYED));
}

#ifdef BOTHY_TESTING
void ledger_balance_library(void)
{
	uint64_t own = ledger_sum(LEDGER_REFS_MADE);
	uint64_t made = atomic_load(&testing_counts.refs_made);

	same(VIOLATION_CONSERVATION, "refs destroyed of those made", made,
	     atomic_load(&testing_counts.refs_destroyed));
	same(VIOLATION_CONSERVATION, "refs that the library made of ours", own, made);
	same(VIOLATION_CONSERVATION, "contexts ended of those begun",
	     atomic_load(&testing_counts.contexts_begun),
	     atomic_load(&testing_counts.contexts_ended));
	same(VIOLATION_CONSERVATION, "job blocks freed of those made",
	     atomic_load(&testing_counts.blocks_made), atomic_load(&testing_counts.blocks_freed));
}
#else
void ledger_balance_library(void)
{
}
#endif
