#include "refs/ref.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sync/testing.h"

/* ---- the grammar of parts ---------------------------------------------------------------- */

/* Whether the N bytes that are legal are all of TEXT. */
static bool is_whole(const char *text, size_t n)
{
	return n > 0 && n <= REF_BYTES_MAX && text[n] == '\0';
}

bool ref_is_tenant_name(const char *name)
{
	return name != NULL && is_whole(name, strcspn(name, "/:"));
}

static bool is_digest(const char *text)
{
	static const char legal[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	return text != NULL && is_whole(text, strspn(text, legal));
}

bool ref_is_part(const char *text)
{
	return text != NULL && is_whole(text, strlen(text));
}

static bool are_legal(const struct ref_parts *parts)
{
	if (!ref_is_tenant_name(parts->entity) || !ref_is_tenant_name(parts->project) ||
	    (parts->extra != NULL && !ref_is_part(parts->extra)))
		return false;
	switch (parts->kind) {
	case BOTHY_REF_OBJECT:
	case BOTHY_REF_OP:
		return ref_is_part(parts->name) && is_digest(parts->digest);
	case BOTHY_REF_TABLE:
		return is_digest(parts->digest) && parts->extra == NULL;
	case BOTHY_REF_CALL:
		return ref_is_part(parts->digest);
	default:
		return false;
	}
}

/* ---- values -------------------------------------------------------------------------------- */

static size_t bytes_of(const char *text)
{
	return text != NULL ? strlen(text) + 1 : 0;
}

/* Copy TEXT to *AT and move that on; NULL stays NULL. */
static const char *put(char **at, const char *text)
{
	char *copy = *at;
	size_t bytes = bytes_of(text);

	if (text == NULL)
		return NULL;
	memcpy(copy, text, bytes);
	*at += bytes;
	return copy;
}

int ref_new(const struct ref_parts *parts, bothy_ref **ret_ref)
{
	bothy_ref *ref;
	size_t bytes;
	char *at;

	if (!are_legal(parts))
		return -EINVAL;
	bytes = bytes_of(parts->entity) + bytes_of(parts->project) + bytes_of(parts->name) +
	        bytes_of(parts->digest) + bytes_of(parts->extra);
	ref = bytes <= REF_BYTES_MAX ? malloc(sizeof(*ref) + bytes) : NULL;
	if (ref == NULL)
		return -ENOMEM;
	at = (char *)(ref + 1);
	atomic_init(&ref->holds, 1);
	ref->kind = parts->kind;
	ref->entity = put(&at, parts->entity);
	ref->project = put(&at, parts->project);
	ref->tenant_bytes = (size_t)(at - ref->entity);
	ref->name = put(&at, parts->name);
	ref->digest = put(&at, parts->digest);
	ref->extra = put(&at, parts->extra);
	TESTING_COUNT(refs_made);
	*ret_ref = ref;
	return 0;
}

void ref_end(bothy_ref *ref)
{
	TESTING_COUNT(refs_destroyed);
	free(ref);
}
