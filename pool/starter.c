/*
 * Locking: `lock` guards `request` and `ends`.  The starter parks only after it has found neither
 * with the lock held; whoever sets one posts to it with the lock held, so no wake is lost.
 *
 * The struct is freed by whoever joins the thread, or by the thread itself if it is detached.
 */
#include "pool/starter.h"

#include <errno.h>
#include <stdlib.h>

#include "pool/thread_state.h"
#include "sync/lock.h"
#include "sync/park.h"

/* In the frame of who waits for it. */
struct request {
	void (*fn)(void *);
	void *arg;
	const struct thread_options *options;
	struct thread *ret_thread;
	int error;
	struct parker parker; /* of who waits */
};

enum starter_end { STARTER_SERVES = 0, STARTER_JOINED, STARTER_DETACHED };

struct starter {
	struct thread thread;
	pid_t id; /* const, once it was started */
	struct lock lock;
	struct parker parker;
	struct request *request; /* or NULL */
	enum starter_end ends;
};

static void starter_free(struct starter *starter)
{
	lock_fini(&starter->lock);
	free(starter);
}

static void serve(struct request *request)
{
	struct parker *parker = &request->parker;

	request->error =
		thread_start(request->fn, request->arg, request->options, request->ret_thread);
	/* The token publishes it; REQUEST may be gone then, and only its address is kicked. */
	if (parker_post(parker))
		parker_kick(parker);
}

/* Serve until it is to end. */
static void serve_all_locked(struct starter *starter)
{
	while (starter->ends == STARTER_SERVES) {
		struct request *request = starter->request;

		starter->request = NULL;
		lock_release(&starter->lock);
		if (request != NULL)
			serve(request);
		else
			(void)parker_park(&starter->parker, BOTHY_FOREVER);
		lock_acquire(&starter->lock);
	}
}

/* ARG is the request of starter_new(), which waits for the id. */
static void starter_main(void *arg)
{
	struct request *begun = arg;
	struct starter *starter = begun->arg;
	bool detached;

	starter->id = thread_state_id();
	parker_wake(&begun->parker);
	lock_acquire(&starter->lock);
	serve_all_locked(starter);
	detached = starter->ends == STARTER_DETACHED;
	lock_release(&starter->lock);
	if (detached)
		starter_free(starter);
}

int starter_new(const struct thread_options *options, struct starter **ret_starter)
{
	struct starter *starter = calloc(1, sizeof(*starter));
	struct request begun = {.arg = starter, .parker = PARKER_INITIALIZER};
	int error;

	if (starter == NULL)
		return -ENOMEM;
	lock_init(&starter->lock);
	parker_init(&starter->parker);
	error = thread_start(starter_main, &begun, options, &starter->thread);
	if (error < 0) {
		starter_free(starter);
		return error;
	}
	(void)parker_park(&begun.parker, BOTHY_FOREVER);
	*ret_starter = starter;
	return 0;
}

int starter_start(struct starter *starter, void (*fn)(void *), void *arg,
                  const struct thread_options *options, struct thread *ret_thread)
{
	struct request request = {fn, arg, options, ret_thread, 0, PARKER_INITIALIZER};

	lock_acquire(&starter->lock);
	starter->request = &request;
	parker_wake(&starter->parker);
	lock_release(&starter->lock);
	(void)parker_park(&request.parker, BOTHY_FOREVER);
	return request.error;
}

pid_t starter_id(const struct starter *starter)
{
	return starter->id;
}

static void end(struct starter *starter, enum starter_end how)
{
	lock_acquire(&starter->lock);
	starter->ends = how;
	parker_wake(&starter->parker);
	lock_release(&starter->lock);
}

void starter_join(struct starter *starter)
{
	if (starter == NULL)
		return;
	end(starter, STARTER_JOINED);
	thread_join(&starter->thread);
	starter_free(starter);
}

void starter_detach(struct starter *starter)
{
	if (starter == NULL)
		return;
	thread_detach(&starter->thread);
	end(starter, STARTER_DETACHED);
}
