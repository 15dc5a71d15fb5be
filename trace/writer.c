/*
 * The writer's thread and its queue: group commit.
 *
 * Locking
 *   `lock` guards everything in struct writer that is not const.  Under it nothing is written,
 *   waited for or reported.  It is a leaf.
 *
 * Invariants, whenever the lock is free
 *   - batches are written in the order in which they were handed over, so that two numbers tell
 *     all: `handed`, of the last one in the queue, and `done`, of the last one written;
 *   - `load` is how many items were admitted and are not written yet, and about how large they
 *     are: at most queue_max and QUEUE_BYTES, but for a single batch that is larger, and for
 *     those of the writer's own thread;
 *   - whoever waits for room stands in line: nobody else is admitted past it;
 *   - if the queue is not empty, the writer is awake, or sleeps until `linger` is over.
 *
 * Wakes
 *   Waking a thread costs more than recording does.  So the writer is woken by the first batch that
 *   comes while it has nothing to do; then it lingers a few milliseconds, for more to come
 *   together, and those that come meanwhile wake nobody.  It is hurried only by a flush, by a queue
 *   that is half full, and by the end.
 */
#include "trace/writer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "sync/cleanup.h"
#include "sync/clock.h"
#include "sync/fork.h"
#include "sync/lock.h"
#include "sync/park.h"
#include "sync/testing.h"
#include "sync/thread.h"
#include "tls/context.h"
#include "trace/losses.h"
#include "trace/lot.h"

enum { QUEUE_MAX = 10000, QUEUE_BYTES = 256 << 20, LINGER_NS = 5000000 };

/* What is bounded. */
struct load {
	uint64_t items, bytes;
};

/* A thread that waits: for room, or for what was handed over to be written. */
struct waiter {
	struct waiter *next;
	struct parker parker;
	struct load load; /* to be admitted; or ... */
	uint64_t want;    /* the number of a batch to be written */
	bool met;      /* then it is in no list any more */
};

struct writer {
	/* const */
	const struct bothy_server_ops *ops;
	void *self;
	size_t queue_max;
	uint32_t generation; /* of the process: see sync/fork.h */
	struct thread thread;

	struct lock lock;
	struct batch *first, **end; /* the queue */
	struct load load;
	uint64_t handed, done;
	struct waiter *blocked, **blocked_end; /* for room, in line */
	struct waiter *flushers;
	bool asleep;  /* the writer has nothing to do: the next batch wakes it */
	bool hurried; /* no lingering */
	bool closing;
	bool orphaned; /* nobody joins the thread: it frees the writer itself */
	void (*after)(void *); /* at the very end, with ... */
	void *after_arg;
	struct parker parker; /* the writer's */
	struct losses losses;
	struct bothy_server_stats stats; /* but for queued */
};

/* The writer whose thread this is. */
static _Thread_local const struct writer *own;

/* Whether this thread is in a server's `failed`, perhaps further out. */
static _Thread_local bool telling;

/* Whether what is recorded now is `failed`'s own, and not a job's that runs in place of its wait. */
static bool in_failed(void)
{
	const bothy_context *context = context_current();

	return telling && (context == NULL || context->job == NULL);
}

/* ---- waiters ------------------------------------------------------------------------------ */

/* Wait until WAITER is met, or DEADLINE; the lock is released meanwhile.  If it is not met,
 * the caller takes it off its list. */
static void wait_locked(struct writer *writer, struct waiter *waiter, bothy_time deadline)
{
	int error = 0;

	while (!waiter->met && error == 0) {
		lock_release(&writer->lock);
		error = parker_park(&waiter->parker, deadline);
		lock_acquire(&writer->lock);
	}
}

static void meet(struct waiter *waiter)
{
	waiter->met = true;
	/* Under the lock, for it is gone as soon as it has seen that it is met. */
	parker_wake(&waiter->parker);
}

static void unlink_waiter(struct waiter **list, const struct waiter *waiter)
{
	while (*list != waiter)
		list = &(*list)->next;
	*list = waiter->next;
}

/* ---- room --------------------------------------------------------------------------------- */

static bool has_room(const struct writer *writer, struct load more)
{
	return PLANTED(QUEUE_UNBOUNDED) || writer->load.items == 0 ||
	       (writer->load.items + more.items <= writer->queue_max &&
	        writer->load.bytes + more.bytes <= QUEUE_BYTES);
}

static void add_load(struct writer *writer, struct load more)
{
	writer->load.items += more.items;
	writer->load.bytes += more.bytes;
}

static void admit_blocked(struct writer *writer)
{
	while (writer->blocked != NULL && has_room(writer, writer->blocked->load)) {
		struct waiter *waiter = writer->blocked;

		add_load(writer, waiter->load);
		writer->blocked = waiter->next;
		if (writer->blocked == NULL)
			writer->blocked_end = &writer->blocked;
		if (!PLANTED(ROOM_WAKE_DROPPED))
			meet(waiter);
	}
}

static void leave_line(struct writer *writer, const struct waiter *waiter)
{
	unlink_waiter(&writer->blocked, waiter);
	writer->blocked_end = &writer->blocked;
	while (*writer->blocked_end != NULL)
		writer->blocked_end = &(*writer->blocked_end)->next;
	admit_blocked(writer); /* those behind may want less */
}

/* Whether the writer wants a kick. */
static bool hurry(struct writer *writer)
{
	if (writer->hurried)
		return false;
	writer->hurried = true;
	return parker_post(&writer->parker);
}

/* Stand in line with LOAD until DEADLINE: whether it is admitted. */
static bool await_room(struct writer *writer, struct load load, bothy_time deadline)
{
	struct waiter waiter = {.parker = PARKER_INITIALIZER, .load = load};

	writer->stats.waited++;
	*writer->blocked_end = &waiter;
	writer->blocked_end = &waiter.next;
	if (hurry(writer))
		parker_kick(&writer->parker);
	wait_locked(writer, &waiter, deadline);
	if (!waiter.met)
		leave_line(writer, &waiter);
	return waiter.met;
}

static bool admit(struct writer *writer, struct load load, bothy_time deadline)
{
	if (writer != own && (writer->blocked != NULL || !has_room(writer, load)))
		return !in_failed() && await_room(writer, load, deadline);
	add_load(writer, load);
	return true;
}

/* ---- handing over --------------------------------------------------------------------------- */

/* Whether the writer wants a kick. */
static bool append(struct writer *writer, struct batch *batch)
{
	bool kick = false;

	*writer->end = batch;
	writer->end = &batch->next;
	writer->handed++;
	if (writer->load.items > writer->queue_max / 2 || writer->load.bytes > QUEUE_BYTES / 2)
		kick = hurry(writer);
	if (writer->asleep && !PLANTED(WRITER_WAKE_DROPPED)) {
		writer->asleep = false;
		kick = parker_post(&writer->parker) || kick;
	}
	return kick;
}

static void lose_locked(struct writer *writer, const struct bothy_failure *failure)
{
	writer->stats.failed++;
	writer->stats.error = failure->error;
	if (!PLANTED(LOSS_UNTOLD))
		losses_add(&writer->losses, failure);
}

/* What is put aside while `failed` runs. */
struct aside {
	bothy_context *context;
	bool telling;
};

/* Last, `telling`: what is lost with a context that `failed` has left behind is not told. */
static void put_back(void *arg)
{
	const struct aside *aside = arg;

	context_resume(aside->context);
	telling = aside->telling;
}

/* Call `failed`, in nobody's context: the one that has lost something is none of its business, and
 * is in the middle of a hand-over.  What is lost in `failed` itself may be lost for the same reason,
 * so that telling it would have no end. */
static void tell(const struct writer *writer, const struct bothy_failure *failure)
{
	struct aside aside = {.telling = telling};

	if (writer->ops->failed == NULL || in_failed())
		return;
	aside.context = context_suspend();
	telling = true;
	cleanup_push(put_back, &aside);
	writer->ops->failed(writer->self, failure);
	cleanup_pop(1);
}

/* In a child that the server's code has forked all is as its parent's thread left it: locked, perhaps. */
static bool in_forked_child(const struct writer *writer)
{
	return writer->generation != fork_generation();
}

void writer_lose(struct writer *writer, const struct bothy_failure *failure)
{
	if (in_forked_child(writer))
		return;
	lock_acquire(&writer->lock);
	lose_locked(writer, failure);
	lock_release(&writer->lock);
	tell(writer, failure);
}

static void lose_failed(struct writer *writer, const struct batch *batch)
{
	for (const struct item *item = batch->first; item != NULL && !in_forked_child(writer);
	     item = item->next) {
		const struct bothy_failure failure = {
			.entity = batch->entity,
			.project = batch->project,
			.kind = item_kind_name(item),
			.id = item_id(item),
			.error = item->error,
		};

		if (item->error < 0)
			writer_lose(writer, &failure);
	}
}

static void free_batch(void *batch)
{
	batch_free(batch);
}

void writer_lose_batch(struct writer *writer, struct batch *batch, int error)
{
	for (struct item *item = batch->first; item != NULL; item = item->next)
		item->error = error;
	cleanup_push(free_batch, batch);
	lose_failed(writer, batch);
	cleanup_pop(1);
}

int writer_hand_over(struct writer *writer, struct batch *batch, bothy_time deadline)
{
	const struct load load = {batch->n, batch->bytes};
	bool admitted, kick;

	batch->next = NULL;
	lock_acquire(&writer->lock);
	admitted = admit(writer, load, deadline);
	kick = admitted && append(writer, batch);
	lock_release(&writer->lock);
	if (kick)
		parker_kick(&writer->parker);
	return admitted ? 0 : -ETIMEDOUT;
}

/* ---- flushing ------------------------------------------------------------------------------- */

int writer_wait(struct writer *writer, bothy_time deadline)
{
	struct waiter waiter = {.parker = PARKER_INITIALIZER};

	if (writer == own)
		return -EDEADLK;
	lock_acquire(&writer->lock);
	waiter.want = writer->handed;
	waiter.met = writer->done >= waiter.want || PLANTED(FLUSH_EARLY);
	if (!waiter.met) {
		waiter.next = writer->flushers;
		writer->flushers = &waiter;
		if (hurry(writer))
			parker_kick(&writer->parker);
		wait_locked(writer, &waiter, deadline);
		if (!waiter.met)
			unlink_waiter(&writer->flushers, &waiter);
	}
	lock_release(&writer->lock);
	return waiter.met ? 0 : -ETIMEDOUT;
}

static void wake_flushers(struct writer *writer)
{
	struct waiter **at = &writer->flushers;

	while (*at != NULL) {
		struct waiter *waiter = *at;

		if (waiter->want > writer->done && !PLANTED(FLUSHED_EARLY)) {
			at = &waiter->next;
			continue;
		}
		*at = waiter->next;
		if (!PLANTED(FLUSH_WAKE_DROPPED))
			meet(waiter);
	}
}

int writer_take_loss(struct writer *writer, const char *entity, const char *project,
                     char **ret_text)
{
	int error;

	lock_acquire(&writer->lock);
	error = losses_take(&writer->losses, entity, project, ret_text);
	lock_release(&writer->lock);
	return error;
}

bool writer_has_lost(struct writer *writer)
{
	bool has_lost;

	lock_acquire(&writer->lock);
	has_lost = writer->stats.failed > 0;
	lock_release(&writer->lock);
	return has_lost;
}

void writer_stats(struct writer *writer, struct bothy_server_stats *ret_stats)
{
	lock_acquire(&writer->lock);
	*ret_stats = writer->stats;
	ret_stats->queued = writer->load.items;
	lock_release(&writer->lock);
}

/* ---- the thread ------------------------------------------------------------------------------- */

/* Wait for batches; for a while, for more of them.  Whether there is one: not at the end. */
static bool await_batches(struct writer *writer)
{
	while (writer->first == NULL && !writer->closing) {
		writer->asleep = true;
		writer->hurried = false; /* there is nothing to hurry with */
		lock_release(&writer->lock);
		(void)parker_park(&writer->parker, BOTHY_FOREVER);
		lock_acquire(&writer->lock);
		writer->asleep = false;
	}
	if (!writer->hurried && !writer->closing) {
		lock_release(&writer->lock);
		(void)parker_park(&writer->parker, clock_add(clock_now(), LINGER_NS));
		lock_acquire(&writer->lock);
	}
	writer->hurried = false;
	return writer->first != NULL;
}

struct counts {
	uint64_t batches, failed;
	struct load load;
};

static struct counts count(const struct batch *batches)
{
	struct counts counts = {0};

	for (const struct batch *batch = batches; batch != NULL; batch = batch->next) {
		counts.batches++;
		counts.load.items += batch->n;
		counts.load.bytes += batch->bytes;
		for (const struct item *item = batch->first; item != NULL; item = item->next)
			counts.failed += item->error < 0;
	}
	return counts;
}

static void store(struct writer *writer, struct batch *batches)
{
	unsigned commits = lot_store(writer->ops, writer->self, batches);
	struct counts counts = count(batches);

	for (const struct batch *batch = batches; batch != NULL && counts.failed > 0;
	     batch = batch->next)
		lose_failed(writer, batch);
	if (in_forked_child(writer))
		pthread_exit(NULL); /* its only thread, with nothing to write */
	batch_free(batches); /* before anybody is told that it is over */
	lock_acquire(&writer->lock);
	writer->stats.commits += commits;
	writer->stats.stored += counts.load.items - counts.failed;
	writer->done += counts.batches;
	writer->load.items -= counts.load.items;
	writer->load.bytes -= counts.load.bytes;
	admit_blocked(writer);
	wake_flushers(writer);
	lock_release(&writer->lock);
}

/* The thread is done. */
static void end(struct writer *writer)
{
	void (*after)(void *) = writer->after;
	void *arg = writer->after_arg;

	losses_fini(&writer->losses);
	lock_fini(&writer->lock);
	free(writer);
	after(arg);
}

static void writer_main(void *arg)
{
	struct writer *writer = arg;

	own = writer;
	lock_acquire(&writer->lock);
	while (await_batches(writer)) {
		struct batch *batches = writer->first;

		writer->first = NULL;
		writer->end = &writer->first;
		lock_release(&writer->lock);
		store(writer, batches);
		lock_acquire(&writer->lock);
	}
	lock_release(&writer->lock);
	if (writer->orphaned) {
		thread_detach(&writer->thread);
		end(writer);
	}
}

int writer_new(const struct bothy_server_ops *ops, void *self, struct writer **ret_writer)
{
	static const struct thread_options options = {.name = "bothy-writer"};
	struct writer *writer = calloc(1, sizeof(*writer));
	int error;

	if (writer == NULL)
		return -ENOMEM;
	writer->ops = ops;
	writer->self = self;
	writer->queue_max = ops->queue_max != 0 ? ops->queue_max : QUEUE_MAX;
	writer->generation = fork_generation();
	lock_init(&writer->lock);
	writer->end = &writer->first;
	writer->blocked_end = &writer->blocked;
	parker_init(&writer->parker);
	error = thread_start(writer_main, writer, &options, &writer->thread);
	if (error < 0) {
		lock_fini(&writer->lock);
		free(writer);
		return error;
	}
	*ret_writer = writer;
	return 0;
}

void writer_free(struct writer *writer, void (*after)(void *), void *arg)
{
	lock_acquire(&writer->lock);
	writer->closing = true;
	writer->orphaned = writer == own;
	writer->after = after;
	writer->after_arg = arg;
	parker_wake(&writer->parker);
	lock_release(&writer->lock);
	if (writer == own)
		return;
	thread_join(&writer->thread);
	end(writer);
}
