#define _GNU_SOURCE
#include "pool/hygiene.h"

#include <errno.h>
#include <pthread.h>

#include <bothy/hygiene.h>

#include "sync/testing.h"

#if defined(__x86_64__) && defined(__SSE2__)

/* Both control words, and both sets of flags, as a process starts with (System V ABI for
 * AMD64, 3.2.3): looking at them is cheaper than writing them. */
enum {
	MXCSR = 0x1f80,
	MXCSR_FLAGS = 0x3f,
	MXCSR_MASKS = 0x1f80,
	X87_CONTROL = 0x037f,
	X87_MASKS = 0x3f,
	X87_FLAGS = 0x3f
};

static uint32_t what_differs(unsigned control, unsigned flags, unsigned mxcsr)
{
	uint32_t dirt = 0;

	if (((mxcsr & MXCSR_FLAGS) | (flags & X87_FLAGS)) != 0)
		dirt |= BOTHY_DIRT_FP_FLAGS;
	if ((mxcsr & MXCSR_MASKS) != MXCSR_MASKS || (control & X87_MASKS) != X87_MASKS)
		dirt |= BOTHY_DIRT_FP_TRAPS;
	if ((mxcsr & ~(unsigned)(MXCSR_FLAGS | MXCSR_MASKS)) != 0 ||
	    (control & ~(unsigned)X87_MASKS) != (X87_CONTROL & ~X87_MASKS))
		dirt |= BOTHY_DIRT_FP_ROUNDING;
	return dirt;
}

static uint32_t reset_floating(void)
{
	unsigned short control, status;
	unsigned mxcsr = __builtin_ia32_stmxcsr();

	__asm__ volatile("fnstcw %0" : "=m"(control));
	__asm__ volatile("fnstsw %0" : "=m"(status));
	if (control == X87_CONTROL && (status & X87_FLAGS) == 0 && mxcsr == MXCSR)
		return 0;
	(void)fesetenv(FE_DFL_ENV);
	return what_differs(control, status, mxcsr);
}

#else

static uint32_t reset_floating(void)
{
	uint32_t dirt = 0;

	if (fetestexcept(FE_ALL_EXCEPT) != 0)
		dirt |= BOTHY_DIRT_FP_FLAGS;
	if (fegetround() != FE_TONEAREST)
		dirt |= BOTHY_DIRT_FP_ROUNDING;
#ifdef __GLIBC__
	if (fegetexcept() != 0)
		dirt |= BOTHY_DIRT_FP_TRAPS;
#endif
	(void)fesetenv(FE_DFL_ENV);
	return dirt;
}

#endif

static uint32_t reset_cancel(void)
{
	int state, type;

	(void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	(void)pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	if (state == PTHREAD_CANCEL_ENABLE && type == PTHREAD_CANCEL_DEFERRED)
		return 0;
	return (state != PTHREAD_CANCEL_ENABLE ? BOTHY_DIRT_CANCEL_STATE : 0) |
	       (type != PTHREAD_CANCEL_DEFERRED ? BOTHY_DIRT_CANCEL_TYPE : 0);
}

uint32_t hygiene_reset(void)
{
	uint32_t dirt;

	if (PLANTED(HYGIENE_SKIPPED))
		return 0;
	dirt = reset_floating() | reset_cancel();
	if (uselocale((locale_t)0) != LC_GLOBAL_LOCALE) {
		(void)uselocale(LC_GLOBAL_LOCALE);
		dirt |= BOTHY_DIRT_LOCALE;
	}
	if (errno != 0) {
		errno = 0;
		dirt |= BOTHY_DIRT_ERRNO;
	}
	return dirt;
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
