#include "pool/tally.h"

#include "pool/project.h"
#include "sync/testing.h"

void tally_submitted_locked(bothy_project *project)
{
	project->pool->stats.submitted++;
	project->pool->stats.queued++;
	project->stats.submitted++;
	project->stats.queued++;
}

void tally_withdrawn_locked(bothy_project *project)
{
	project->pool->stats.submitted--;
	project->pool->stats.queued--;
	project->stats.submitted--;
	project->stats.queued--;
}

void tally_refused_locked(bothy_project *project)
{
	project->pool->stats.refused += PLANTED(REFUSED_TWICE_COUNTED) ? 2 : 1;
	project->stats.refused++;
}

void tally_started_locked(bothy_project *project)
{
	project->pool->stats.queued--;
	project->pool->stats.running++;
	project->stats.queued--;
	project->stats.running++;
}

void tally_handed_locked(bothy_project *project, unsigned n)
{
	project->pool->stats.queued -= n;
	project->stats.queued -= n;
}

void tally_handed_back_locked(bothy_project *project)
{
	project->pool->stats.queued++;
	project->stats.queued++;
}

/* The two counters of jobs that settled as PHASE. */
static void count_locked(bothy_project *project, unsigned phase)
{
	struct bothy_pool_stats *all = &project->pool->stats;
	struct bothy_project_stats *own = &project->stats;

	switch (phase) {
	case BOTHY_DONE:
		all->done++, own->done += !PLANTED(DONE_UNCOUNTED);
		break;
	case BOTHY_FAILED:
		all->failed++, own->failed++;
		break;
	case BOTHY_CANCELED:
		all->canceled++, own->canceled++;
		break;
	case BOTHY_EXPIRED:
		all->expired++, own->expired++;
		break;
	case BOTHY_TIMED_OUT:
		all->timed_out++, own->timed_out++;
		break;
	default:
		all->thread_exited++, own->thread_exited++;
		break;
	}
}

void tally_unrun_locked(bothy_project *project, unsigned phase)
{
	project->pool->stats.queued--;
	project->stats.queued--;
	if (PLANTED(TALLY_TORN)) {
		lock_release(&project->pool->lock);
		lock_acquire(&project->pool->lock);
	}
	count_locked(project, phase);
	if (PLANTED(SETTLED_TWICE_COUNTED))
		count_locked(project, phase);
}

void tally_ran_locked(bothy_project *project, unsigned phase)
{
	project->pool->stats.running--;
	project->stats.running--;
	count_locked(project, phase);
}

void tally_hand_ran_locked(bothy_project *project, unsigned phase)
{
	count_locked(project, phase);
}

void tally_hand_overdue_locked(bothy_project *project)
{
	count_locked(project, BOTHY_TIMED_OUT);
	project->pool->stats.overdue++;
	project->stats.overdue++;
}

void tally_overdue_locked(bothy_project *project)
{
	project->pool->stats.running--;
	project->stats.running--;
	tally_hand_overdue_locked(project);
}

void tally_overdue_ended_locked(bothy_project *project)
{
	project->pool->stats.overdue--;
	project->stats.overdue--;
}

void tally_dirtied_locked(bothy_pool *pool, bothy_project *project)
{
	pool->stats.dirtied++;
	if (project != NULL)
		project->stats.dirtied++;
}

void tally_retired_locked(bothy_pool *pool, bothy_project *project)
{
	pool->stats.retired++;
	if (project != NULL)
		project->stats.retired++;
}

void tally_times_locked(bothy_project *project, int64_t waited, int64_t ran)
{
	histogram_add(&project->pool->times.wait, waited);
	histogram_add(&project->times.wait, waited);
	histogram_add(&project->pool->times.run, ran);
	histogram_add(&project->times.run, ran);
}
