#include "trace/value.h"

#include <errno.h>
#include <stdlib.h>

#include "sync/atomic.h"
#include "sync/holds.h"
#include "tls/context.h"
#include "trace/digest.h"
#include "trace/scope.h"
#include "trace/resolve.h"

/* A value with that text; TEXT is taken if this is 0. */
static int value_new(const struct json_text *text, bothy_value **ret_value)
{
	bothy_value *value = malloc(sizeof(*value));

	if (value == NULL)
		return -ENOMEM;
	*value = (struct bothy_value){.text = *text};
	atomic_init(&value->holds, 1);
	*ret_value = value;
	return 0;
}

/* A value with the text of JSON. */
static int value_of(const json_t *json, bothy_value **ret_value)
{
	struct json_text text;
	int error = json_write(json, &text);

	if (error < 0)
		return error;
	error = value_new(&text, ret_value);
	if (error < 0)
		free(text.text);
	return error;
}

int value_fetch(const bothy_ref *ref, bothy_value **ret_value)
{
	struct scope scope;
	bothy_value *value = NULL;
	json_t *json;
	int error = scope_current(&scope);

	if (error == 0)
		error = resolve_ref(&scope, ref, &json);
	if (error < 0)
		return error;
	error = value_of(json, &value);
	json_decref(json);
	if (error == 0)
		error = context_object_set(&value->object, (bothy_ref *)ref);
	if (error < 0) {
		value_release(value);
		return error;
	}
	*ret_value = value;
	return 0;
}

bothy_value *value_hold(bothy_value *value)
{
	/* Relaxed: whoever adds a hold has one. */
	(void)atom_add(&value->holds, 1, relaxed);
	return value;
}

void value_release(bothy_value *value)
{
	if (value == NULL || !holds_drop(&value->holds))
		return;
	context_object_end(&value->object);
	free(value->text.text);
	free(value);
}

int value_canonical(const char *what, const char *json, size_t bytes, struct json_text *ret_text,
                    char ret_digest[BOTHY_DIGEST_BYTES])
{
	int error = json_canonical(what, json, bytes, JSON_SHAPE_ANY, ret_text);

	if (error == 0)
		digest_bytes(ret_text->text, ret_text->bytes, ret_digest);
	return error;
}
