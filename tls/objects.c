/*
 * The refs of objects, as the current context sees them: its own table first, then the last
 * ref that anyone put on the object, as far as its fallback allows.
 *
 * No locking here: the table is the thread's own, the last ref is guarded where it lives.
 */
#include <errno.h>
#include <string.h>

#include "refs/address.h"
#include "refs/object.h"
#include "sync/testing.h"
#include "tls/client.h"
#include "tls/context.h"

static bool names_project_of(const bothy_context *context, const bothy_ref *ref)
{
	const bothy_client *client = context->client;

	return ref->tenant_bytes == client->tenant_bytes &&
	       memcmp(ref->entity, client->entity, client->tenant_bytes) == 0;
}

/* Whether REF, set by CONTEXT (or NULL), may be handed on within the project it names. */
static bool is_own(const bothy_context *context, const bothy_ref *ref)
{
	return context == NULL || names_project_of(context, ref);
}

static bool may_see(const bothy_context *context, const struct last *last)
{
	if (context == NULL || context->fallback == BOTHY_REFS_ANY || PLANTED(FALLBACK_ANY))
		return true;
	return context->fallback == BOTHY_REFS_SAME_PROJECT && last->own &&
	       names_project_of(context, last->ref);
}

/* Whether the last ref is worth a look: it has a lock of its own. */
static bool falls_back(const bothy_context *context)
{
	return context == NULL || context->fallback != BOTHY_REFS_NONE || PLANTED(FALLBACK_ANY);
}

/* ---- the two kinds of object ---------------------------------------------------------- */

/* What refs/ knows about a THING; see object.h. */
struct kind {
	uint64_t (*serial)(const void *thing);
	uint64_t (*identify)(void *thing); /* 0 without memory */
	void (*last_set)(void *thing, bothy_ref *ref, bool own);
	struct last (*last_get)(void *thing);
	uint64_t (*end)(void *thing);
};

static uint64_t embedded_serial(const void *thing)
{
	return object_serial(thing);
}

static uint64_t embedded_identify(void *thing)
{
	return object_identify(thing);
}

static void embedded_last_set(void *thing, bothy_ref *ref, bool own)
{
	object_last_set(thing, ref, own);
}

static struct last embedded_last_get(void *thing)
{
	return object_last_get(thing);
}

static uint64_t embedded_end(void *thing)
{
	return object_end(thing);
}

static const struct kind embedded = {embedded_serial, embedded_identify, embedded_last_set,
                                     embedded_last_get, embedded_end};
static const struct kind bare = {address_serial, address_identify, address_last_set,
                                 address_last_get, address_forget};

/* ---- what both do: inline, so that KIND is a constant --------------------------------- */

static inline int unset(const struct kind *kind, bothy_context *context, void *thing)
{
	uint64_t serial = kind->serial(thing);

	if (serial == 0)
		return 0;
	if (context != NULL)
		table_remove(&context->refs, serial);
	kind->last_set(thing, NULL, false);
	return 0;
}

static inline int set(const struct kind *kind, void *thing, bothy_ref *ref)
{
	bothy_context *context = context_current();
	uint64_t serial;
	int error = 0;

	if (ref == NULL)
		return unset(kind, context, thing);
	serial = kind->identify(thing);
	if (serial == 0)
		return -ENOMEM;
	if (context != NULL)
		error = table_set(&context->refs, serial, ref);
	if (error == 0)
		kind->last_set(thing, ref, is_own(context, ref));
	return error;
}

/* The last ref, if CONTEXT may see it. */
static int get_last(const bothy_context *context, struct last last, bothy_ref **ret_ref)
{
	if (last.ref == NULL)
		return -ENOENT;
	if (!may_see(context, &last)) {
		ref_release(last.ref);
		return -ENOENT;
	}
	*ret_ref = last.ref;
	return 0;
}

static inline int get(const struct kind *kind, void *thing, bothy_ref **ret_ref)
{
	bothy_context *context = context_current();
	uint64_t serial = kind->serial(thing);
	bothy_ref *ref = NULL;

	if (serial == 0)
		return -ENOENT;
	if (context != NULL)
		ref = table_get(&context->refs, serial);
	if (ref == NULL)
		return falls_back(context) ? get_last(context, kind->last_get(thing), ret_ref)
		                           : -ENOENT;
	*ret_ref = ref_hold(ref);
	return 0;
}

static inline void end(const struct kind *kind, void *thing)
{
	bothy_context *context = context_current();
	uint64_t serial = kind->end(thing);

	if (context != NULL && serial != 0)
		table_remove(&context->refs, serial);
}

/* ---- the calls ------------------------------------------------------------------------ */

int context_object_set(struct bothy_object *object, bothy_ref *ref)
{
	return set(&embedded, object, ref);
}

int context_object_get(struct bothy_object *object, bothy_ref **ret_ref)
{
	return get(&embedded, object, ret_ref);
}

void context_object_end(struct bothy_object *object)
{
	end(&embedded, object);
}

int context_address_set(void *address, bothy_ref *ref)
{
	return set(&bare, address, ref);
}

int context_address_get(void *address, bothy_ref **ret_ref)
{
	return get(&bare, address, ret_ref);
}

void context_address_forget(void *address)
{
	end(&bare, address);
}
