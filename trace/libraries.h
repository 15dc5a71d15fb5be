/*
 * What other libraries do at their first use, done where a fork can't catch them half-way: a child
 * that did would wait for a thread that it does not have.
 */
#ifndef TRACE_LIBRARIES_H
#define TRACE_LIBRARIES_H

#include <locale.h>

/*
 * Before jansson makes its first object; *RET_C_LOCALE, unless that is NULL, is the C locale, never
 * freed.  Cheap once it has been done.
 *
 * Threads: any.  Errors: -ENOMEM.
 */
int libraries_begin(locale_t *ret_c_locale);

#endif
