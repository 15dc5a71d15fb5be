/*
 * A server that records: its operations, and the writer in front of them.
 */
#ifndef TRACE_SERVER_H
#define TRACE_SERVER_H

#include <bothy/trace.h>

struct writer;

struct trace_server {
	struct bothy_server_ops ops; /* const; as the user gave them */
	void *self;                  /* handed to each */
	char *name;                  /* of one that is built in: its file's path; else NULL */
	struct writer *writer;
};

/* Make a bothy_server that records with OPS; what can't be stored is said of NAME, which is copied
 * and may be NULL.  Errors: as bothy_server_new(). */
int trace_server_new(const struct bothy_server_ops *ops, void *self, const char *name,
                     bothy_server **ret_server);

/* The one behind SERVER; -ENOTSUP if it is NULL or records nothing, -ECHILD after a fork. */
int trace_server_of(const bothy_server *server, struct trace_server **ret_server);

/* As bothy_server_open(). */
int trace_server_open(const char *url, const struct bothy_server_options *options,
                      bothy_server **ret_server);

#endif
