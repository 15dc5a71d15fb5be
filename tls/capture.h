/*
 * What descendants of a context start with: its client, its refs, its server's token.
 * Immutable and counted; spawned jobs and adopted contexts share it.
 */
#ifndef TLS_CAPTURE_H
#define TLS_CAPTURE_H

#include <bothy/context.h>

#include "refs/table.h"

struct bothy_capture {
	_Atomic unsigned holds;
	bothy_client *client;      /* held */
	struct snapshot *refs;     /* NULL: none */
	void *token;               /* of the server's inherit; NULL: none */
	enum bothy_ref_fallback fallback;
};

/* Of CONTEXT as it is now, which must be this thread's.  0, -ENOMEM, or what the server's
 * inherit said. */
int capture_new(bothy_context *context, bothy_capture **ret_capture);
bothy_capture *capture_hold(bothy_capture *capture);
void capture_release(bothy_capture *capture); /* NULL is fine */

#endif
