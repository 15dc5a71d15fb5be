/*
 * Jobs that leave their thread with another signal mask than they found.
 *
 * BOTHY_HYGIENE_FAST does not put masks back: what is shown here is that nothing of the
 * library's hangs on them.  A signal that lands on a pool's thread wakes nobody early, and
 * none is lost; and whoever starts a new thread, it has all of them blocked.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "stress/saboteurs/families.h"
#include "stress/stress.h"
#include "stress/violation.h"

static _Atomic uint64_t landed;

static void land(int number)
{
	(void)number;
	atomic_fetch_add_explicit(&landed, 1, memory_order_relaxed);
}

/* Those that saboteurs send: to the process, and to themselves. */
static const int sent[] = {SIGUSR1, SIGUSR2};

void signals_prepare(void)
{
	struct sigaction action = {.sa_handler = land};
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < 2; i++) {
		sigaction(sent[i], &action, NULL);
		sigaddset(&set, sent[i]);
	}
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void signals_check_new_thread(void)
{
	sigset_t all, set;

	sigfillset(&all); /* without those that the C library keeps for itself */
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	for (int i = 1; i <= SIGRTMAX; i++) {
		if (i == SIGKILL || i == SIGSTOP || sigismember(&all, i) != 1)
			continue;
		if (sigismember(&set, i) != 1)
			violation(VIOLATION_THREAD,
			          "a pool's new thread: expected signal %d blocked, seen it let in",
			          i);
	}
}

static void let_in(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_UNBLOCK, &all, NULL);
}

static void keep_out(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static void send(void)
{
	if (kill(getpid(), SIGUSR1) != 0)
		violation_call("kill", -errno);
}

/* It stays blocked, and one that was sent here stays pending. */
static int block(struct saboteur *saboteur, void **ret_result)
{
	sigset_t set;

	(void)ret_result;
	keep_out();
	if (saboteur->seed % 2)
		pthread_kill(pthread_self(), SIGUSR2);
	sigemptyset(&set);
	for (int i = 1; i < 32; i++)
		if (saboteur->seed >> i & 1)
			sigaddset(&set, i);
	if (saboteur->seed % 3 == 0)
		pthread_sigmask(SIG_SETMASK, &set, NULL);
	return 0;
}

static int open_up(struct saboteur *saboteur, void **ret_result)
{
	(void)saboteur;
	(void)ret_result;
	let_in();
	send();
	return 0;
}

/* Signals land on those that are parked, and on this thread. */
static int disturb(struct saboteur *saboteur, void **ret_result)
{
	bothy_time end = stress_now() + 20000;

	(void)saboteur;
	(void)ret_result;
	let_in();
	do {
		send();
	} while (stress_now() < end);
	return 0;
}

/* No wait ends sooner for a signal. */
static int be_disturbed(struct saboteur *saboteur, void **ret_result)
{
	struct saboteur *child = saboteur_new(saboteur->gang, saboteur, disturb, IS(DONE));
	bothy_time end = stress_now() + 100000;

	(void)ret_result;
	let_in();
	if (saboteur->seed % 2) /* elsewhere: then this thread parks */
		child->project = (child->project + 1) % GANG_PROJECTS;
	if (child->project != saboteur->project)
		saboteur_submit(child, NULL);
	else if (!saboteur_spawn(child))
		return 0;
	violation_call("bothy_future_wait", saboteur_wait(child));
	saboteur_expect(saboteur, "its child's state", BOTHY_DONE,
	                bothy_future_state(saboteur_future(child)));
	send();
	violation_call("bothy_sleep_until", bothy_sleep_until(end));
	saboteur_expect(saboteur, "slept until its time", 1, stress_now() >= end);
	return 0;
}

static void check_landed(const struct gang *gang)
{
	if (atomic_exchange(&landed, 0) == 0)
		violation(VIOLATION_THREAD, "%s: expected signals on the pool's threads, seen none",
		          gang->sabotage->name);
}

const struct sabotage sabotage_signals[] = {
	{"signals-blocked", "blocks some or all, one is pending", block, IS(DONE), .check = NULL},
	{"signals-open", "lets all in, and sends one", open_up, IS(DONE),
         .check_gang = check_landed},
	{"signals-wait", "... and many to itself while it waits", be_disturbed, IS(DONE),
         .helpers = 1, .check_gang = check_landed},
	{.name = NULL},
};
