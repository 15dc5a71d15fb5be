#include <bothy/server.h>

#include <errno.h>

#include "api/check.h"
#include "tls/server.h"
#ifdef BOTHY_RECORDING
#include "trace/scope.h"
#include "trace/server.h"
#include "trace/writer.h"
#endif

/* Whether OPS has a write or a read: else it is a matter of hooks alone. */
static bool records(const struct bothy_server_ops *ops)
{
	return ops->obj_create != NULL || ops->table_create != NULL || ops->file_create != NULL ||
	       ops->calls_upsert != NULL || ops->obj_read != NULL || ops->objs_query != NULL ||
	       ops->table_query != NULL || ops->file_content != NULL || ops->call_read != NULL ||
	       ops->calls_query != NULL || ops->refs_read_batch != NULL ||
	       ops->projects_query != NULL;
}

int bothy_server_new(const struct bothy_server_ops *ops, void *self, bothy_server **ret_server)
{
	struct bothy_server_ops complete;
	int error;

	if (ops == NULL || ret_server == NULL)
		return -EINVAL;
	error = CHECK_COPY(&complete, ops);
	if (error < 0)
		return error;
	if (!records(&complete))
		return server_new(&complete, self, ret_server);
#ifdef BOTHY_RECORDING
	return trace_server_new(&complete, self, NULL, ret_server);
#else
	return -ENOTSUP;
#endif
}

void bothy_server_release(bothy_server *server)
{
	server_release(server);
}

/* ---- servers that record ------------------------------------------------------------------ */

#ifdef BOTHY_RECORDING

int bothy_server_open(const char *url, const struct bothy_server_options *options,
                      bothy_server **ret_server)
{
	struct bothy_server_options complete = {.size = sizeof(complete)};
	int error = 0;

	if (url == NULL || ret_server == NULL)
		return -EINVAL;
	if (options != NULL)
		error = CHECK_COPY(&complete, options);
	return error < 0 ? error : trace_server_open(url, &complete, ret_server);
}

int bothy_server_stats(bothy_server *server, struct bothy_server_stats *stats)
{
	struct bothy_server_stats complete = {.size = sizeof(complete)};
	struct trace_server *recording;
	int error;

	if (server == NULL || stats == NULL)
		return -EINVAL;
	error = check_size(stats->size, sizeof(*stats));
	if (error == 0)
		error = trace_server_of(server, &recording);
	if (error < 0)
		return error;
	writer_stats(recording->writer, &complete);
	check_give(stats, &complete, sizeof(complete));
	return 0;
}

int bothy_server_projects(bothy_server *server, bothy_project_each *each, void *user)
{
	struct trace_server *recording;
	int error;

	if (server == NULL || each == NULL)
		return -EINVAL;
	error = trace_server_of(server, &recording);
	return error < 0 ? error : scope_projects(recording, each, user);
}

#endif
