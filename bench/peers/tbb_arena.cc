// oneTBB's task_arena: jobs enqueued from outside, run by its workers alone.
#include <cerrno>
#include <memory>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include "bench/work/work.h"

namespace
{

std::unique_ptr<tbb::global_control> control;
std::unique_ptr<tbb::task_arena> arena;

int start(unsigned workers, size_t)
{
	// One more than the workers: oneTBB counts the thread that submits.
	control = std::make_unique<tbb::global_control>(
		tbb::global_control::max_allowed_parallelism, workers + 1);
	arena = std::make_unique<tbb::task_arena>(static_cast<int>(workers), 0);
	arena->initialize();
	return 0;
}

void stop()
{
	arena.reset();
	control.reset();
}

void submit(const job *job)
{
	arena->enqueue([job] { job->fn(job->arg); });
}

} // namespace

extern "C" const struct peer peer = {
	.name = "tbb_arena",
	.start = start,
	.stop = stop,
	.submit = submit,
};
