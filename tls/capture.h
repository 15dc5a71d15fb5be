/*
 * What descendants of a context start with: its client, its refs, its server's token.
 * Immutable, and one owner's: a spawned job, or who called bothy_capture(); any thread may read it.
 */
#ifndef TLS_CAPTURE_H
#define TLS_CAPTURE_H

#include <bothy/context.h>

#include "refs/table.h"

struct bothy_capture {
	bothy_client *client;      /* held */
	struct snapshot *refs;     /* NULL: none */
	void *token;               /* of the server's inherit; NULL: none */
	enum bothy_ref_fallback fallback;
};

/* Of CONTEXT as it is now, which must be this thread's.  0, -ENOMEM, or what the server's
 * inherit said. */
int capture_new(bothy_context *context, bothy_capture **ret_capture);
void capture_free(bothy_capture *capture); /* NULL is fine */

#endif
