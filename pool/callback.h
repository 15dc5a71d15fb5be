/*
 * Callbacks of the user's that belong to no context: arg_free, result_free, notify, and the
 * server's inherit_free.
 */
#ifndef POOL_CALLBACK_H
#define POOL_CALLBACK_H

/* Call FN(ARG) with no context installed; nothing for a NULL FN. */
void callback_run(void (*fn)(void *), void *arg);

#endif
