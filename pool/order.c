#include "pool/order.h"

#include "sync/testing.h"

/* Whether A is to start before B.  Bands and numbers may wrap: those that are queued together
 * are near each other. */
static bool before(const bothy_future *a, const bothy_future *b)
{
	if (a->queue.band != b->queue.band)
		return (int32_t)(a->queue.band - b->queue.band) < 0;
	if (a->deadline != b->deadline && !PLANTED(EARLIEST_NOT_FIRST))
		return a->deadline < b->deadline;
	return (int32_t)(a->queue.number - b->queue.number) < 0;
}

/* ---- the treap --------------------------------------------------------------------------- */

/* What makes the treap a heap too: as good as random, and the same in every run. */
static uint32_t depth_of(const bothy_future *job)
{
	uint32_t x = job->queue.number * 0x9e3779b1u;

	x = (x ^ (x >> 15)) * 0x85ebca6bu;
	return x ^ (x >> 13);
}

/* Where the pointer to JOB is. */
static bothy_future **link_of(struct order *order, const bothy_future *job)
{
	bothy_future *up = job->queue.up;

	if (up == NULL)
		return &order->root;
	return up->queue.prev == job ? &up->queue.prev : &up->queue.next;
}

/* Exchange JOB and the one above it. */
static void rotate_up(struct order *order, bothy_future *job)
{
	bothy_future *up = job->queue.up;
	bothy_future **inner = up->queue.prev == job ? &job->queue.next : &job->queue.prev;
	bothy_future **outer = up->queue.prev == job ? &up->queue.prev : &up->queue.next;

	*link_of(order, up) = job;
	job->queue.up = up->queue.up;
	up->queue.up = job;
	*outer = *inner;
	if (*outer != NULL)
		(*outer)->queue.up = up;
	*inner = up;
}

static void tree_insert(struct order *order, bothy_future *job)
{
	bothy_future **at = &order->root, *up = NULL;

	job->place = JOB_TREED;
	while (*at != NULL) {
		up = *at;
		at = before(job, up) ? &up->queue.prev : &up->queue.next;
	}
	*at = job;
	job->queue.up = up;
	job->queue.prev = job->queue.next = NULL;
	while (job->queue.up != NULL && depth_of(job) < depth_of(job->queue.up))
		rotate_up(order, job);
}

static void tree_remove(struct order *order, bothy_future *job)
{
	bothy_future *left, *right;

	while ((left = job->queue.prev) != NULL && (right = job->queue.next) != NULL)
		rotate_up(order, depth_of(left) < depth_of(right) ? left : right);
	if (left == NULL)
		left = job->queue.next;
	if (left != NULL)
		left->queue.up = job->queue.up;
	*link_of(order, job) = left;
}

static bothy_future *leftmost(bothy_future *job)
{
	while (job != NULL && job->queue.prev != NULL)
		job = job->queue.prev;
	return job;
}

static bothy_future *successor(const bothy_future *job)
{
	if (job->queue.next != NULL)
		return leftmost(job->queue.next);
	while (job->queue.up != NULL && job->queue.up->queue.next == job)
		job = job->queue.up;
	return job->queue.up;
}

/* ---- the list ----------------------------------------------------------------------------- */

static void list_append(struct order *order, bothy_future *job)
{
	job->place = JOB_LISTED;
	job->queue.next = NULL;
	job->queue.prev = order->last;
	if (order->last != NULL)
		order->last->queue.next = job;
	else
		order->first = job;
	order->last = job;
}

static void list_prepend(struct order *order, bothy_future *job)
{
	job->place = JOB_LISTED;
	job->queue.prev = NULL;
	job->queue.next = order->first;
	if (order->first != NULL)
		order->first->queue.prev = job;
	else
		order->last = job;
	order->first = job;
}

static void list_remove(struct order *order, bothy_future *job)
{
	if (job->queue.prev != NULL)
		job->queue.prev->queue.next = job->queue.next;
	else
		order->first = job->queue.next;
	if (job->queue.next != NULL)
		job->queue.next->queue.prev = job->queue.prev;
	else
		order->last = job->queue.prev;
}

/* ---- both --------------------------------------------------------------------------------- */

void order_push(struct order *order, bothy_future *job)
{
	job->queue.number = (uint32_t)order->pushed;
	job->queue.band = (uint32_t)(order->pushed / ORDER_BAND) -
	                  (uint32_t)(PLANTED(PRIORITY_INVERTED) ? -job->priority : job->priority);
	order->pushed++;
	order->count++;
	if (job->priority != 0 || (order->last != NULL && before(job, order->last)))
		tree_insert(order, job);
	else if (PLANTED(NEWEST_FIRST))
		list_prepend(order, job);
	else
		list_append(order, job);
}

void order_push_back(struct order *order, bothy_future *job)
{
	order->count++;
	if (order->first != NULL && before(order->first, job))
		tree_insert(order, job);
	else
		list_prepend(order, job);
}

void order_remove(struct order *order, bothy_future *job)
{
	order->count--;
	if (job->place == JOB_TREED)
		tree_remove(order, job);
	else
		list_remove(order, job);
	job->place = JOB_NOWHERE;
}

bothy_future *order_first(const struct order *order)
{
	bothy_future *treed = leftmost(order->root);

	if (treed == NULL || order->first == NULL)
		return treed != NULL ? treed : order->first;
	return before(treed, order->first) ? treed : order->first;
}

bothy_future *order_begin(const struct order *order)
{
	return order->first != NULL ? order->first : leftmost(order->root);
}

bothy_future *order_next(const struct order *order, const bothy_future *job)
{
	if (job->place == JOB_TREED)
		return successor(job);
	return job->queue.next != NULL ? job->queue.next : leftmost(order->root);
}
