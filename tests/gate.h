/*
 * A gate: jobs and threads stop at it until the test opens it, and the test can wait until
 * so many have arrived.  So tests order what happens without sleeping.
 */
#ifndef TESTS_GATE_H
#define TESTS_GATE_H

#include <errno.h>
#include <semaphore.h>

struct gate {
	sem_t arrived, pass;
};

static inline void gate_take(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0 && errno == EINTR)
		continue;
}

static inline void gate_init(struct gate *gate)
{
	(void)sem_init(&gate->arrived, 0, 0);
	(void)sem_init(&gate->pass, 0, 0);
}

static inline void gate_fini(struct gate *gate)
{
	(void)sem_destroy(&gate->arrived);
	(void)sem_destroy(&gate->pass);
}

/* Say that one has arrived, without stopping. */
static inline void gate_arrive(struct gate *gate)
{
	(void)sem_post(&gate->arrived);
}

/* Stop here until the gate is open. */
static inline void gate_wait(struct gate *gate)
{
	gate_arrive(gate);
	gate_take(&gate->pass);
	(void)sem_post(&gate->pass);
}

/* Wait until N have arrived, since the last such wait. */
static inline void gate_await(struct gate *gate, int n)
{
	for (int i = 0; i < n; i++)
		gate_take(&gate->arrived);
}

/* Let all through, now and later. */
static inline void gate_open(struct gate *gate)
{
	(void)sem_post(&gate->pass);
}

#endif
