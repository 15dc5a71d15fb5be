/*
 * The same work for every pool.  A program is this driver and one `peer`: what the pool is called,
 * and how it starts, takes jobs and is waited for.  It measures one workload, once, in one process:
 *
 *     PROGRAM [options] WORKLOAD
 *
 * and prints a line of JSON for each figure.  bench/run starts these programs in turns, and
 * makes medians of what they print.
 */
#ifndef BENCH_WORK_WORK_H
#define BENCH_WORK_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench_options {
	unsigned workers;
	unsigned rounds;  /* of those that take turns within themselves: record, record_cost */
	size_t jobs;      /* 0: as many as the workload wants */
	unsigned seconds; /* that a pool is idle; that projects share it */
	unsigned job_us;  /* coarse: how long a job is */
	unsigned refs;    /* refs: in each job */
	size_t projects;  /* Bothy: over which jobs are spread */
	bool strings;     /* Bothy: name the project by strings, not by a handle */
	bool futures;     /* queued: with a future each */
	bool unbounded;   /* no bound on the queue, though the peer has one */
	bool cold;        /* no untimed round before */
	bool cpu;         /* fair: charge CPU time */
};

extern struct bench_options bench_options;

/* ---- a pool ----------------------------------------------------------------------- */

/* What a pool runs.  One struct serves any number of jobs, so a pool passes the pointer on,
 * and every pool pays the same for it. */
struct job {
	void *(*fn)(void *arg);
	void *arg;
};

struct workload {
	const char *name;
	const char *about;
	int (*run)(const struct bench_options *options); /* 0, or a negative errno */
	bool (*fits)(void);                              /* NULL: always */
};

struct peer {
	const char *name;
	bool bounded; /* has a bounded queue that blocks the submitter */
	bool helps;   /* the submitting thread is one of the workers: it runs jobs while it waits */

	/* A pool; BOUND 0: none.  There is one at a time in a process. */
	int (*start)(unsigned workers, size_t bound);
	void (*stop)(void);

	/* Run BODY(ARG) where jobs may be submitted; NULL: anywhere. */
	void (*inside)(void (*body)(void *), void *arg);

	void (*submit)(const struct job *job);
	void (*submit_many)(const struct job *job, size_t n); /* this and all below may be NULL */

	/* Wait for all that this thread has submitted, or more.  NULL: the jobs count. */
	void (*wait_all)(void);

	void *(*future)(const struct job *job);
	void *(*take)(void *future); /* wait, take what fn returned, free */

	/* Submit JOB and wait for it, where there is a way better than the future's. */
	void (*trip)(const struct job *job);

	/* Each job spawns two and waits for them, down to DEPTH 0; how many ran. */
	size_t (*tree)(unsigned depth);

	const struct workload *own; /* more workloads, looked up first; ended by a NULL name */
};

extern const struct peer peer;

/* Say what could not be done, and exit; if ERROR is not 0. */
void bench_die(const char *what, int error) __attribute__((noreturn));
void bench_must(const char *what, int error);

/* ---- measuring -------------------------------------------------------------------- */

int64_t bench_now(void);        /* ns */
int64_t bench_thread_now(void); /* of CPU time of this thread */

/* Wall and CPU time in ns, and how often a thread of the process went to sleep. */
struct measure {
	int64_t wall, cpu, sleeps;
};

void measure_begin(struct measure *measure);
void measure_end(struct measure *measure); /* what has passed since measure_begin() */

/* Print a figure of JOBS jobs; PART tells several figures of one measurement apart ("p99"). */
void measure_print(const struct measure *measure, const char *workload, const char *part,
                   double value, const char *unit, size_t jobs);

/* The same without the end of the line, for what else belongs to the figure. */
void measure_print_begin(const struct measure *measure, const char *workload, const char *part,
                         double value, const char *unit, size_t jobs);

int bench_compare(const void *a, const void *b); /* for qsort() of doubles */

/* Bytes of the process's own resident memory (heap, stacks, data); 0 if it can't be read.
 * Without the pages of program files: the kernel drops them and reads them again as it
 * likes. */
size_t bench_resident(void);

/* ---- work for jobs ----------------------------------------------------------------- */

double work_steps_per_us(void);
void work_burn(uint64_t steps);

/* ---- the shared workloads --------------------------------------------------------- */

#define BENCH_BOUND 4096u

/* Start the peer's pool with the options' workers and bound; or die. */
void work_start(void);

/* The pool can be waited for, or else its jobs count: work_expect() N of work_job(), submit
 * them, work_wait(). */
const struct job *work_job(void);
void work_expect(size_t n);
void work_wait(void);
void *work_count(void *arg); /* a job of one's own returns through this */

/* Run BODY(ARG) where the peer lets jobs be submitted. */
void work_inside(void (*body)(void *), void *arg);

/* Submit N jobs and wait for them. */
void work_drain(size_t n);

size_t work_jobs(size_t wanted); /* the option's number, or WANTED */

extern const struct workload work_all[]; /* ended by a NULL name */

int drain_run(const struct bench_options *options);
int drain_many_run(const struct bench_options *options);
int batch_run(const struct bench_options *options);
int futures_run(const struct bench_options *options);
int round_trip_run(const struct bench_options *options);
int round_trip_cold_run(const struct bench_options *options);
int tree_run(const struct bench_options *options);
int queued_run(const struct bench_options *options);
int coarse_run(const struct bench_options *options);
int work_idle_run(const struct bench_options *options);

#ifdef __cplusplus
}
#endif

#endif
