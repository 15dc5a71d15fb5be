#include "pool/charge.h"

#include "pool/project.h"
#include "sync/clock.h"
#include "sync/testing.h"

/* By wall time, until NOW, which may be a little before the start: clocks and stamps differ. */
static int64_t wall(const struct charge *charge, bothy_time now)
{
	bool runs = charge->since != 0 && now > charge->since;

	return charge->took + (runs ? now - charge->since : 0);
}

static int64_t took(const struct charge *charge, bothy_time now)
{
	return charge->cpu ? clock_thread_now() - charge->cpu_since : wall(charge, now);
}

static void correct_locked(struct charge *charge, int64_t ns)
{
	bothy_project *project = charge->project;

	fair_correct(&project->pool->fair, &project->flow, charge->charged, charge->weight, ns);
	charge->charged = ns;
	charge->weight = project->flow.weight;
}

int64_t charge_begin_locked(bothy_project *project, unsigned n)
{
	project->places += n;
	return fair_start(&project->pool->fair, &project->flow, n);
}

void charge_undo_locked(struct charge *charge)
{
	bothy_project *project = charge->project;

	fair_undo(&project->pool->fair, &project->flow, charge->charged, charge->weight);
	project_rests_locked(project);
}

void charge_start(struct charge *charge, bothy_time now)
{
	charge->since = now;
	if (charge->cpu)
		charge->cpu_since = clock_thread_now();
}

void charge_stop(struct charge *charge, bothy_time now)
{
	charge->ran = wall(charge, now);
	charge->took = charge->cpu ? took(charge, now) : charge->ran;
	charge->since = 0;
}

void charge_pause_locked(struct charge *charge, bothy_time now)
{
	bothy_project *project = charge->project;

	charge->took = wall(charge, now);
	charge->since = PLANTED(LENT_TIME_CHARGED) ? now : 0;
	correct_locked(charge, took(charge, now));
	fair_pause(&project->pool->fair);
	project->lent++;
	project_rests_locked(project);
}

void charge_resume_locked(struct charge *charge, bothy_time now)
{
	bothy_project *project = charge->project;

	if (PLANTED(LENT_TIME_CHARGED))
		charge->took = wall(charge, now);
	charge->since = PLANTED(FREE_AFTER_WAIT) ? 0 : now;
	project->lent--;
	fair_resume(&project->pool->fair, &project->flow, project_is_idle_locked(project));
	project_runs_locked(project);
}

void charge_correct_locked(struct charge *charge, bothy_time now)
{
	if (!charge->cpu) /* another thread's can't be read here */
		correct_locked(charge, wall(charge, now));
}

void charge_end_locked(bothy_project *project, unsigned n, int64_t charged, unsigned weight,
                       int64_t took)
{
	bothy_pool *pool = project->pool;

	fair_end(&pool->fair, &project->flow, n, charged, weight, took);
	(PLANTED(CHARGED_TO_ANOTHER) ? project_first_locked(pool) : project)->stats.charged_ns +=
		PLANTED(CHARGED_NOTHING) ? 0 : (uint64_t)took;
	pool->stats.charged_ns += (uint64_t)took;
	if (PLANTED(CHARGED_TWICE))
		project->stats.charged_ns += (uint64_t)took;
	project->places -= n;
	if (!PLANTED(REST_UNSEEN))
		project_update_locked(project);
}
