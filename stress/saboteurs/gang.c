#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "stress/saboteurs/intact.h"
#include "stress/saboteurs/saboteur.h"
#include "stress/stress.h"
#include "stress/violation.h"

#define WINDOW 32u /* saboteurs at once */
#define SLACK 64u  /* slots, where few jobs make many rounds */

static void open_projects(struct gang *gang)
{
	char name[48];

	for (unsigned i = 0; i < GANG_PROJECTS; i++) {
		snprintf(name, sizeof(name), "%s-%u", gang->sabotage->name, i);
		stress_need("a project", bothy_project_open(stress.pool, "saboteurs", name, NULL,
		                                            &gang->projects[i]));
	}
}

void gang_begin(struct gang *gang, const struct sabotage *sabotage, uint64_t jobs, uint64_t seed)
{
	*gang = (struct gang){.sabotage = sabotage, .jobs = jobs, .rng = {seed}};
	gang->slot_count = jobs * (1 + sabotage->helpers) + SLACK;
	gang->slots = calloc((size_t)gang->slot_count, sizeof(*gang->slots));
	stress_need("memory for saboteurs", gang->slots == NULL ? -ENOMEM : 0);
	open_projects(gang);
}

static void wait_and_collect(struct saboteur *saboteur)
{
	intact_await(saboteur_future(saboteur));
	saboteur_collect(saboteur);
}

void gang_run_window(struct gang *gang)
{
	struct saboteur *window[WINDOW] = {NULL};

	for (uint64_t i = 0; i < gang->jobs + WINDOW; i++) {
		struct saboteur **at = &window[i % WINDOW];

		if (*at != NULL)
			wait_and_collect(*at);
		*at = NULL;
		if (i >= gang->jobs)
			continue;
		*at = saboteur_next(gang);
		saboteur_submit(*at, NULL);
	}
}

/* ---- the end -------------------------------------------------------------------------------- */

static void same(const struct gang *gang, const char *what, uint64_t expected, uint64_t seen)
{
	if (seen != expected)
		violation(VIOLATION_STATS,
		          "the projects of %s: %s: expected %" PRIu64 ", seen %" PRIu64,
		          gang->sabotage->name, what, expected, seen);
}

static void balance(const struct gang *gang)
{
	struct bothy_project_stats sum = {0}, s = {.size = sizeof(s)};

	for (unsigned i = 0; i < GANG_PROJECTS; i++) {
		if (violation_call("bothy_project_stats",
		                   bothy_project_stats(gang->projects[i], &s)))
			return;
		sum.done += s.done;
		sum.failed += s.failed;
		sum.canceled += s.canceled;
		sum.expired += s.expired;
		sum.timed_out += s.timed_out;
		sum.thread_exited += s.thread_exited;
		sum.lost += s.lost;
		sum.lent += s.lent;
		sum.places += s.places;
		same(gang, "submitted", s.submitted,
		     s.done + s.failed + s.canceled + s.expired + s.timed_out + s.thread_exited +
		             s.queued + s.running);
	}
	same(gang, "done", gang->states[BOTHY_DONE], sum.done);
	same(gang, "failed", gang->states[BOTHY_FAILED], sum.failed);
	same(gang, "canceled", gang->states[BOTHY_CANCELED], sum.canceled);
	same(gang, "expired", gang->states[BOTHY_EXPIRED], sum.expired);
	same(gang, "timed out", gang->states[BOTHY_TIMED_OUT], sum.timed_out);
	same(gang, "thread exited", gang->states[BOTHY_THREAD_EXITED], sum.thread_exited);
	same(gang, "lost, lent and places", 0, sum.lost + sum.lent + sum.places);
}

static void count(struct gang *gang, const struct saboteur *saboteur)
{
	saboteur_expect(saboteur, "notified", 1, saboteur->notified);
	saboteur_expect(saboteur, "arg_free in the end", 1, saboteur->freed);
	(saboteur->elsewhere ? gang->apart : gang->states)[saboteur->state]++;
	gang->in_place += saboteur->in_place;
}

void gang_collect(struct gang *gang)
{
	uint64_t n = atomic_load(&gang->claimed);

	for (uint64_t i = 0; i < n; i++)
		if (!gang->slots[i].collected)
			wait_and_collect(&gang->slots[i]);
	intact_await_ledger();
	for (uint64_t i = 0; i < n; i++)
		count(gang, &gang->slots[i]);
	balance(gang);
	if (gang->sabotage->check_gang != NULL)
		gang->sabotage->check_gang(gang);
}

void gang_end(struct gang *gang)
{
	for (unsigned i = 0; i < GANG_PROJECTS; i++)
		bothy_project_release(gang->projects[i]);
	free(gang->slots);
}
