#include "tls/hooks.h"

#include <errno.h>

#include "sync/testing.h"

struct context_deferred {
	struct context_deferred *next;
	void (*fn)(void *);
	void *arg;
};

struct context_local {
	struct context_local *next;
	const void *key;
	void *value;
	void (*destroy)(void *);
};

/* ---- deferred functions --------------------------------------------------------------- */

int hooks_defer(void (*fn)(void *), void *arg)
{
	bothy_context *context = context_current();
	struct context_deferred *deferred;

	if (context == NULL)
		return -ENOENT;
	deferred = arena_alloc(&context->arena, sizeof(*deferred));
	if (deferred == NULL)
		return -ENOMEM;
	deferred->fn = fn;
	deferred->arg = arg;
	deferred->next = context->deferred;
	context->deferred = deferred;
	return 0;
}

static struct context_deferred *take_deferred(bothy_context *context)
{
	struct context_deferred **at = &context->deferred;
	struct context_deferred *deferred;

	while (PLANTED(DEFER_ORDER_SWAPPED) && (*at)->next != NULL)
		at = &(*at)->next;
	deferred = *at;
	*at = deferred->next;
	return deferred;
}

/* ---- locals --------------------------------------------------------------------------- */

static struct context_local *find_local(const bothy_context *context, const void *key)
{
	struct context_local *local = context->locals;

	while (local != NULL && local->key != key)
		local = local->next;
	return local;
}

static void destroy_value(const struct context_local *local)
{
	if (local->value != NULL && local->destroy != NULL)
		local->destroy(local->value);
}

static int add_local(bothy_context *context, const struct context_local *new)
{
	struct context_local *local = arena_alloc(&context->arena, sizeof(*local));

	if (local == NULL)
		return -ENOMEM;
	*local = *new;
	local->next = context->locals;
	context->locals = local;
	return 0;
}

int hooks_local_set(const void *key, void *value, void (*destroy)(void *))
{
	bothy_context *context = context_current();
	struct context_local new = {.key = key, .value = value, .destroy = destroy};
	struct context_local *local, old;

	if (context == NULL)
		return -ENOENT;
	local = find_local(context, key);
	if (local == NULL)
		return value != NULL ? add_local(context, &new) : 0;
	old = *local;
	local->value = value;
	local->destroy = destroy;
	/* Last: it may set this local again, or leave the context. */
	if (old.value != value)
		destroy_value(&old);
	return 0;
}

void *hooks_local_get(const void *key)
{
	const bothy_context *context = context_current();
	const struct context_local *local = context != NULL ? find_local(context, key) : NULL;

	return local != NULL ? local->value : NULL;
}

/* ---- the end -------------------------------------------------------------------------- */

static void run_deferred(bothy_context *context)
{
	const struct context_deferred *deferred = take_deferred(context);

	if (!PLANTED(DEFER_LOST))
		deferred->fn(deferred->arg);
	(void)context_unwind(context);
}

static void end_local(bothy_context *context)
{
	const struct context_local *local = context->locals;

	context->locals = local->next;
	if (!PLANTED(LOCAL_LEAKED))
		destroy_value(local);
	(void)context_unwind(context);
}

void hooks_run(bothy_context *context)
{
	while ((context->deferred != NULL || context->locals != NULL) &&
	       !context_is_parents(context)) {
		if (context->deferred != NULL &&
		    !(PLANTED(LOCALS_BEFORE_DEFERRED) && context->locals != NULL))
			run_deferred(context);
		else if (context->locals != NULL && !PLANTED(LOCALS_KEPT))
			end_local(context);
		else
			break;
	}
}
