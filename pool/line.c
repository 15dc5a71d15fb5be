#include "pool/line.h"

#include <errno.h>

#include "pool/pool.h"
#include "sync/testing.h"

void line_init(struct line *line)
{
	line->first = NULL;
	line->end = &line->first;
}

static void leave(struct line *line, const struct blocked *blocked)
{
	struct blocked **at = &line->first;

	while (*at != blocked)
		at = &(*at)->next;
	*at = blocked->next;
	if (line->end == &blocked->next && !PLANTED(LINE_END_KEPT))
		line->end = at;
}

int line_wait_locked(struct line *line, struct blocked *self, bothy_pool *pool, bothy_time deadline)
{
	int error = 0;

	*line->end = self;
	line->end = &self->next;
	while (error == 0 && !self->granted && pool->phase == POOL_OPEN) {
		lock_release(&pool->lock);
		error = parker_park(&self->parker, deadline);
		lock_acquire(&pool->lock);
	}
	if (self->granted)
		return 0;
	leave(line, self);
	return error < 0 ? -EAGAIN : 0;
}

void line_grant_locked(struct line *line, struct kicks *kicks)
{
	struct blocked *blocked = line->first;

	leave(line, blocked);
	blocked->granted = true;
	if (!PLANTED(BLOCKED_WAKE_DROPPED))
		kicks_add(kicks, &blocked->parker);
}

void line_wake_locked(struct line *line, struct kicks *kicks)
{
	for (struct blocked *b = line->first; b != NULL; b = b->next)
		kicks_add(kicks, &b->parker);
}
