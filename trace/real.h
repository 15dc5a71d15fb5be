/*
 * Reals and their decimal text, whatever the thread's locale and floating-point environment.
 */
#ifndef TRACE_REAL_H
#define TRACE_REAL_H

#include <fenv.h>
#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

/* The caller's floating-point environment, which is put away from the first real read on.
 * All zero at first, but for the locale. */
struct real_scope {
	locale_t c_locale; /* from libraries_begin() */
	bool entered;
	fenv_t saved;
};

/* The double nearest to TEXT, a number of JSON's grammar; -ERANGE: none is near. */
int real_read(struct real_scope *scope, const char *text, double *ret_value);

/* Put the caller's environment back. */
void real_scope_leave(struct real_scope *scope);

/* Write VALUE, which is finite, as Python's repr() does: the shortest decimal that is read as
 * VALUE, of those the nearest.  Returns the number of bytes; there is no NUL. */
enum { REAL_BYTES = 32 };
size_t real_write(double value, char ret_text[REAL_BYTES]);

#endif
