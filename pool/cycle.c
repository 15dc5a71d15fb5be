/*
 * Cycles in the graph of waits (a wait-for graph: Coffman, Elphick, Shoshani, "System
 * deadlocks", Computing Surveys 3(2), 1971).
 *
 * The nodes are the waits; an edge leads from one to another if the first waits for a job on
 * the second's stack.  Every wait here is for all of its jobs, so a cycle means that none
 * of them can end.  Waits with a deadline of their own end anyway and are not registered.
 *
 * Locking: one process-wide lock, taken only by workers about to park, guards the list and
 * the records.  Other threads' stacks of jobs are read under it: they are parked, and leave
 * the list before they go on.  A forked child begins a list of its own: its parent's threads are not
 * there, and their stacks, with the records, are those of its next threads.  So a thread that forks
 * between enter and leave, in the arg_free of a job whose deadline it sees, does not leave in the child.
 *
 * Invariant: the registered waits have no cycle; so a new one can only close one through
 * itself, and the search starts there.
 */
#include "pool/cycle.h"

#include <errno.h>

#include "sync/fork.h"
#include "sync/testing.h"

static struct lock lock = LOCK_INITIALIZER;
static struct wait_record *records; /* of the process of that generation */
static uint32_t generation;
static uint64_t searches;

__attribute__((constructor)) static void cycle_init(void)
{
	fork_protect(FORK_RANK_CYCLE, &lock, 1);
}

static bool is_awaited(const struct wait_for *what, bothy_future *job)
{
	if (job_is_settled(job_state(job)))
		return false;
	if (what->group != NULL)
		return job_extra(job) != NULL && job_extra(job)->group == what->group;
	for (size_t i = 0; i < what->n; i++)
		if (what->futures[i] == job)
			return true;
	return false;
}

bool cycle_is_own(const struct wait_for *what, bothy_future *top)
{
	for (bothy_future *job = top; job != NULL; job = job->below)
		if (is_awaited(what, job))
			return true;
	return false;
}

/* Whether a path leads from START back to it: breadth first. */
static bool closes_cycle_locked(struct wait_record *start)
{
	struct wait_record *last = start;

	searches++;
	start->to_visit = NULL;
	for (struct wait_record *at = start; at != NULL; at = at->to_visit) {
		for (struct wait_record *r = records; r != NULL; r = r->next) {
			if (r->visited == searches || !cycle_is_own(at->what, r->top))
				continue;
			if (r == start)
				return true;
			if (PLANTED(CYCLE_OF_TWO_ALONE) && at != start)
				continue;
			r->visited = searches;
			r->to_visit = NULL;
			last->to_visit = r;
			last = r;
		}
	}
	return false;
}

static void link_locked(struct wait_record *record)
{
	if (generation != fork_generation() && !PLANTED(CYCLE_OF_THE_PARENT)) {
		generation = fork_generation();
		records = NULL;
	}
	record->prev = NULL;
	record->next = records;
	if (records != NULL)
		records->prev = record;
	records = record;
}

static void unlink_locked(struct wait_record *record)
{
	if (record->next != NULL)
		record->next->prev = record->prev;
	if (record->prev != NULL)
		record->prev->next = record->next;
	else
		records = record->next;
}

int cycle_enter(struct wait_record *record, const struct wait_for *what, bothy_future *top)
{
	int error = 0;

	record->what = what;
	record->top = top;
	record->visited = 0;
	lock_acquire(&lock);
	link_locked(record);
	if (closes_cycle_locked(record)) {
		unlink_locked(record);
		error = -EDEADLK;
	} else if (PLANTED(CYCLE_UNLOCKED)) {
		unlink_locked(record);
		lock_release(&lock);
		lock_acquire(&lock);
		link_locked(record);
	}
	lock_release(&lock);
	return error;
}

void cycle_leave(struct wait_record *record)
{
	lock_acquire(&lock);
	unlink_locked(record);
	lock_release(&lock);
}
