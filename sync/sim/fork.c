/*
 * fork under the scheduler.  What is before it are steps, since the library's locks are acquired
 * there; so others may be anywhere.  The child has the forking thread alone, with the baton, and
 * goes on under the run's scheduler; it starts threads if it likes.
 *
 * The parent waits here until the child has ended, so that a run is still one sequence of steps, in
 * one report: the child's are first.  They share nothing else that a scenario knows of, so no
 * other order could tell more.
 *
 * These handlers are there before those of sync/fork.c, and so are called before them after a
 * fork, in both: the child's first step is taken when the other threads are gone.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync/sim/sched.h"

/* The child failed, and has said why; or it ended in a way that it should not have. */
static void check_child(const siginfo_t *ended)
{
	if (ended->si_code == CLD_EXITED && ended->si_status == 0)
		return;
	if (ended->si_code == CLD_EXITED && ended->si_status == SIM_FAILED)
		_exit(SIM_FAILED);
	sim_fail("a forked child ended by %s %d", ended->si_code == CLD_EXITED ? "exit" : "signal",
	         ended->si_status);
}

/* Whoever has forked reaps it, as ever. */
static void await_child(void)
{
	siginfo_t ended;
	int error;

	if (sim_self() == NULL)
		return;
	do
		error = waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT);
	while (error < 0 && errno == EINTR);
	if (error == 0) /* else fork() has failed, and says so */
		check_child(&ended);
}

static void begin_child(void)
{
	if (sim_self() == NULL)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	sim_forked();
}

void sim_watch_forks(void)
{
	(void)pthread_atfork(NULL, await_child, begin_child);
}
