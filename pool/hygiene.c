#define _GNU_SOURCE
#include "pool/hygiene.h"

#include <errno.h>
#include <pthread.h>

#include "sync/testing.h"

#if defined(__x86_64__) && defined(__SSE2__)

/* Both control words, and both sets of flags, as a process starts with (System V ABI for
 * AMD64, 3.2.3): looking at them is cheaper than writing them. */
static void reset_floating(void)
{
	enum { MXCSR = 0x1f80, X87_CONTROL = 0x037f, X87_FLAGS = 0x3f };
	unsigned short control, status;

	__asm__ volatile("fnstcw %0" : "=m"(control));
	__asm__ volatile("fnstsw %0" : "=m"(status));
	if (control != X87_CONTROL || (status & X87_FLAGS) != 0 ||
	    __builtin_ia32_stmxcsr() != MXCSR)
		(void)fesetenv(FE_DFL_ENV);
}

#else

static void reset_floating(void)
{
	(void)fesetenv(FE_DFL_ENV);
}

#endif

void hygiene_reset(void)
{
	if (PLANTED(HYGIENE_SKIPPED))
		return;
	reset_floating();
	if (uselocale((locale_t)0) != LC_GLOBAL_LOCALE)
		(void)uselocale(LC_GLOBAL_LOCALE);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	(void)pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
	errno = 0;
}

void hygiene_save(struct hygiene *ret_hygiene)
{
	ret_hygiene->error = errno;
	(void)fegetenv(&ret_hygiene->floating);
	ret_hygiene->locale = uselocale((locale_t)0);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &ret_hygiene->cancel_state);
	(void)pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &ret_hygiene->cancel_type);
}

void hygiene_restore(const struct hygiene *hygiene)
{
	if (PLANTED(HYGIENE_NOT_RESTORED))
		return;
	(void)fesetenv(&hygiene->floating);
	(void)uselocale(hygiene->locale);
	(void)pthread_setcanceltype(hygiene->cancel_type, NULL);
	(void)pthread_setcancelstate(hygiene->cancel_state, NULL);
	errno = hygiene->error;
}
