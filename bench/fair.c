/*
 * fair: what projects get of a pool that one of them floods.
 *
 *   share       A project has the workers alone, with 100,000 jobs queued; then eight others
 *               come, each with more jobs than it can have run, and later they are gone.  The
 *               figure is how far, in the worst second, the share of one that always had jobs
 *               queued was off its weight.  A second is as much time as the jobs take of all
 *               workers in an undisturbed one, so that it is as long on a machine that is not
 *               ours alone.
 *   wait        A tenth project sends the shortest of jobs every 5 ms or so.  The figure is
 *               the 99th percentile of how long they wait beside all that, to twice that
 *               percentile on an idle pool and the longest job on top.
 *   throughput  The time for 2,000 jobs in one project, first in, first out, over the time for
 *               the same jobs spread over the ten.  What else Bothy does for a job is in both, so
 *               the figure is what sharing costs.  "Of bare threads": the time of threads that
 *               take the jobs off one list, in order, with no pool at all, over the same.
 *               Nothing is faster, and all that Bothy does is in the figure.
 *
 * By wall time or by CPU time: jobs are charged so, and what they took is measured so.  With CPU
 * time a wait is measured in the work that goes by, too: then nothing here but the wait on an idle
 * pool and the throughput hangs on who else uses the machine.
 */
#include "bench/fair.h"

#include <errno.h>
#include <sys/prctl.h>

#include "bench/bench.h"
#include "bench/crowd.h"

int fair_run(const struct bench_options *options)
{
	(void)prctl(PR_SET_TIMERSLACK, 1ul);
	bench_must("can't start", crowd_start(options->workers, options->cpu));
	fair_shares();
	fair_throughput();
	crowd_stop();
	return 0;
}
