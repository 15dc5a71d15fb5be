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
	return strcmp(ref->entity, context->client->entity) == 0 &&
	       strcmp(ref->project, context->client->project) == 0;
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

/* ---- an object known by its serial ---------------------------------------------------- */

static int set_own(bothy_context *context, uint64_t serial, bothy_ref *ref)
{
	return context != NULL ? table_set(&context->refs, serial, ref) : 0;
}

static void remove_own(bothy_context *context, uint64_t serial)
{
	if (context != NULL && serial != 0)
		table_remove(&context->refs, serial);
}

/* CONTEXT's own ref of the object, held; or NULL. */
static bothy_ref *get_own(const bothy_context *context, uint64_t serial)
{
	bothy_ref *ref = context != NULL ? table_get(&context->refs, serial) : NULL;

	return ref != NULL ? ref_hold(ref) : NULL;
}

/* Whether the last ref is worth a look: it has a lock of its own. */
static bool falls_back(const bothy_context *context)
{
	return context == NULL || context->fallback != BOTHY_REFS_NONE || PLANTED(FALLBACK_ANY);
}

/* Hand out LAST, whose hold goes to the caller or ends. */
static int give_last(const bothy_context *context, const struct last *last, bothy_ref **ret_ref)
{
	if (last->ref == NULL)
		return -ENOENT;
	if (!may_see(context, last)) {
		ref_release(last->ref);
		return -ENOENT;
	}
	*ret_ref = last->ref;
	return 0;
}

/* ---- embedded objects ----------------------------------------------------------------- */

static void object_remove(struct bothy_object *object)
{
	uint64_t serial = object_serial(object);

	if (serial == 0)
		return;
	remove_own(context_current(), serial);
	object_last_set(object, NULL, false);
}

int context_object_set(struct bothy_object *object, bothy_ref *ref)
{
	bothy_context *context = context_current();
	int error;

	if (ref == NULL) {
		object_remove(object);
		return 0;
	}
	error = set_own(context, object_identify(object), ref);
	if (error == 0)
		object_last_set(object, ref, is_own(context, ref));
	return error;
}

int context_object_get(struct bothy_object *object, bothy_ref **ret_ref)
{
	const bothy_context *context = context_current();
	uint64_t serial = object_serial(object);
	bothy_ref *ref = serial != 0 ? get_own(context, serial) : NULL;
	struct last last;

	if (ref != NULL) {
		*ret_ref = ref;
		return 0;
	}
	if (serial == 0 || !falls_back(context))
		return -ENOENT;
	last = object_last_get(object);
	return give_last(context, &last, ret_ref);
}

void context_object_end(struct bothy_object *object)
{
	remove_own(context_current(), object_end(object));
}

/* ---- bare addresses ------------------------------------------------------------------- */

static void address_remove(void *address)
{
	uint64_t serial = address_serial(address);

	if (serial == 0)
		return;
	remove_own(context_current(), serial);
	address_last_set(address, NULL, false);
}

int context_address_set(void *address, bothy_ref *ref)
{
	bothy_context *context = context_current();
	uint64_t serial;
	int error;

	if (ref == NULL) {
		address_remove(address);
		return 0;
	}
	error = address_identify(address, &serial);
	if (error == 0)
		error = set_own(context, serial, ref);
	if (error == 0)
		address_last_set(address, ref, is_own(context, ref));
	return error;
}

int context_address_get(void *address, bothy_ref **ret_ref)
{
	const bothy_context *context = context_current();
	uint64_t serial = address_serial(address);
	bothy_ref *ref = serial != 0 ? get_own(context, serial) : NULL;
	struct last last;

	if (ref != NULL) {
		*ret_ref = ref;
		return 0;
	}
	if (serial == 0 || !falls_back(context))
		return -ENOENT;
	last = address_last_get(address);
	return give_last(context, &last, ret_ref);
}

void context_address_forget(void *address)
{
	remove_own(context_current(), address_forget(address));
}
