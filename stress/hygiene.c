#define _GNU_SOURCE
#include "stress/hygiene.h"

#include <errno.h>
#include <fenv.h>
#include <inttypes.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "stress/stress.h"
#include "stress/violation.h"

static locale_t odd;
static int had_no_new_privs;

int hygiene_init(void)
{
	had_no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	odd = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	return odd == (locale_t)0 ? -ENOMEM : 0;
}

void hygiene_fini(void)
{
	freelocale(odd);
}

static void expect(const struct task *task, const char *what, long expected, long seen)
{
	if (seen != expected)
		violation(VIOLATION_HYGIENE, "%s in job %" PRIu64 " (%s): expected %ld, seen %ld",
		          what, task->number, task_kind_name(task), expected, seen);
}

static void check_cancel(const struct task *task)
{
	int state = -1, type = -1;

	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	expect(task, "cancel state", PTHREAD_CANCEL_ENABLE, state);
	expect(task, "cancel type", PTHREAD_CANCEL_DEFERRED, type);
}

/* What a strict pool puts back, or retires the thread for. */
static void check_strictly(const struct task *task)
{
	sigset_t mask;
	char name[16] = "";

	pthread_sigmask(SIG_BLOCK, NULL, &mask);
	expect(task, "SIGUSR1 is blocked", 1, sigismember(&mask, SIGUSR1));
	(void)prctl(PR_GET_NAME, name, 0, 0, 0);
	expect(task, "the thread is called stress", 0, strcmp(name, "stress"));
	expect(task, "no_new_privs", had_no_new_privs, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

void hygiene_check(const struct task *task, int seen_errno)
{
	expect(task, "errno", 0, seen_errno);
	expect(task, "rounding mode", FE_TONEAREST, fegetround());
	expect(task, "floating-point flags", 0, fetestexcept(FE_ALL_EXCEPT));
	expect(task, "the global locale", 1, uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
	check_cancel(task);
	if (stress.options.strict)
		check_strictly(task);
}

static void dirty_strictly(struct rng *rng)
{
	sigset_t none;

	sigemptyset(&none);
	if (rng_one_in(rng, 2))
		pthread_sigmask(SIG_SETMASK, &none, NULL);
	if (rng_one_in(rng, 2))
		(void)prctl(PR_SET_NAME, "spoilt", 0, 0, 0);
	if (rng_one_in(rng, 100)) /* for good */
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void hygiene_dirty(struct rng *rng)
{
	static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
	unsigned which = rng_below(rng, 32);
	int old;

	if (stress.options.strict)
		dirty_strictly(rng);
	if (which & 1)
		fesetround(modes[rng_below(rng, 3)]);
	if (which & 2)
		feraiseexcept(FE_DIVBYZERO | FE_INEXACT);
	if (which & 4)
		uselocale(odd);
	if (which & 8)
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	if ((which & 24) == 24) /* nobody can be canceled by it */
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	errno = EDOM;
}

void hygiene_before_wait(void)
{
	int old;

	/* A deferred function waits with what its job has made of the thread. */
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old);
	fesetround(FE_DOWNWARD);
	uselocale(odd);
}

void hygiene_after_wait(const struct task *task)
{
	expect(task, "rounding mode after a wait", FE_DOWNWARD, fegetround());
	expect(task, "the job's locale after a wait", 1, uselocale((locale_t)0) == odd);
	check_cancel(task);
	fesetround(FE_TONEAREST);
	uselocale(LC_GLOBAL_LOCALE);
}
