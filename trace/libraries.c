/*
 * Locking
 *   lock is held while the libraries begin, once in a process, and across forks.
 */
#define _GNU_SOURCE
#include "trace/libraries.h"

#include <errno.h>
#include <jansson.h>

#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/lock.h"

static struct lock lock = LOCK_INITIALIZER;
static _Atomic(locale_t) c_locale; /* NULL until they have begun; written in lock */

static locale_t begin_locked(void)
{
	locale_t locale = atom_load(&c_locale, relaxed);

	if (locale != NULL)
		return locale;
	json_object_seed(0); /* none, if the program has chosen one */
	locale = newlocale(LC_ALL_MASK, "C", NULL);
	/* Release: publishes the locale; pairs with the acquire in libraries_begin(). */
	atom_store(&c_locale, locale, release);
	return locale;
}

static locale_t begin(void)
{
	locale_t locale;

	lock_acquire(&lock);
	locale = begin_locked();
	lock_release(&lock);
	return locale;
}

int libraries_begin(locale_t *ret_c_locale)
{
	/* Acquire: pairs with the release in begin_locked(). */
	locale_t locale = atom_load(&c_locale, acquire);

	if (locale == NULL)
		locale = begin();
	if (locale == NULL)
		return -ENOMEM;
	if (ret_c_locale != NULL)
		*ret_c_locale = locale;
	return 0;
}

__attribute__((constructor)) static void protect(void)
{
	fork_protect(FORK_RANK_LIBRARY, &lock, 1);
}
