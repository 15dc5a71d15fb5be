/*
 * The text of what went wrong in a context.
 */
#ifndef TLS_FAILURE_H
#define TLS_FAILURE_H

#include <stdarg.h>

/*
 * Keep the text with the current context, in place of the one before; without memory there
 * is none then, rather than that of another failure.  Outside any context, and from the
 * server's finish on, which is reading the text: nothing.  errno is left as it is, and %m means it.
 */
void failure_describe(const char *format, va_list args);

#endif
