/*
 * A trace server as the core sees it: the operations it was made with.
 */
#ifndef TLS_SERVER_H
#define TLS_SERVER_H

#include <errno.h>

#include <bothy/server.h>

struct bothy_server {
	_Atomic unsigned holds;
	uint32_t generation; /* of the process that made it: see sync/fork.h */
	struct bothy_server_ops ops;
	void *self;
};

/* OPS is complete: NULL where there is nothing to do. */
int server_new(const struct bothy_server_ops *ops, void *self, bothy_server **ret_server);
bothy_server *server_hold(bothy_server *server); /* NULL is fine */
void server_release(bothy_server *server);       /* NULL is fine */

/* 0, or -ECHILD in a forked child; 0 for NULL. */
int server_check(const bothy_server *server);

/* What an operation returned, as a caller may see it: a positive value is none of those it
 * may return, so it is -EPROTO. */
static inline int server_said(int code)
{
	return code > 0 ? -EPROTO : code;
}

#endif
