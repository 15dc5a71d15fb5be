/*
 * Hygiene: what a job may leave dirty on a thread and every pool looks at, and how it is put right.
 *
 * errno, the floating-point environment (rounding, masks, flags), the locale of uselocale(),
 * cancel state and type.  For the rest see thread_state.h; for who is told, dirt.h.
 */
#ifndef POOL_HYGIENE_H
#define POOL_HYGIENE_H

#include <fenv.h>
#include <locale.h>
#include <stdint.h>

/* Make the calling thread as each job finds it: what was not so, BOTHY_DIRT_... */
uint32_t hygiene_reset(void);

/* What a job had, while another runs in its place. */
struct hygiene {
	int error;
	fenv_t floating;
	locale_t locale;
	int cancel_state, cancel_type;
};

void hygiene_save(struct hygiene *ret_hygiene);
void hygiene_restore(const struct hygiene *hygiene);

#endif
