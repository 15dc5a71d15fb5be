/*
 * The seeded scheduler.
 *
 * The baton
 *   Threads are real, but only the one with the baton runs; the others sleep on a semaphore
 *   each.  Everything here is guarded by having the baton.  A thread that comes to a point
 *   picks the next one, which may be itself, and hands over.
 *
 * Picking
 *   RANDOM: evenly among those that can run.  PCT (Burckhardt, Kothari, Musuvathi,
 *   Nagarakatte, "A randomized scheduler with probabilistic guarantees of finding bugs",
 *   ASPLOS 2010): every thread has a random priority, the highest that can run does; at
 *   depth - 1 points, drawn evenly from 1 to `points`, the priority of the thread that is there
 *   drops below all others.
 *
 * Time
 *   It is virtual and moves by a nanosecond a reading.  When no thread can run it jumps to
 *   the earliest deadline of one that sleeps.  So that deadlines race with everything it may
 *   jump although others can run.  RANDOM: now and then, by the seed.  PCT: the clock is as a
 *   thread, with a priority of its own, that can run while one sleeps with a deadline, and each
 *   of its jumps is a step, or what PCT says of the probability would not hold.  It must not be
 *   the first for ever: a tick that is over before anybody has done anything, again and again,
 *   is no time that passes.  So after EARLY_JUMPS it is the last.
 *
 * The end of a thread
 *   The destructor of a thread-specific key gives the baton up, in the last round of
 *   destructors, so that those of the program run with the baton.
 */
#define _GNU_SOURCE
#include "sync/sim/sched.h"

#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sync/point.h"

enum { THREADS_MAX = 64, EARLY_ONE_IN = 24, EARLY_JUMPS = 8 };

enum status { CAN_RUN, SLEEPS, ENDED };

struct sim_thread {
	int number; /* from 1 */
	char name[16];
	enum status status;
	const void *on;      /* what it sleeps for */
	bothy_time deadline; /* ... at most until then */
	bool woken;          /* ... and was, before that */
	uint64_t priority;
	const char *what, *file; /* its last point */
	int line;
	int ends; /* rounds of destructors so far */
	sem_t baton;
};

static struct {
	bool on;
	bool forked; /* in a child of one of its threads */
	struct sim_options options;
	struct sim_report *report;
	struct sim_thread *threads[THREADS_MAX];
	int n;
	bothy_time now;
	uint64_t random;
	unsigned changes[SIM_DEPTH_MAX]; /* PCT's points of change */
	uint64_t clock_priority;
	unsigned early_jumps; /* of the clock's, while others could run */
} run;

static _Thread_local struct sim_thread *self;
static pthread_key_t at_end;
static pthread_once_t at_end_once = PTHREAD_ONCE_INIT;

struct sim_thread *sim_self(void)
{
	return self;
}

int sim_number(const struct sim_thread *thread)
{
	return thread->number;
}

/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA
 * 2014). */
static uint64_t next_random(void)
{
	uint64_t z = run.random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Above those that a change gives. */
static uint64_t random_priority(void)
{
	return SIM_DEPTH_MAX + (next_random() >> 8);
}

/* ---- reporting -------------------------------------------------------------------------------- */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	size_t used = strlen(run.report->text);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(run.report->text + used, SIM_TEXT_BYTES - used, format, arguments);
	va_end(arguments);
}

static void say_places(void)
{
	static const char *const names[] = {"can run", "sleeps", "has ended"};

	for (int i = 0; i < run.n; i++) {
		const struct sim_thread *t = run.threads[i];

		say("\n    thread %d (%s) %s at %s, %s:%d", t->number, t->name, names[t->status],
		    t->what != NULL ? t->what : "its start", t->file != NULL ? t->file : "-",
		    t->line);
	}
}

void sim_fail(const char *format, ...)
{
	va_list arguments;

	if (!run.on) {
		va_start(arguments, format);
		(void)vfprintf(stderr, format, arguments);
		va_end(arguments);
		abort();
	}
	va_start(arguments, format);
	(void)vsnprintf(run.report->text, SIM_TEXT_BYTES, format, arguments);
	va_end(arguments);
	say_places();
	run.report->failed = true;
	_exit(SIM_FAILED);
}

/* FNV-1a, over what a step says but for its pointers. */
static void hash(uint64_t value)
{
	for (int i = 0; i < 4; i++) {
		run.report->hash ^= (value >> (8 * i)) & 255;
		run.report->hash *= UINT64_C(0x100000001b3);
	}
}

static void add_step(struct sim_step step)
{
	struct sim_report *report = run.report;

	if (report->points < SIM_STEPS_KEPT)
		report->steps[report->points] = step;
	hash((uint64_t)step.thread);
	hash((uint64_t)step.line);
	if (++report->points > run.options.points_max)
		sim_fail("livelock: more than %u points", run.options.points_max);
}

/* ---- picking ------------------------------------------------------------------------------------ */

static struct sim_thread *random_runnable(void)
{
	unsigned n = 0, which;

	for (int i = 0; i < run.n; i++)
		n += run.threads[i]->status == CAN_RUN;
	if (n == 0)
		return NULL;
	which = (unsigned)(next_random() % n);
	for (int i = 0;; i++)
		if (run.threads[i]->status == CAN_RUN && which-- == 0)
			return run.threads[i];
}

static struct sim_thread *highest_runnable(void)
{
	struct sim_thread *highest = NULL;

	for (int i = 0; i < run.n; i++) {
		struct sim_thread *t = run.threads[i];

		if (t->status == CAN_RUN && (highest == NULL || t->priority > highest->priority))
			highest = t;
	}
	return highest;
}

/* PCT: the i-th change is to i, below all others, but for a clock that is to be the last, which has
 * 0.  Whether the priority was changed of who is at the last step. */
static bool change_priority(uint64_t *priority)
{
	bool changed = false;

	for (unsigned i = 0; i + 1 < run.options.depth && i < SIM_DEPTH_MAX; i++) {
		if (run.report->points == run.changes[i]) {
			*priority = i + 1;
			changed = true;
		}
	}
	return changed;
}

static struct sim_thread *first_deadline(void)
{
	struct sim_thread *first = NULL;

	for (int i = 0; i < run.n; i++) {
		struct sim_thread *t = run.threads[i];

		if (t->status == SLEEPS && t->deadline != BOTHY_FOREVER &&
		    (first == NULL || t->deadline < first->deadline))
			first = t;
	}
	return first;
}

/* Let time come to the earliest deadline: whether there is one. */
static bool jump(void)
{
	struct sim_thread *t = first_deadline();

	if (t == NULL)
		return false;
	if (t->deadline > run.now)
		run.now = t->deadline;
	t->status = CAN_RUN;
	t->woken = false;
	return true;
}

static struct sim_thread *pick_random(void)
{
	struct sim_thread *next;

	if (next_random() % EARLY_ONE_IN == 0)
		(void)jump();
	do
		next = random_runnable();
	while (next == NULL && jump());
	return next;
}

/* A step of the clock's; unless nobody else can run, it may be overtaken there. */
static void step_clock(bool alone)
{
	add_step((struct sim_step){"clock", __FILE__, __LINE__, SIM_CLOCK});
	if (change_priority(&run.clock_priority) && !alone)
		return;
	if (!alone && ++run.early_jumps == EARLY_JUMPS)
		run.clock_priority = 0;
	(void)jump();
}

static struct sim_thread *pick_highest(void)
{
	for (;;) {
		struct sim_thread *next = highest_runnable();

		if (first_deadline() == NULL)
			return next;
		run.report->timed = true;
		if (next != NULL && next->priority > run.clock_priority)
			return next;
		step_clock(next == NULL);
	}
}

static struct sim_thread *pick(void)
{
	struct sim_thread *next =
		run.options.strategy == SIM_PCT ? pick_highest() : pick_random();

	if (next == NULL)
		sim_fail("deadlock");
	return next;
}

/* ---- the baton --------------------------------------------------------------------------------------- */

static void take_baton(struct sim_thread *thread)
{
	while (sem_wait(&thread->baton) != 0)
		continue;
}

static void hand_over(void)
{
	struct sim_thread *me = self;
	struct sim_thread *next = pick();

	if (next == me)
		return;
	(void)sem_post(&next->baton);
	take_baton(me);
}

void sim_point(const char *what, const char *file, int line)
{
	if (self == NULL)
		return;
	self->what = what;
	self->file = file;
	self->line = line;
	add_step((struct sim_step){what, file, line, self->number});
	if (run.options.strategy == SIM_PCT)
		(void)change_priority(&self->priority);
	hand_over();
}

bool sim_block(const char *what, const void *on, bothy_time deadline)
{
	self->what = what;
	self->status = SLEEPS;
	self->on = on;
	self->deadline = deadline;
	hand_over();
	return self->woken;
}

void sim_wake(const void *on)
{
	for (int i = 0; i < run.n; i++) {
		struct sim_thread *t = run.threads[i];

		if (t->status == SLEEPS && t->on == on) {
			t->status = CAN_RUN;
			t->woken = true;
		}
	}
}

bothy_time sim_now(void)
{
	return ++run.now;
}

/* ---- threads ---------------------------------------------------------------------------------------------- */

struct sim_thread *sim_thread_new(const char *name)
{
	struct sim_thread *thread;

	if (run.n == THREADS_MAX)
		return NULL;
	thread = calloc(1, sizeof(*thread));
	if (thread == NULL)
		return NULL;
	thread->number = run.n + 1;
	(void)snprintf(thread->name, sizeof(thread->name), "%s", name != NULL ? name : "-");
	thread->priority = random_priority();
	(void)sem_init(&thread->baton, 0, 0);
	run.threads[run.n++] = thread;
	run.report->threads++;
	return thread;
}

void sim_thread_abandon(struct sim_thread *thread)
{
	thread->status = ENDED;
}

static bool is_over(void)
{
	for (int i = 0; i < run.n; i++)
		if (run.threads[i]->status != ENDED)
			return false;
	return true;
}

static void end_thread(void *value)
{
	struct sim_thread *me = value;

	if (++me->ends < PTHREAD_DESTRUCTOR_ITERATIONS) {
		(void)pthread_setspecific(at_end, me);
		return;
	}
	me->status = ENDED;
	sim_wake(me);
	self = NULL;
	if (run.forked && is_over())
		return; /* with its last thread the child ends too */
	(void)sem_post(&pick()->baton);
}

static void make_key(void)
{
	(void)pthread_key_create(&at_end, end_thread);
}

void sim_begin(struct sim_thread *thread)
{
	take_baton(thread);
	self = thread;
	(void)pthread_setspecific(at_end, thread);
}

__attribute__((constructor(101))) static void watch_forks(void)
{
	sim_watch_forks();
}

void sim_forked(void)
{
	run.forked = true;
	for (int i = 0; i < run.n; i++)
		if (run.threads[i] != self)
			run.threads[i]->status = ENDED;
}

void sim_await_end(int number)
{
	struct sim_thread *thread = run.threads[number - 1];

	while (thread->status != ENDED)
		(void)sim_block("another's end", thread, BOTHY_FOREVER);
}

/* ---- runs -------------------------------------------------------------------------------------------------------- */

static void begin_run(const struct sim_options *options, struct sim_report *report)
{
	memset(&run, 0, sizeof(run));
	run.options = *options;
	run.report = report;
	run.random = options->seed;
	run.now = INT64_C(1000000000);
	report->seed = options->seed;
	report->strategy = options->strategy;
	report->hash = UINT64_C(0xcbf29ce484222325);
	report->points = 0;
	report->threads = 0;
	report->timed = false;
	report->failed = false;
	report->text[0] = '\0';
	report->running = true;
	for (unsigned i = 0; i + 1 < options->depth && i < SIM_DEPTH_MAX; i++)
		run.changes[i] = 1 + (unsigned)(next_random() % options->points);
	run.clock_priority = random_priority();
	self = sim_thread_new("scenario");
	run.on = true;
}

void sim_run(const struct sim_options *options, void (*scenario)(void), struct sim_report *report)
{
	(void)pthread_once(&at_end_once, make_key);
	begin_run(options, report);
	scenario();
	for (int number = 2; number <= run.n; number++)
		sim_await_end(number);
	if (run.forked)
		_exit(0);
	run.on = false;
	self = NULL;
	report->running = false;
	for (int i = 0; i < run.n; i++) {
		(void)sem_destroy(&run.threads[i]->baton);
		free(run.threads[i]);
	}
}
