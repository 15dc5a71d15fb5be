#include "trace/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tls/server.h"
#include "trace/error.h"
#include "trace/recorder.h"
#include "trace/sqlite/sqlite.h"
#include "trace/writer.h"

static int ensure_project(void *self, const char *entity, const char *project)
{
	const struct trace_server *server = self;

	return server->ops.ensure_project == NULL
	               ? 0
	               : server->ops.ensure_project(server->self, entity, project);
}

static void server_free(void *self)
{
	struct trace_server *server = self;

	free(server->name);
	free(server);
}

/* All that was handed over is. */
static void written(void *self)
{
	struct trace_server *server = self;

	if (server->ops.destroy != NULL)
		server->ops.destroy(server->self);
	server_free(server);
}

static void destroy(void *self)
{
	struct trace_server *server = self;

	writer_free(server->writer, written, server);
}

/* What tls/ sees of a server that records. */
static const struct bothy_server_ops hooks = {
	.size = sizeof(hooks),
	.ensure_project = ensure_project,
	.begin = recorder_begin,
	.inherit = recorder_inherit,
	.inherit_free = recorder_inherit_free,
	.finish = recorder_finish,
	.destroy = destroy,
};

int trace_server_new(const struct bothy_server_ops *ops, void *self, const char *name,
                     bothy_server **ret_server)
{
	struct trace_server *server = malloc(sizeof(*server));
	int error = -ENOMEM;

	if (server == NULL)
		return -ENOMEM;
	server->ops = *ops;
	server->self = self;
	server->name = name != NULL ? strdup(name) : NULL;
	if (name != NULL && server->name == NULL)
		goto fail_server;
	error = writer_new(&server->ops, self, &server->writer);
	if (error < 0)
		goto fail_server;
	error = server_new(&hooks, server, ret_server);
	if (error < 0)
		writer_free(server->writer, server_free, server);
	return error;

fail_server:
	server_free(server);
	return error;
}

int trace_server_of(const bothy_server *server, struct trace_server **ret_server)
{
	int error = server_check(server);

	if (error < 0)
		return error;
	if (server == NULL || server->ops.begin != recorder_begin)
		return -ENOTSUP;
	*ret_server = server->self;
	return 0;
}

/* The path in URL, NULL for memory; or -EINVAL. */
static int parse_url(const char *url, const char **ret_path)
{
	static const char scheme[] = "sqlite:";

	if (strcmp(url, "memory:") == 0) {
		*ret_path = NULL;
		return 0;
	}
	if (strncmp(url, scheme, sizeof(scheme) - 1) != 0 || url[sizeof(scheme) - 1] == '\0')
		return trace_fail(-EINVAL, "%s: a server is memory: or sqlite:PATH", url);
	*ret_path = url + sizeof(scheme) - 1;
	return 0;
}

int trace_server_open(const char *url, const struct bothy_server_options *options,
                      bothy_server **ret_server)
{
	struct bothy_server_ops ops;
	const char *path = NULL;
	void *self = NULL;
	int error = parse_url(url, &path);

	if (error == 0)
		error = sqlite_open(path, options, &ops, &self);
	if (error < 0)
		return error;
	error = trace_server_new(&ops, self, path != NULL ? path : url, ret_server);
	if (error < 0)
		ops.destroy(self);
	return error;
}
