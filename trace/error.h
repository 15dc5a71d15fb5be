/*
 * Why the last call failed, in words: of the current context, or else of the thread.
 */
#ifndef TRACE_ERROR_H
#define TRACE_ERROR_H

#include <bothy/base.h>

/* Keep the text for trace_error(), in place of the one before; a long one is cut.  Returns
 * ERROR, so that a failure is `return trace_fail(-EINVAL, "...")`.  errno is left alone.
 * If there is no memory for it, there is no text. */
int trace_fail(int error, const char *format, ...) BOTHY_PRINTF(2, 3);

/* The text, or NULL: see bothy_trace_error(). */
const char *trace_error(void);

/* How often this thread has called trace_fail(): whether one that may have said more did. */
unsigned long trace_failures(void);

#endif
