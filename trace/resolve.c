#include "trace/resolve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "refs/uri.h"
#include "trace/error.h"
#include "trace/record.h"

enum { REFS_ON_THE_WAY = 64 };

/* A walk from a user's ref. */
struct walk {
	struct scope *scope;
	unsigned refs; /* that it has come upon */
};

/* Where a walk stands: at a value, or at a table whose rows nobody has asked for yet.  One of them
 * is NULL. */
struct place {
	json_t *value;
	bothy_ref *table;
};

static void place_clear(struct place *place)
{
	json_decref(place->value);
	ref_release(place->table);
	*place = (struct place){NULL, NULL};
}

/* Go from there to VALUE, which may be a part of what is there. */
static void place_move(struct place *place, json_t *value)
{
	json_incref(value);
	place_clear(place);
	place->value = value;
}

/* ---- errors ------------------------------------------------------------------------------------ */

static int fail_step(int error, const bothy_ref *ref, enum bothy_ref_edge edge, const char *value)
{
	static const char *const edges[] = {"key", "index", "attr", "id"};

	return error == -ENOTDIR
	               ? scope_say(error, ref, "%s %.100s leads into what has no parts",
	                           edges[edge], value)
	               : scope_say(error, ref, "there is no %s %.100s", edges[edge], value);
}

/* ---- what a ref names, as the server has it ---------------------------------------------------- */

struct reading {
	const bothy_ref *ref; /* for the texts of errors */
	json_t *value;        /* what was read; the list that rows are added to */
};

/* Read a text that a server stores: if it is bad, that is not the caller's mistake. */
static int read_stored(const bothy_ref *ref, const char *json, size_t bytes, json_t **ret_value)
{
	char uri[SCOPE_URI_SHOWN];
	int error;

	if (json == NULL)
		return -EPROTO;
	(void)uri_format(ref, uri, sizeof(uri));
	error = json_read(uri, json, bytes, JSON_SHAPE_ANY, ret_value);
	return error == -EINVAL ? -EBADMSG : error;
}

static int on_object(void *user, const struct bothy_object_version *object)
{
	struct reading *reading = user;

	return read_stored(reading->ref, object->json, object->bytes, &reading->value);
}

static int on_call(void *user, const struct bothy_call_record *call)
{
	struct reading *reading = user;
	int error = record_value(call, &reading->value);

	return error == -EINVAL ? scope_say(-EBADMSG, reading->ref, "a part of it is not JSON")
	                        : error;
}

static int on_row(void *user, const struct bothy_table_row *row)
{
	struct reading *reading = user;
	json_t *value;
	int error = read_stored(reading->ref, row->json, row->bytes, &value);

	if (error < 0)
		return error;
	return json_array_append_new(reading->value, value) < 0 ? -ENOMEM : 0;
}

/* The rows of the table that REF names, as a list; what the query leaves open is filled in. */
static int read_rows(struct scope *scope, const bothy_ref *ref, struct bothy_table_query query,
                     json_t **ret_rows)
{
	struct reading reading = {ref, json_array()};
	int error;

	if (reading.value == NULL)
		return -ENOMEM;
	query.size = sizeof(query);
	query.digest = ref->digest;
	error = scope_rows(scope, &query, on_row, &reading);
	if (error < 0) {
		json_decref(reading.value);
		return scope_fail(error, ref);
	}
	*ret_rows = reading.value;
	return 0;
}

/* Stand at what REF names, whatever its extra. */
static int stand_at(struct scope *scope, const bothy_ref *ref, struct place *place)
{
	struct reading reading = {ref, NULL};
	int error;

	switch (ref->kind) {
	case BOTHY_REF_TABLE:
		place->table = ref_hold((bothy_ref *)ref);
		return 0;
	case BOTHY_REF_CALL:
		error = scope_call(scope, ref->digest, on_call, &reading);
		break;
	default:
		error = scope_object(scope, ref->name, ref->digest, on_object, &reading);
		break;
	}
	if (error < 0) {
		json_decref(reading.value);
		return scope_fail(error, ref);
	}
	place->value = reading.value;
	return 0;
}

/* ---- steps -------------------------------------------------------------------------------------- */

/* An index that no list and no table has is SIZE_MAX. */
static size_t index_of(const char *decimal)
{
	unsigned long long index;

	errno = 0;
	index = strtoull(decimal, NULL, 10);
	return errno == 0 && index <= INT64_MAX && index < SIZE_MAX ? (size_t)index : SIZE_MAX;
}

/* The part of VALUE, not held; NULL: there is none. */
static json_t *part_of(const json_t *value, enum bothy_ref_edge edge, const char *name)
{
	switch (edge) {
	case BOTHY_REF_KEY:
	case BOTHY_REF_ATTR:
		return json_object_get(value, name); /* NULL if it is no object */
	case BOTHY_REF_INDEX:
		return json_array_get(value, index_of(name)); /* NULL if it is no list */
	case BOTHY_REF_ID:
		break;
	}
	return NULL;
}

static int step_in_value(const bothy_ref *ref, struct place *place, enum bothy_ref_edge edge,
                         const char *name)
{
	json_t *part = part_of(place->value, edge, name);
	bool has_parts = json_is_object(place->value) || json_is_array(place->value);

	if (part == NULL)
		return fail_step(has_parts ? -ENOENT : -ENOTDIR, ref, edge, name);
	place_move(place, part);
	return 0;
}

static int step_in_table(struct scope *scope, const bothy_ref *ref, struct place *place,
                         enum bothy_ref_edge edge, const char *name)
{
	struct bothy_table_query query = {.limit = 1};
	json_t *rows = NULL;
	int error;

	if (edge == BOTHY_REF_ID)
		query.row_digest = name;
	else if (edge == BOTHY_REF_INDEX)
		query.offset = index_of(name);
	else
		return fail_step(-ENOENT, ref, edge, name);
	if (query.offset == SIZE_MAX)
		return fail_step(-ENOENT, ref, edge, name);
	error = read_rows(scope, place->table, query, &rows);
	if (error < 0)
		return error;
	if (json_array_size(rows) == 0)
		error = fail_step(-ENOENT, ref, edge, name);
	else
		place_move(place, json_array_get(rows, 0));
	json_decref(rows);
	return error;
}

/* (Recursive: up to REFS_ON_THE_WAY times four small frames.) */
static int enter(struct walk *walk, const bothy_ref *ref, struct place *place);

/* If PLACE is a string that is a ref, go to what it names.  Each one is counted, so this ends. */
static int go_through(struct walk *walk, const bothy_ref *ref, struct place *place)
{
	struct place named = {NULL, NULL};
	bothy_ref *met;
	int error = uri_parse(json_string_value(place->value), &met);

	if (error < 0) /* any other string: it has no parts */
		return error == -EINVAL ? 0 : error;
	if (walk->refs++ == REFS_ON_THE_WAY)
		error = scope_say(-ELOOP, ref, "there are too many refs on the way");
	if (error == 0)
		error = enter(walk, met, &named);
	ref_release(met);
	if (error < 0)
		return error;
	place_clear(place);
	*place = named;
	return json_is_string(named.value) ? go_through(walk, ref, place) : 0;
}

static int step(struct walk *walk, const bothy_ref *ref, struct place *place,
                enum bothy_ref_edge edge, const char *name)
{
	int error = json_is_string(place->value) ? go_through(walk, ref, place) : 0;

	if (error < 0)
		return error;
	return place->table != NULL ? step_in_table(walk->scope, ref, place, edge, name)
	                            : step_in_value(ref, place, edge, name);
}

/* Take the steps of REF's extra from PLACE, which stands at what it names. */
static int follow(struct walk *walk, const bothy_ref *ref, struct place *place)
{
	char *steps, *at;
	int error = 0;

	if (ref->extra == NULL)
		return 0;
	steps = strdup(ref->extra);
	if (steps == NULL)
		return -ENOMEM;
	at = steps;
	while (error == 0 && at != NULL) {
		enum bothy_ref_edge edge;
		const char *name;

		error = uri_cut_step(&at, &edge, &name) ? step(walk, ref, place, edge, name)
		                                        : -EINVAL;
	}
	free(steps);
	return error;
}

/* Stand where REF leads, its extra followed; else nowhere. */
static int enter(struct walk *walk, const bothy_ref *ref, struct place *place)
{
	int error = scope_check_ref(walk->scope, ref);

	if (error == 0)
		error = stand_at(walk->scope, ref, place);
	if (error == 0)
		error = follow(walk, ref, place);
	if (error < 0)
		place_clear(place);
	return error;
}

/* ---- a whole ref --------------------------------------------------------------------------------- */

/* The value at PLACE, which is left. */
static int take(struct scope *scope, struct place *place, json_t **ret_value)
{
	int error = 0;

	if (place->table != NULL)
		error = read_rows(scope, place->table, (struct bothy_table_query){0}, ret_value);
	else
		*ret_value = json_incref(place->value);
	place_clear(place);
	return error;
}

int resolve_ref(struct scope *scope, const bothy_ref *ref, json_t **ret_value)
{
	struct walk walk = {scope, 0};
	struct place place = {NULL, NULL};
	int error = enter(&walk, ref, &place);

	return error < 0 ? error : take(scope, &place, ret_value);
}

/* The same, where the value without the extra is there already; VALUE is taken. */
static int resolve_from(struct scope *scope, const bothy_ref *ref, json_t *value,
                        json_t **ret_value)
{
	struct walk walk = {scope, 0};
	struct place place = {value, NULL};
	int error = follow(&walk, ref, &place);

	if (error == 0)
		return take(scope, &place, ret_value);
	place_clear(&place);
	return error;
}

/* ---- many refs ----------------------------------------------------------------------------------- */

/* Tell EACH of the I-th ref, whose value (taken) or error that is. */
static int tell(size_t i, int error, json_t *value, bothy_value_each *each, void *user)
{
	struct json_text text = {NULL, 0};
	int code;

	if (error == 0) {
		error = json_write(value, &text);
		json_decref(value);
	}
	code = each(user, i, error, text.text, text.bytes);
	free(text.text);
	return code;
}

static int resolve_one_by_one(struct scope *scope, bothy_ref *const *refs, size_t n,
                              bothy_value_each *each, void *user)
{
	int code = 0;

	for (size_t i = 0; i < n && code == 0; i++) {
		json_t *value = NULL;
		int error = resolve_ref(scope, refs[i], &value);

		code = tell(i, error, value, each, user);
	}
	return code;
}

/* What is asked of a server at once: the objects and ops among a user's refs. */
struct batch_read {
	size_t n;
	bothy_ref **refs; /* without their extra; held */
	size_t *which;    /* each one's place among the user's */
	/* Of all of the user's refs; `asked` is one that nothing was told of. */
	struct answer {
		bool asked;
		int error;
		json_t *value;
	} * answers;
	size_t n_answers;
};

static void batch_fini(struct batch_read *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		ref_release(batch->refs[i]);
	for (size_t i = 0; batch->answers != NULL && i < batch->n_answers; i++)
		json_decref(batch->answers[i].value);
	free(batch->refs);
	free(batch->which);
	free(batch->answers);
}

/* Ask for what REF, the I-th, names, without its extra. */
static int batch_add(struct batch_read *batch, const bothy_ref *ref, size_t i)
{
	const struct ref_parts bare = {
		.kind = ref->kind,
		.entity = ref->entity,
		.project = ref->project,
		.name = ref->name,
		.digest = ref->digest,
	};
	int error = ref_new(&bare, &batch->refs[batch->n]);

	if (error < 0)
		return error;
	batch->which[batch->n++] = i;
	batch->answers[i].asked = true;
	return 0;
}

static bool goes_in_batch(const struct scope *scope, const bothy_ref *ref)
{
	return (ref->kind == BOTHY_REF_OBJECT || ref->kind == BOTHY_REF_OP) &&
	       scope_has(scope, ref);
}

static int batch_init(struct batch_read *batch, const struct scope *scope, bothy_ref *const *refs,
                      size_t n)
{
	int error = 0;

	*batch = (struct batch_read){
		.refs = calloc(n, sizeof(batch->refs[0])),
		.which = calloc(n, sizeof(batch->which[0])),
		.answers = calloc(n, sizeof(batch->answers[0])),
		.n_answers = n,
	};
	if (batch->refs == NULL || batch->which == NULL || batch->answers == NULL)
		error = -ENOMEM;
	for (size_t i = 0; i < n && error == 0; i++)
		if (goes_in_batch(scope, refs[i]))
			error = batch_add(batch, refs[i], i);
	return error;
}

/* The server tells of the I-th of the batch, each one once. */
static int on_value(void *user, size_t i, int error, const char *json, size_t bytes)
{
	struct batch_read *batch = user;
	struct answer *answer = i < batch->n ? &batch->answers[batch->which[i]] : NULL;

	if (answer == NULL || !answer->asked || error > 0)
		return -EPROTO;
	answer->asked = false;
	answer->error =
		error < 0 ? error : read_stored(batch->refs[i], json, bytes, &answer->value);
	return 0;
}

/* The value of REF, for which ANSWER came. */
static int resolve_answer(struct scope *scope, const bothy_ref *ref, struct answer *answer,
                          json_t **ret_value)
{
	json_t *value = answer->value;

	if (answer->asked)
		return scope_fail(-EPROTO, ref);
	if (answer->error == -EBADMSG) /* the text was of whichever came last */
		return scope_say(-EBADMSG, ref, "what is stored is not JSON");
	if (answer->error < 0)
		return scope_fail(answer->error, ref);
	if (value == NULL) /* it was not asked for */
		return resolve_ref(scope, ref, ret_value);
	answer->value = NULL;
	return resolve_from(scope, ref, value, ret_value);
}

static int resolve_batch(struct scope *scope, bothy_ref *const *refs, size_t n,
                         bothy_value_each *each, void *user)
{
	struct batch_read batch;
	int code = batch_init(&batch, scope, refs, n);

	if (code == 0 && batch.n > 0)
		code = scope_batch(scope, batch.refs, batch.n, on_value, &batch);
	for (size_t i = 0; i < n && code == 0; i++) {
		json_t *value = NULL;
		int error = resolve_answer(scope, refs[i], &batch.answers[i], &value);

		code = tell(i, error, value, each, user);
	}
	batch_fini(&batch);
	return code;
}

int resolve_refs(struct scope *scope, bothy_ref *const *refs, size_t n, bothy_value_each *each,
                 void *user)
{
	if (n == 0)
		return 0;
	return scope_has_batch(scope) ? resolve_batch(scope, refs, n, each, user)
	                              : resolve_one_by_one(scope, refs, n, each, user);
}
