#include "trace/scope.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "refs/uri.h"
#include "tls/client.h"
#include "trace/error.h"
#include "trace/recorder.h"
#include "trace/server.h"

/* ---- scopes --------------------------------------------------------------------------------- */

static void scope_init(struct scope *scope, const struct trace_server *server,
                       const bothy_client *client)
{
	*scope = (struct scope){
		.server = server,
		.entity = client->entity,
		.project = client->project,
	};
}

int scope_current(struct scope *ret_scope)
{
	struct recorder *recorder;
	int error = recorder_current(&recorder);

	if (error < 0)
		return error;
	scope_init(ret_scope, recorder->server, recorder->client);
	ret_scope->recorder = recorder;
	return 0;
}

int scope_of(const bothy_client *client, struct scope *ret_scope)
{
	struct trace_server *server;
	int error = trace_server_of(client->server, &server);

	if (error == 0)
		scope_init(ret_scope, server, client);
	return error;
}

/* Wait until what this context has recorded is stored, unless that was done already. */
static int settle(struct scope *scope)
{
	struct recorder *recorder = scope->recorder;

	scope->recorder = NULL;
	return recorder != NULL ? recorder_settle(recorder) : 0;
}

/* ---- refs ------------------------------------------------------------------------------------ */

bool scope_has(const struct scope *scope, const bothy_ref *ref)
{
	return strcmp(ref->entity, scope->entity) == 0 && strcmp(ref->project, scope->project) == 0;
}

int scope_check_ref(const struct scope *scope, const bothy_ref *ref)
{
	return scope_has(scope, ref) ? 0 : scope_say(-EACCES, ref, "a ref of another project");
}

int scope_say(int error, const bothy_ref *ref, const char *format, ...)
{
	char uri[SCOPE_URI_SHOWN], why[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	(void)uri_format(ref, uri, sizeof(uri));
	return trace_fail(error, "%s: %s", uri, why);
}

int scope_fail(int error, const bothy_ref *ref)
{
	switch (error) {
	case -ENOENT:
		return scope_say(error, ref, "not found");
	case -EPROTO:
		return scope_say(error, ref, "the server's answer is none that it may give");
	case -ENOTSUP:
		return scope_say(error, ref, "the server does not read such");
	default:
		return error;
	}
}

/* ---- between the server and EACH ------------------------------------------------------------- */

/* Stands before EACH, as the user of the server's query. */
struct relay {
	const struct scope *scope; /* NULL: all projects */
	const char *what, *which;  /* is asked for, in words; WHICH may be NULL */
	union {
		bothy_object_each *object;
		bothy_row_each *row;
		bothy_content_each *content;
		bothy_call_each *call;
		bothy_project_each *project;
		bothy_value_each *value;
	} each;
	void *user;
	bool once;              /* EACH is to be called once, and no more */
	bool told;              /* it was called */
	int code;               /* what it returned */
	unsigned long failures; /* of this thread, before the server was asked */
};

/* Whether EACH is to be told; then it is. */
static bool listens(struct relay *relay)
{
	if (relay->code != 0 || (relay->once && relay->told))
		return false;
	relay->told = true;
	return true;
}

static int tell_object(void *user, const struct bothy_object_version *object)
{
	struct relay *relay = user;

	if (listens(relay))
		relay->code = relay->each.object(relay->user, object);
	return relay->code;
}

static int tell_row(void *user, const struct bothy_table_row *row)
{
	struct relay *relay = user;

	if (listens(relay))
		relay->code = relay->each.row(relay->user, row);
	return relay->code;
}

static int tell_content(void *user, const void *content, size_t bytes)
{
	struct relay *relay = user;

	if (listens(relay))
		relay->code = relay->each.content(relay->user, content, bytes);
	return relay->code;
}

static int tell_call(void *user, const struct bothy_call_record *call)
{
	struct relay *relay = user;

	if (listens(relay))
		relay->code = relay->each.call(relay->user, call);
	return relay->code;
}

static int tell_project(void *user, const char *entity, const char *project)
{
	struct relay *relay = user;

	if (listens(relay))
		relay->code = relay->each.project(relay->user, entity, project);
	return relay->code;
}

static int tell_value(void *user, size_t i, int error, const char *json, size_t bytes)
{
	struct relay *relay = user;

	if (listens(relay))
		relay->code = relay->each.value(relay->user, i, error, json, bytes);
	return relay->code;
}

/* Keep why what was asked for was not read.  Returns ERROR. */
static int relay_fail(const struct relay *relay, int error, const char *why)
{
	const char *which = relay->which != NULL ? relay->which : "";
	const char *space = relay->which != NULL ? " " : "";

	if (relay->scope == NULL)
		return trace_fail(error, "%s: %s", relay->what, why);
	return trace_fail(error, "%s%s%.200s of %s/%s: %s", relay->what, space, which,
	                  relay->scope->entity, relay->scope->project, why);
}

/* What the query returns, whose operation returned SAID.  A built-in server has said more. */
static int outcome_of(const struct relay *relay, int said)
{
	char why[128];

	if (relay->code != 0)
		return relay->code;
	if (said == 0 && relay->once && !relay->told)
		return relay_fail(relay, -EPROTO, "the server told nothing, and no error");
	if (said == 0 || (said < 0 && trace_failures() != relay->failures))
		return said;
	if (said > 0)
		(void)snprintf(why, sizeof(why), "the server returned %d, which is no error", said);
	else
		(void)snprintf(why, sizeof(why), "the server said: %s", strerror(-said));
	return relay_fail(relay, said > 0 ? -EPROTO : said, why);
}

/* Whether to try again, since *SAID is that there is nothing, and it may be there now.  Else *SAID
 * is what the query returns. */
static bool tries_again(struct scope *scope, const struct relay *relay, int *said)
{
	*said = outcome_of(relay, *said);
	if (*said != -ENOENT || relay->told || scope->recorder == NULL)
		return false;
	*said = settle(scope);
	return *said == 0;
}

/* ---- one thing -------------------------------------------------------------------------------- */

int scope_object(struct scope *scope, const char *name, const char *version,
                 bothy_object_each *each, void *user)
{
	const struct trace_server *server = scope->server;
	struct relay relay = {
		.scope = scope,
		.what = "object",
		.which = name,
		.each.object = each,
		.user = user,
		.failures = trace_failures(),
		.once = true,
	};
	int said = 0;

	if (server->ops.obj_read == NULL)
		return -ENOTSUP;
	if (strcmp(version, "latest") == 0)
		said = settle(scope);
	if (said < 0)
		return said;
	do
		said = server->ops.obj_read(server->self, scope->entity, scope->project, name,
		                            version, tell_object, &relay);
	while (tries_again(scope, &relay, &said));
	return said;
}

int scope_file(struct scope *scope, const char *digest, bothy_content_each *each, void *user)
{
	const struct trace_server *server = scope->server;
	struct relay relay = {
		.scope = scope,
		.what = "file",
		.which = digest,
		.each.content = each,
		.user = user,
		.failures = trace_failures(),
		.once = true,
	};
	int said;

	if (server->ops.file_content == NULL)
		return -ENOTSUP;
	do
		said = server->ops.file_content(server->self, scope->entity, scope->project, digest,
		                                tell_content, &relay);
	while (tries_again(scope, &relay, &said));
	return said;
}

int scope_call(struct scope *scope, const char *id, bothy_call_each *each, void *user)
{
	const struct trace_server *server = scope->server;
	struct relay relay = {
		.scope = scope,
		.what = "call",
		.which = id,
		.each.call = each,
		.user = user,
		.failures = trace_failures(),
		.once = true,
	};
	int said;

	if (server->ops.call_read == NULL)
		return -ENOTSUP;
	said = settle(scope);
	if (said < 0)
		return said;
	said = server->ops.call_read(server->self, scope->entity, scope->project, id, tell_call,
	                             &relay);
	return outcome_of(&relay, said);
}

/* ---- many ------------------------------------------------------------------------------------- */

int scope_objects(struct scope *scope, const struct bothy_objects_query *query,
                  bothy_object_each *each, void *user)
{
	const struct trace_server *server = scope->server;
	struct relay relay = {
		.scope = scope,
		.what = "objects",
		.each.object = each,
		.user = user,
		.failures = trace_failures(),
	};

	if (server->ops.objs_query == NULL)
		return -ENOTSUP;
	return outcome_of(&relay,
	                  server->ops.objs_query(server->self, scope->entity, scope->project, query,
	                                         tell_object, &relay));
}

int scope_rows(struct scope *scope, const struct bothy_table_query *query, bothy_row_each *each,
               void *user)
{
	const struct trace_server *server = scope->server;
	struct relay relay = {
		.scope = scope,
		.what = "table",
		.which = query->digest,
		.each.row = each,
		.user = user,
		.failures = trace_failures(),
	};
	int said;

	if (server->ops.table_query == NULL)
		return -ENOTSUP;
	do
		said = server->ops.table_query(server->self, scope->entity, scope->project, query,
		                               tell_row, &relay);
	while (tries_again(scope, &relay, &said));
	return said;
}

int scope_calls(struct scope *scope, const struct bothy_calls_query *query, bothy_call_each *each,
                void *user)
{
	const struct trace_server *server = scope->server;
	struct relay relay = {
		.scope = scope,
		.what = "calls",
		.each.call = each,
		.user = user,
		.failures = trace_failures(),
	};

	if (server->ops.calls_query == NULL)
		return -ENOTSUP;
	return outcome_of(&relay,
	                  server->ops.calls_query(server->self, scope->entity, scope->project,
	                                          query, tell_call, &relay));
}

int scope_projects(const struct trace_server *server, bothy_project_each *each, void *user)
{
	struct relay relay = {
		.what = "the projects",
		.each.project = each,
		.user = user,
		.failures = trace_failures(),
	};

	if (server->ops.projects_query == NULL)
		return -ENOTSUP;
	return outcome_of(&relay, server->ops.projects_query(server->self, tell_project, &relay));
}

bool scope_has_batch(const struct scope *scope)
{
	return scope->server->ops.refs_read_batch != NULL;
}

int scope_batch(struct scope *scope, bothy_ref *const *refs, size_t n, bothy_value_each *each,
                void *user)
{
	const struct trace_server *server = scope->server;
	struct relay relay = {
		.scope = scope,
		.what = "refs",
		.each.value = each,
		.user = user,
		.failures = trace_failures(),
	};

	return outcome_of(&relay,
	                  server->ops.refs_read_batch(server->self, scope->entity, scope->project,
	                                              refs, n, tell_value, &relay));
}
