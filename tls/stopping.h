/*
 * Stop requests and deadlines as the current context sees them.
 */
#ifndef TLS_STOPPING_H
#define TLS_STOPPING_H

#include <bothy/context.h>

/* What bothy_stop_requested(), _stop_fd() and _sleep_until() do. */
int stopping_reason(void);
int stopping_fd(void);
int stopping_sleep(bothy_time deadline);

#endif
