#include "pool/fair.h"

#include "sync/testing.h"

/* Shares of the newest figure in an average, as shifts. */
enum { FLOW_SHIFT = 3, ALL_SHIFT = 6 };

/* Before any job has ended: enough to have workers take turns. */
enum { FIRST_GUESS_NS = 1000 };

#define FAR (INT64_MAX / 4)

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Move FLOW's tag on by NS, which may be negative, divided by WEIGHT: its own, or what it was. */
static void charge(struct fair *fair, struct fair_flow *flow, int64_t ns, unsigned weight)
{
	bool own = weight == flow->weight;
	int64_t all = ns + (own ? flow->rest : 0);

	flow->tag += all / (PLANTED(WEIGHT_IGNORED) ? 1 : (int64_t)weight);
	if (own)
		flow->rest = all % (int64_t)weight;
	fair->last = later(fair->last, flow->tag);
	if (flow->item.at != 0)
		heap_put(&fair->heap, &flow->item, flow->tag);
}

static int64_t guess(const struct fair *fair, const struct fair_flow *flow)
{
	int64_t average = flow->average > 0 ? flow->average : fair->average;

	return average > 0 ? average : FIRST_GUESS_NS;
}

/* AVERAGE, with NS as the newest of 2^SHIFT. */
static int64_t averaged(int64_t average, int64_t ns, int shift)
{
	return average == 0 ? ns : later(average + (ns - average) / (1 << shift), 1);
}

/*
 * Where a flow enters: with the first of those that are behind, so that it does not wait for all of
 * them; but no more than one job before now, or one with a debt would wait for all that enter.
 */
static int64_t entrance(const struct fair *fair)
{
	int64_t first = fair->now;

	if (heap_first(&fair->heap) != NULL && heap_first_key(&fair->heap) < first)
		first = heap_first_key(&fair->heap);
	return later(first, fair->now - fair->average);
}

void fair_enter(struct fair *fair, struct fair_flow *flow, bool idle)
{
	if (flow->item.at != 0)
		return;
	if (idle)
		flow->tag = later(flow->tag, entrance(fair));
	fair->weights += flow->weight;
	heap_put(&fair->heap, &flow->item, flow->tag);
}

void fair_weigh(struct fair *fair, struct fair_flow *flow, unsigned weight)
{
	if (flow->item.at != 0)
		fair->weights += (int64_t)weight - flow->weight;
	flow->weight = weight;
	flow->rest = 0;
}

/* Virtual time passes with the NS that a job of FLOW took. */
static void pass(struct fair *fair, const struct fair_flow *flow, int64_t ns)
{
	int64_t weights = fair->weights + (flow->item.at == 0 ? flow->weight : 0);
	int64_t all = ns + fair->rest;

	fair->now += all / weights;
	fair->rest = all % weights;
}

/* With nothing to start and nothing that runs nobody is behind anybody. */
static void catch_up(struct fair *fair)
{
	if (fair->running == 0 && heap_first(&fair->heap) == NULL)
		fair->now = later(fair->now, fair->last);
}

void fair_leave(struct fair *fair, struct fair_flow *flow)
{
	if (flow->item.at != 0)
		fair->weights -= flow->weight;
	heap_remove(&fair->heap, &flow->item);
	catch_up(fair);
}

struct fair_flow *fair_first(const struct fair *fair)
{
	return (struct fair_flow *)heap_first(&fair->heap);
}

bool fair_is_alone(const struct fair *fair)
{
	return fair->heap.count == 1;
}

int64_t fair_start(struct fair *fair, struct fair_flow *flow, unsigned n)
{
	int64_t charged = guess(fair, flow);

	fair->now = later(fair->now, flow->tag);
	fair->running += n;
	charge(fair, flow, charged * n, flow->weight);
	return charged;
}

void fair_correct(struct fair *fair, struct fair_flow *flow, int64_t charged, unsigned weight,
                  int64_t took)
{
	bool back = took < charged && !PLANTED(BACK_BY_NEW_WEIGHT);

	charge(fair, flow, took - charged, back ? weight : flow->weight);
}

void fair_undo(struct fair *fair, struct fair_flow *flow, int64_t charged, unsigned weight)
{
	fair_correct(fair, flow, charged, weight, PLANTED(UNDO_KEEPS_CHARGE) ? charged : 0);
	fair->running--;
	catch_up(fair);
}

void fair_pause(struct fair *fair)
{
	fair->running--;
	catch_up(fair);
}

void fair_resume(struct fair *fair, struct fair_flow *flow, bool idle)
{
	fair->running++;
	if (idle)
		flow->tag = later(flow->tag, fair->now);
}

void fair_end(struct fair *fair, struct fair_flow *flow, unsigned n, int64_t charged,
              unsigned weight, int64_t took)
{
	int64_t each;

	took = PLANTED(TURNS_NOT_TIME) ? charged : later(took, n);
	each = took / n;
	fair_correct(fair, flow, charged, weight, took);
	flow->average = averaged(flow->average, each, FLOW_SHIFT);
	fair->average = averaged(fair->average, each, ALL_SHIFT);
	pass(fair, flow, took);
	fair->running -= n;
	catch_up(fair);
}

bool fair_owes(const struct fair *fair, const struct fair_flow *flow)
{
	return flow->tag > fair->now;
}

int64_t fair_must_move_back(const struct fair *fair)
{
	return fair->now > FAR ? fair->now : 0;
}

void fair_move_back(struct fair *fair, struct fair_flow *flow, int64_t by)
{
	flow->tag -= by;
	if (flow->item.at != 0)
		heap_put(&fair->heap, &flow->item, flow->tag);
	else
		flow->tag = later(flow->tag, 0); /* it has none before now to lose */
}

void fair_moved_back(struct fair *fair, int64_t by)
{
	fair->now -= by;
	fair->last -= by;
}
