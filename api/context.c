#include <bothy/context.h>

#include <errno.h>
#include <stdarg.h>

#include "api/check.h"
#include "refs/ref.h"
#include "tls/client.h"
#include "tls/context.h"
#include "tls/failure.h"
#include "tls/hooks.h"
#include "tls/nest.h"
#include "tls/server.h"
#include "tls/stopping.h"

/* ---- the client ---------------------------------------------------------------------------- */

bothy_client *bothy_client_current(void)
{
	return context_client();
}

int bothy_client_require(bothy_client **ret_client)
{
	bothy_client *client = context_client();

	if (ret_client == NULL)
		return -EINVAL;
	if (client == NULL)
		return -ENOENT;
	*ret_client = client;
	return 0;
}

const char *bothy_client_entity(const bothy_client *client)
{
	return client != NULL ? client->entity : NULL;
}

const char *bothy_client_project(const bothy_client *client)
{
	return client != NULL ? client->project : NULL;
}

int bothy_client_new(bothy_server *server, const char *entity, const char *project,
                     bothy_client **ret_client)
{
	int error = server_check(server);

	if (!ref_is_tenant_name(entity) || !ref_is_tenant_name(project) || ret_client == NULL)
		return -EINVAL;
	return error < 0 ? error : client_new(server, entity, project, ret_client);
}

int bothy_client_set_global(bothy_client *client)
{
	return client_set_global(client);
}

void bothy_client_release(bothy_client *client)
{
	client_release(client);
}

/* ---- in a context ------------------------------------------------------------------------------ */

uint64_t bothy_context_id(void)
{
	const bothy_context *context = context_current();

	return context != NULL ? context->id : 0;
}

int bothy_stop_requested(void)
{
	return stopping_reason();
}

int bothy_stop_fd(void)
{
	return stopping_fd();
}

int bothy_sleep_until(bothy_time deadline)
{
	return deadline <= 0 ? -EINVAL : stopping_sleep(deadline);
}

int bothy_fail(int error, const char *format, ...)
{
	va_list arguments;

	if (format != NULL) {
		va_start(arguments, format);
		failure_describe(format, arguments);
		va_end(arguments);
	}
	return error;
}

void *bothy_context_alloc(size_t bytes)
{
	bothy_context *context = context_current();

	return context != NULL ? arena_alloc(&context->arena, bytes) : NULL;
}

int bothy_context_defer(void (*fn)(void *), void *arg)
{
	return fn == NULL ? -EINVAL : hooks_defer(fn, arg);
}

int bothy_local_set(const void *key, void *value, void (*destroy)(void *))
{
	return key == NULL ? -EINVAL : hooks_local_set(key, value, destroy);
}

void *bothy_local_get(const void *key)
{
	return hooks_local_get(key);
}

/* ---- contexts without a pool ---------------------------------------------------------------------- */

static int check_options(const struct bothy_context_options *options, const bothy_server *server)
{
	const unsigned later = BOTHY_TRACE | BOTHY_OWN_THREAD;

	if (options->deadline < 0 || !check_fallback(options->refs) ||
	    (options->flags & ~(later | BOTHY_ENSURE_PROJECT)) != 0)
		return -EINVAL;
	if ((options->flags & later) != 0 ||
	    ((options->flags & BOTHY_ENSURE_PROJECT) != 0 && server == NULL))
		return -ENOTSUP;
	return 0;
}

int bothy_context_enter(bothy_server *server, const char *entity, const char *project,
                        const struct bothy_context_options *options, bothy_context **ret_context)
{
	struct bothy_context_options complete = {0};
	int error = 0;

	if (!ref_is_tenant_name(entity) || !ref_is_tenant_name(project) || ret_context == NULL)
		return -EINVAL;
	if (options != NULL)
		error = CHECK_COPY(&complete, options);
	if (error == 0)
		error = check_options(&complete, server);
	if (error == 0)
		error = server_check(server);
	return error < 0 ? error : nest_enter(server, entity, project, &complete, ret_context);
}

int bothy_context_exit(bothy_context *context)
{
	return nest_exit(context);
}

int bothy_context_capture(bothy_capture **ret_capture)
{
	bothy_context *context = context_current();

	if (ret_capture == NULL)
		return -EINVAL;
	return context == NULL ? -ENOENT : capture_new(context, ret_capture);
}

int bothy_context_adopt(bothy_capture *capture, bothy_context **ret_context)
{
	return capture == NULL || ret_context == NULL ? -EINVAL
	                                              : nest_adopt(capture, ret_context);
}

void bothy_capture_release(bothy_capture *capture)
{
	capture_free(capture);
}
