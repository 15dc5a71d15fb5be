#include <bothy/ref.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "refs/ref.h"
#include "refs/uri.h"

/* ---- making ---------------------------------------------------------------------------- */

static int make(const struct ref_parts *parts, bothy_ref **ret_ref)
{
	return ret_ref == NULL ? -EINVAL : ref_new(parts, ret_ref);
}

int bothy_ref_new_object(const char *entity, const char *project, const char *name,
                         const char *digest, bothy_ref **ret_ref)
{
	return make(&(struct ref_parts){BOTHY_REF_OBJECT, entity, project, name, digest, NULL},
	            ret_ref);
}

int bothy_ref_new_op(const char *entity, const char *project, const char *name, const char *digest,
                     bothy_ref **ret_ref)
{
	return make(&(struct ref_parts){BOTHY_REF_OP, entity, project, name, digest, NULL},
	            ret_ref);
}

int bothy_ref_new_table(const char *entity, const char *project, const char *digest,
                        bothy_ref **ret_ref)
{
	return make(&(struct ref_parts){BOTHY_REF_TABLE, entity, project, NULL, digest, NULL},
	            ret_ref);
}

int bothy_ref_new_call(const char *entity, const char *project, const char *id, bothy_ref **ret_ref)
{
	return make(&(struct ref_parts){BOTHY_REF_CALL, entity, project, NULL, id, NULL}, ret_ref);
}

int bothy_ref_extend(const bothy_ref *ref, enum bothy_ref_edge edge, const char *value,
                     bothy_ref **ret_ref)
{
	struct ref_parts parts;
	char *extra;
	int error;

	if (ref == NULL || ret_ref == NULL)
		return -EINVAL;
	error = uri_extend(ref->extra, edge, value, &extra);
	if (error < 0)
		return error;
	parts = (struct ref_parts){ref->kind, ref->entity, ref->project,
	                           ref->name, ref->digest, extra};
	error = ref_new(&parts, ret_ref);
	free(extra);
	return error;
}

int bothy_ref_parse(const char *uri, bothy_ref **ret_ref)
{
	return uri == NULL || ret_ref == NULL ? -EINVAL : uri_parse(uri, ret_ref);
}

int bothy_ref_format(const bothy_ref *ref, char *buffer, size_t bytes)
{
	return ref == NULL || (buffer == NULL && bytes > 0) ? -EINVAL
	                                                    : uri_format(ref, buffer, bytes);
}

/* ---- reading ------------------------------------------------------------------------------ */

enum bothy_ref_kind bothy_ref_kind(const bothy_ref *ref)
{
	return ref != NULL ? ref->kind : BOTHY_REF_OBJECT;
}

const char *bothy_ref_entity(const bothy_ref *ref)
{
	return ref != NULL ? ref->entity : NULL;
}

const char *bothy_ref_project(const bothy_ref *ref)
{
	return ref != NULL ? ref->project : NULL;
}

const char *bothy_ref_name(const bothy_ref *ref)
{
	return ref != NULL ? ref->name : NULL;
}

const char *bothy_ref_digest(const bothy_ref *ref)
{
	return ref != NULL ? ref->digest : NULL;
}

const char *bothy_ref_extra(const bothy_ref *ref)
{
	return ref != NULL ? ref->extra : NULL;
}

static bool same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool bothy_ref_equal(const bothy_ref *a, const bothy_ref *b)
{
	if (a == NULL || b == NULL || a == b)
		return a == b;
	return a->kind == b->kind && same(a->entity, b->entity) && same(a->project, b->project) &&
	       same(a->name, b->name) && same(a->digest, b->digest) && same(a->extra, b->extra);
}

/* ---- holding -------------------------------------------------------------------------------- */

bothy_ref *bothy_ref_hold(bothy_ref *ref)
{
	return ref != NULL ? ref_hold(ref) : NULL;
}

void bothy_ref_release(bothy_ref *ref)
{
	ref_release(ref);
}
