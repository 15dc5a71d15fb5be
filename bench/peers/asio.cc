// Boost.Asio's thread_pool.  Its futures are std::future.
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <memory>

#include "bench/work/work.h"

namespace
{

std::unique_ptr<boost::asio::thread_pool> pool;

int start(unsigned workers, size_t)
{
	pool = std::make_unique<boost::asio::thread_pool>(workers);
	return 0;
}

void stop()
{
	pool->join();
	pool.reset();
}

void submit(const job *job)
{
	boost::asio::post(*pool, [job] { job->fn(job->arg); });
}

void *future(const job *job)
{
	return new std::future<void *>(boost::asio::post(
		*pool, boost::asio::use_future([job] { return job->fn(job->arg); })));
}

void *take(void *future)
{
	std::unique_ptr<std::future<void *>> held(static_cast<std::future<void *> *>(future));

	return held->get();
}

} // namespace

extern "C" const struct peer peer = {
	.name = "asio",
	.start = start,
	.stop = stop,
	.submit = submit,
	.future = future,
	.take = take,
};
