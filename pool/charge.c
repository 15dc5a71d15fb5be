#include "pool/charge.h"

#include "pool/project.h"
#include "sync/clock.h"
#include "sync/testing.h"

/* By wall time, until NOW. */
static int64_t wall(const struct charge *charge, bothy_time now)
{
	return charge->took + (charge->since != 0 ? now - charge->since : 0);
}

static int64_t took(const struct charge *charge, bothy_time now)
{
	return charge->cpu ? clock_thread_now() - charge->cpu_since : wall(charge, now);
}

static void correct_locked(struct charge *charge, int64_t ns)
{
	bothy_project *project = charge->project;

	fair_correct(&project->pool->fair, &project->flow, charge->charged, ns);
	charge->charged = ns;
}

void charge_begin_locked(struct charge *charge, bothy_project *project, bothy_time now)
{
	*charge = (struct charge){
		.project = project,
		.since = now,
		.charged = fair_start(&project->pool->fair, &project->flow),
		.cpu = project->options.charge == BOTHY_CHARGE_CPU,
	};
	if (charge->cpu)
		charge->cpu_since = clock_thread_now();
	project_time_moved_locked(project->pool);
	project_runs_locked(project);
}

void charge_move_locked(struct charge *from, struct charge *to)
{
	*to = *from;
	to->cpu_since = 0; /* the thread is new */
	*from = (struct charge){0};
}

void charge_pause_locked(struct charge *charge, bothy_time now)
{
	bothy_project *project = charge->project;

	charge->took = wall(charge, now);
	charge->since = 0;
	correct_locked(charge, took(charge, now));
	fair_pause(&project->pool->fair);
	project->lent++;
	project_rests_locked(project);
}

void charge_resume_locked(struct charge *charge, bothy_time now)
{
	bothy_project *project = charge->project;

	charge->since = now;
	project->lent--;
	fair_resume(&project->pool->fair, &project->flow, project_is_idle_locked(project));
	project_runs_locked(project);
}

void charge_correct_locked(struct charge *charge, bothy_time now)
{
	if (!charge->cpu) /* another thread's can't be read here */
		correct_locked(charge, wall(charge, now));
}

void charge_end_locked(struct charge *charge, bothy_time now)
{
	bothy_project *project = charge->project;
	int64_t ns;

	if (project == NULL)
		return;
	ns = took(charge, now);
	fair_end(&project->pool->fair, &project->flow, charge->charged, ns);
	project->stats.charged_ns += (uint64_t)ns;
	project->pool->stats.charged_ns += (uint64_t)ns;
	if (PLANTED(CHARGED_TWICE))
		project->stats.charged_ns += (uint64_t)ns;
	charge->project = NULL;
	project_rests_locked(project);
}
