/*
 * Locking.  Who asks pushes its task onto `asked` (release) and posts; the canceler takes
 * the whole list (acquire).  A NULL list after a post means the end.
 */
#include "stress/canceler.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stddef.h>

#include "stress/stress.h"
#include "stress/violation.h"

static _Atomic(struct task *) asked;
static _Atomic bool ended;
static sem_t posts;
static pthread_t canceler;

static void cancel(struct task *task)
{
	bothy_future *future;
	int error;

	/* The submit may not have returned yet. */
	while ((future = atomic_load_explicit(&task->future, memory_order_acquire)) == NULL)
		sched_yield();
	error = bothy_future_cancel(future);
	if (error != 0)
		violation(VIOLATION_STOP,
		          "cancel of the running job %" PRIu64 ": expected 0, seen %d",
		          task->number, error);
	error = bothy_future_cancel(future);
	if (error != 0 && error != -EALREADY)
		violation(VIOLATION_STOP,
		          "a second cancel of job %" PRIu64 ": expected 0 or %d, "
		          "seen %d",
		          task->number, -EALREADY, error);
	atomic_store_explicit(&task->cancel_done, true, memory_order_release);
	task_drop(task);
}

static void *canceler_main(void *unused)
{
	(void)unused;
	for (;;) {
		struct task *task;

		while (sem_wait(&posts) != 0)
			;
		task = atomic_exchange_explicit(&asked, NULL, memory_order_acquire);
		if (task == NULL && atomic_load(&ended))
			return NULL;
		while (task != NULL) {
			struct task *next = task->next_cancel;

			cancel(task);
			task = next;
		}
	}
}

int canceler_start(void)
{
	if (sem_init(&posts, 0, 0) != 0)
		return -errno;
	return -pthread_create(&canceler, NULL, canceler_main, NULL);
}

void canceler_stop(void)
{
	atomic_store(&ended, true);
	sem_post(&posts);
	pthread_join(canceler, NULL);
	sem_destroy(&posts);
}

void canceler_ask(struct task *task)
{
	task_join(task);
	task->next_cancel = atomic_load_explicit(&asked, memory_order_relaxed);
	while (!atomic_compare_exchange_weak_explicit(&asked, &task->next_cancel, task,
	                                              memory_order_release, memory_order_relaxed))
		;
	sem_post(&posts);
}

void canceler_wait(const struct task *task)
{
	if (atomic_load_explicit(&task->runs, memory_order_relaxed) == 0)
		return;
	while (!atomic_load_explicit(&task->cancel_done, memory_order_acquire))
		sched_yield();
}
