/*
 * Contexts that users enter, inside each other and inside jobs.
 */
#ifndef TLS_NEST_H
#define TLS_NEST_H

#include "tls/context.h"

/* What bothy_context_enter(), _adopt() and _exit() do; the arguments are checked. */
int nest_enter(bothy_server *server, const char *entity, const char *project,
               const struct bothy_context_options *options, bothy_context **ret_context);
int nest_adopt(bothy_capture *capture, bothy_context **ret_context);
int nest_exit(bothy_context *context);

#endif
