#include "tests/trace/keeper.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct keeper keeper;

static int begin(void *self, const struct bothy_begin *context, void **ret_slot)
{
	struct keeper *s = self;

	(void)context;
	atomic_fetch_add(&s->begun, 1);
	*ret_slot = s;
	return 0;
}

static int finish(void *self, void *slot, int code, const char *text, bothy_time deadline)
{
	struct keeper *s = self;

	(void)code, (void)text, (void)deadline;
	if (slot != s)
		return -EFAULT;
	atomic_fetch_add(&s->finished, 1);
	return 0;
}

static void destroy(void *self)
{
	struct keeper *s = self;

	atomic_fetch_add(&s->destroyed, 1);
}

/* Where the call of that id is, or would be put. */
static struct stored *place_of(struct keeper *s, const char *id)
{
	int i = 0;

	while (i < s->n + s->pending && strcmp(s->stored[i].id, id) != 0)
		i++;
	if (i == s->n + s->pending && i < KEEPER_MAX)
		s->pending++;
	return i < KEEPER_MAX ? &s->stored[i] : NULL;
}

static int upsert(struct keeper *s, const struct bothy_call_part *part)
{
	struct stored *stored;

	if (part->start != NULL && s->failing != NULL && strcmp(part->start->op, s->failing) == 0)
		return -EDOM;
	stored = place_of(s, part->start != NULL ? part->start->id : part->end->id);
	if (stored == NULL)
		return -ENOSPC;
	if (part->start != NULL)
		snprintf(stored->op, sizeof(stored->op), "%s", part->start->op);
	snprintf(stored->id, sizeof(stored->id), "%s",
	         part->start != NULL ? part->start->id : part->end->id);
	snprintf(stored->project, sizeof(stored->project), "%s", part->project);
	stored->has_end = stored->has_end || part->end != NULL;
	return 0;
}

static void calls_upsert(void *self, const struct bothy_call_part *parts, size_t n, int *ret_errors)
{
	struct keeper *s = self;

	s->parts += n;
	if (n > s->largest)
		s->largest = n;
	for (size_t i = 0; i < n; i++)
		ret_errors[i] = upsert(s, &parts[i]);
	if (s->on_upsert != NULL)
		s->on_upsert();
}

static int flush(void *self)
{
	struct keeper *s = self;

	if (getpid() != s->owner)
		_exit(1);
	if (atomic_load(&s->stops))
		gate_wait(&s->gate);
	if (atomic_load(&s->flush_failures) > 0) {
		atomic_fetch_sub(&s->flush_failures, 1);
		memset(&s->stored[s->n], 0, (size_t)s->pending * sizeof(s->stored[0]));
		s->pending = 0;
		return -EIO;
	}
	s->n += s->pending;
	s->pending = 0;
	atomic_fetch_add(&s->flushes, 1);
	return 0;
}

static void failed(void *self, const struct bothy_failure *failure)
{
	struct keeper *s = self;

	snprintf(s->failed_id, sizeof(s->failed_id), "%s %s", failure->kind, failure->id);
	s->failed_error = failure->error;
	atomic_fetch_add(&s->failures, 1);
	if (s->on_failed != NULL)
		s->on_failed();
}

void keeper_open(size_t queue_max)
{
	const struct bothy_server_ops ops = {
		.size = sizeof(ops),
		.queue_max = queue_max,
		.begin = begin,
		.finish = finish,
		.destroy = destroy,
		.calls_upsert = calls_upsert,
		.flush = flush,
		.failed = failed,
	};

	memset(&keeper, 0, sizeof(keeper));
	keeper.owner = getpid();
	gate_init(&keeper.gate);
	ck_assert_int_eq(bothy_server_new(&ops, &keeper, &keeper.server), 0);
}

void keeper_close(void)
{
	bothy_server_release(keeper.server);
	ck_assert_int_eq(keeper.destroyed, 1);
	ck_assert_int_eq(keeper.begun, keeper.finished);
	gate_fini(&keeper.gate);
}

int keeper_count(const char *op)
{
	int n = 0;

	for (int i = 0; i < keeper.n; i++)
		n += op == NULL || strcmp(keeper.stored[i].op, op) == 0;
	return n;
}
