// oneTBB's task_group: the thread that submits is one of the workers.
#include <memory>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include "bench/work/work.h"

namespace
{

std::unique_ptr<tbb::global_control> control;
std::unique_ptr<tbb::task_arena> arena;
tbb::task_group *group;

int start(unsigned workers, size_t)
{
	control = std::make_unique<tbb::global_control>(
		tbb::global_control::max_allowed_parallelism, workers);
	arena = std::make_unique<tbb::task_arena>(static_cast<int>(workers), 1);
	return 0;
}

void stop()
{
	arena.reset();
	control.reset();
}

void inside(void (*body)(void *), void *arg)
{
	arena->execute([=] {
		tbb::task_group own;

		group = &own;
		body(arg);
		own.wait();
	});
}

void submit(const job *job)
{
	group->run([job] { job->fn(job->arg); });
}

void wait_all()
{
	group->wait();
}

size_t tree(unsigned depth)
{
	size_t left = 0, right = 0;

	if (depth > 0) {
		tbb::task_group both;

		both.run([&left, depth] { left = tree(depth - 1); });
		both.run([&right, depth] { right = tree(depth - 1); });
		both.wait();
	}
	return left + right + 1;
}

} // namespace

extern "C" const struct peer peer = {
	.name = "tbb_group",
	.helps = true,
	.start = start,
	.stop = stop,
	.inside = inside,
	.submit = submit,
	.wait_all = wait_all,
	.tree = tree,
};
