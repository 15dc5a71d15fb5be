/*
 * What runs when a context ends: deferred functions, and the destructors of its locals.
 *
 * Both live in the context's arena and are used by its thread alone.
 */
#ifndef TLS_HOOKS_H
#define TLS_HOOKS_H

#include "tls/context.h"

/* In the current context; -ENOENT without one, -ENOMEM. */
int hooks_defer(void (*fn)(void *), void *arg);
int hooks_local_set(const void *key, void *value, void (*destroy)(void *));
void *hooks_local_get(const void *key); /* NULL if there is none */

/*
 * Run what there is, and what that leaves in turn: deferred functions newest first, then
 * destructors one at a time.
 *
 * Each is forgotten before it is called, so that a second call, after one of them has
 * ended the thread, goes on with the rest.  Contexts that one of them enters and does not
 * leave are left.
 */
void hooks_run(bothy_context *context);

#endif
