// A pool of a few lines on moodycamel's BlockingConcurrentQueue: workers take up to 64 jobs at
// once, and a NULL ends a worker.
#include <concurrentqueue/blockingconcurrentqueue.h>
#include <concurrentqueue/lightweightsemaphore.h>
#include <thread>
#include <vector>

#include "bench/work/work.h"

namespace
{

moodycamel::BlockingConcurrentQueue<const job *> queue;
std::vector<std::thread> threads;

void work()
{
	const job *batch[64];

	for (;;) {
		size_t n = queue.wait_dequeue_bulk(batch, 64);

		for (size_t i = 0; i < n; i++) {
			if (batch[i] == nullptr) {
				queue.enqueue_bulk(batch + i + 1, n - i - 1);
				return;
			}
			batch[i]->fn(batch[i]->arg);
		}
	}
}

int start(unsigned workers, size_t)
{
	for (unsigned i = 0; i < workers; i++)
		threads.emplace_back(work);
	return 0;
}

void stop()
{
	for (size_t i = 0; i < threads.size(); i++)
		queue.enqueue(nullptr);
	for (auto &thread : threads)
		thread.join();
	threads.clear();
}

void submit(const job *job)
{
	queue.enqueue(job);
}

void submit_many(const job *one, size_t n)
{
	std::vector<const job *> batch(n, one);

	queue.enqueue_bulk(batch.data(), n);
}

struct trip_done {
	const job *inner;
	moodycamel::LightweightSemaphore semaphore;
};

void *arrive(void *arg)
{
	auto done = static_cast<trip_done *>(arg);

	done->inner->fn(done->inner->arg);
	done->semaphore.signal();
	return nullptr;
}

// The semaphore spins before it sleeps; it outlives the job's last touch, for it is static.
void trip(const job *inner)
{
	static trip_done done;
	static const job outer = {arrive, &done};

	done.inner = inner;
	queue.enqueue(&outer);
	while (!done.semaphore.wait())
		;
}

} // namespace

extern "C" const struct peer peer = {
	.name = "concurrentqueue",
	.start = start,
	.stop = stop,
	.submit = submit,
	.submit_many = submit_many,
	.trip = trip,
};
