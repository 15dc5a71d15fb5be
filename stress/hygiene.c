#include "stress/hygiene.h"

#include <errno.h>
#include <fenv.h>
#include <inttypes.h>
#include <locale.h>
#include <pthread.h>

#include "stress/violation.h"

static locale_t odd;

int hygiene_init(void)
{
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

void hygiene_check(const struct task *task, int seen_errno)
{
	expect(task, "errno", 0, seen_errno);
	expect(task, "rounding mode", FE_TONEAREST, fegetround());
	expect(task, "floating-point flags", 0, fetestexcept(FE_ALL_EXCEPT));
	expect(task, "the global locale", 1, uselocale((locale_t)0) == LC_GLOBAL_LOCALE);
	check_cancel(task);
}

void hygiene_dirty(struct rng *rng)
{
	static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
	unsigned which = rng_below(rng, 32);
	int old;

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
