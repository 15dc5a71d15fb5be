/*
 * The seeded scheduler: one thread runs at a time, and at each synchronisation point the seed
 * decides which is next.  docs/scheduler.md says how it is used, and what it does not see.
 */
#ifndef SYNC_SIM_SCHED_H
#define SYNC_SIM_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include <bothy/base.h>

/* How the next thread is picked. */
enum sim_strategy {
	SIM_RANDOM, /* each that can run is as likely as the others */
	SIM_PCT     /* the one of the highest priority; see sched.c */
};

struct sim_options {
	uint64_t seed;
	enum sim_strategy strategy;
	unsigned depth;   /* PCT: how many orderings a bug may need; 1 to SIM_DEPTH_MAX */
	unsigned points;  /* PCT: how many points a run has, at most; 1 or more */
	unsigned points_max; /* more than that is a livelock */
};

enum { SIM_DEPTH_MAX = 8 };

/* One step of a run: who came to which point.  SIM_CLOCK: time was about to go to a deadline. */
enum { SIM_CLOCK = 0 };

struct sim_step {
	const char *what, *file;
	int line;
	int thread;
};

enum { SIM_STEPS_KEPT = 1 << 18, SIM_TEXT_BYTES = 4096 };

/* What became of a run.  It is in memory shared with the parent: a run that fails ends its
 * process. */
struct sim_report {
	uint64_t seed;
	enum sim_strategy strategy;
	uint64_t hash;     /* of all steps */
	unsigned points;   /* how many steps; PCT: the clock's among them */
	unsigned threads;  /* how many there were, in forked children too */
	bool timed;        /* one of them slept with a deadline: the clock was one more, for PCT */
	bool running;      /* the process ended in mid-run, if it ended */
	bool failed;
	char text[SIM_TEXT_BYTES]; /* why */
	struct sim_step steps[SIM_STEPS_KEPT]; /* the first ones */
};

/* The process's exit code after a failed run. */
enum { SIM_FAILED = 99 };

/* Run SCENARIO on the calling thread, under the scheduler, until it has returned and all
 * threads that were started have ended.  If it fails, the process ends. */
void sim_run(const struct sim_options *options, void (*scenario)(void),
             struct sim_report *report);

/* The run has failed: say why, with each thread's place, and end the process. */
_Noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- for the rest of this folder ---------------------------------------------------------- */

struct sim_thread;

/* The calling thread's, or NULL: no run is on, or the thread is not part of it. */
struct sim_thread *sim_self(void);
int sim_number(const struct sim_thread *thread);

/* Sleep for ON until it is woken, or until DEADLINE: whether it was woken. */
bool sim_block(const char *what, const void *on, bothy_time deadline);

/* Let every thread that sleeps for ON run again. */
void sim_wake(const void *on);

bothy_time sim_now(void);

/* A new thread of the run, which will wait for its first turn in sim_begin(). */
struct sim_thread *sim_thread_new(const char *name);
void sim_thread_abandon(struct sim_thread *thread); /* it could not be started */
void sim_begin(struct sim_thread *thread);

/* Before sync/fork.c does so: see fork.c here. */
void sim_watch_forks(void);

/* The calling thread is the only one, in a forked child.  If it comes to the scenario's end, or
 * ends with all that it has started, so does the process. */
void sim_forked(void);

/* Sleep until the thread of that number has ended. */
void sim_await_end(int number);

#endif
