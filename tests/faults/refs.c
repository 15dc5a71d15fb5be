/*
 * The sections of refs and of contexts.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "tests/faults/scenario.h"
#include "tests/faults/verdict.h"

/* ---- values -------------------------------------------------------------------------------- */

static void read_back(const bothy_ref *ref, enum bothy_ref_kind kind)
{
	char uri[256], again[256];
	bothy_ref *other;

	EXPECT(bothy_ref_kind(ref) == kind);
	EXPECT(strcmp(bothy_ref_entity(ref), "ann") == 0);
	EXPECT(strcmp(bothy_ref_project(ref), "p") == 0);
	EXPECT((bothy_ref_name(ref) != NULL) == (kind == BOTHY_REF_OBJECT || kind == BOTHY_REF_OP));
	EXPECT(bothy_ref_digest(ref) != NULL);
	EXPECT(bothy_ref_format(ref, uri, sizeof(uri)) == (int)strlen(uri));
	if (SAID(bothy_ref_parse(uri, &other)) < 0)
		return;
	EXPECT(bothy_ref_equal(ref, other));
	EXPECT(bothy_ref_format(other, again, sizeof(again)) > 0 && strcmp(uri, again) == 0);
	bothy_ref_release(other);
}

static void make_each_kind(void)
{
	bothy_ref *ref;

	if (SAID(bothy_ref_new_op("ann", "p", "op", "d", &ref)) == 0) {
		read_back(ref, BOTHY_REF_OP);
		bothy_ref_release(ref);
	}
	if (SAID(bothy_ref_new_table("ann", "p", "d", &ref)) == 0) {
		read_back(ref, BOTHY_REF_TABLE);
		bothy_ref_release(ref);
	}
	if (SAID(bothy_ref_new_call("ann", "p", "id", &ref)) == 0) {
		read_back(ref, BOTHY_REF_CALL);
		bothy_ref_release(ref);
	}
}

static void extend(const bothy_ref *ref)
{
	bothy_ref *longer;

	if (SAID(bothy_ref_extend(ref, BOTHY_REF_KEY, "a/b", &longer)) < 0)
		return;
	EXPECT(strcmp(bothy_ref_extra(longer), "key/a%2Fb") == 0);
	read_back(longer, BOTHY_REF_OBJECT);
	bothy_ref_release(longer);
}

/* ---- of objects ---------------------------------------------------------------------------- */

/* What was set is there, what was refused is not. */
static void put_on_object(bothy_ref *ref)
{
	struct bothy_object object;
	bothy_ref *got;
	int error;

	bothy_object_init(&object);
	error = SAID(bothy_object_set_ref(&object, ref));
	EXPECT(bothy_object_get_ref(&object, &got) == (error < 0 ? -ENOENT : 0));
	if (error == 0) {
		EXPECT(got == ref);
		bothy_ref_release(got);
	}
	bothy_object_fini(&object);
	EXPECT(bothy_object_get_ref(&object, &got) == -ENOENT);
}

static void put_on_address(bothy_ref *ref)
{
	char bare;
	bothy_ref *got;
	int error = SAID(bothy_address_set_ref(&bare, ref));

	EXPECT(bothy_address_get_ref(&bare, &got) == (error < 0 ? -ENOENT : 0));
	if (error == 0) {
		EXPECT(got == ref);
		bothy_ref_release(got);
	}
	bothy_address_forget(&bare);
	EXPECT(bothy_address_get_ref(&bare, &got) == -ENOENT);
}

/* Names ann's project p, whoever the context's is. */
void use_refs(void)
{
	bothy_ref *ref;

	if (SAID(bothy_ref_new_object("ann", "p", "object", "d", &ref)) < 0)
		return;
	EXPECT(bothy_ref_hold(ref) == ref);
	bothy_ref_release(ref);
	put_on_object(ref);
	put_on_address(ref);
	bothy_ref_release(ref);
}

void refs_section(void)
{
	bothy_ref *ref;

	make_each_kind();
	if (SAID(bothy_ref_new_object("ann", "p", "object", "d", &ref)) == 0) {
		read_back(ref, BOTHY_REF_OBJECT);
		extend(ref);
		bothy_ref_release(ref);
	}
	use_refs();
}
