/*
 * The thread-specific pointer to the innermost context, bare ones included.
 */
#ifndef TLS_CURRENT_H
#define TLS_CURRENT_H

#include "tls/context.h"

/* What is installed on this thread: a context, a bare one, or NULL. */
bothy_context *current_get(void);

/* Install CONTEXT.  0 or -ENOMEM, which only a thread's first such call can be. */
int current_set(bothy_context *context);

/* Whether CONTEXT is a bare one. */
bool current_is_bare(const bothy_context *context);

#endif
