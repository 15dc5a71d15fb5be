/*
 * All or nothing: all that can fail comes before the item is added.
 */
#include "trace/publish.h"

#include <errno.h>
#include <stdlib.h>

#include "refs/object.h"
#include "sync/clock.h"
#include "tls/client.h"
#include "tls/context.h"
#include "trace/item.h"
#include "trace/recorder.h"
#include "trace/table.h"
#include "trace/value.h"
#include "trace/writer.h"

/* ---- the ref -------------------------------------------------------------------------------- */

/* Whether this very context knows OBJECT (or NULL) as REF.  What other contexts of the project
 * put there does not count: their server may be another.  Once the server has lost something it
 * may be that, and the server is what keeps the same from being stored twice. */
static bool is_known(const struct recorder *recorder, const struct bothy_object *object,
                     const bothy_ref *ref)
{
	uint64_t serial = object != NULL ? object_serial(object) : 0;
	const bothy_ref *own = serial != 0 ? table_get(&context_current()->refs, serial) : NULL;

	return own != NULL && bothy_ref_equal(own, ref) &&
	       !writer_has_lost(recorder->server->writer);
}

/* The ref of what is published: of RECORDER's project, under NAME (a table has none). */
static int make_ref(const struct recorder *recorder, enum bothy_ref_kind kind, const char *name,
                    const char *digest, bothy_ref **ret_ref)
{
	const struct ref_parts parts = {
		.kind = kind,
		.entity = recorder->client->entity,
		.project = recorder->client->project,
		.name = name,
		.digest = digest,
	};

	return ref_new(&parts, ret_ref);
}

/* Hand out REF, or end the hold on it. */
static void give(bothy_ref *ref, bothy_ref **ret_ref)
{
	if (ret_ref != NULL)
		*ret_ref = ref;
	else
		ref_release(ref);
}

/* Make REF that of OBJECT (or NULL), and record ITEM; if the one fails, ITEM is freed. */
static int record(struct recorder *recorder, struct item *item, struct bothy_object *object,
                  bothy_ref *ref)
{
	int error = recorder_ready(recorder);

	if (error == 0 && object != NULL)
		error = context_object_set(object, ref);
	if (error == 0)
		recorder_add(recorder, item);
	else
		item_free(item);
	return error;
}

/* ---- values ----------------------------------------------------------------------------------- */

/* TEXT is taken. */
static int record_text(struct recorder *recorder, struct json_text text,
                       struct bothy_object *object, bothy_ref *ref)
{
	struct item *item;
	int error = item_object(ref->name, ref->digest, clock_wall_now(), &text, &item);

	if (error == 0)
		return record(recorder, item, object, ref);
	free(text.text);
	return error;
}

int publish_value(struct bothy_object *object, const char *name, const char *json, size_t bytes,
                  bothy_ref **ret_ref)
{
	char digest[BOTHY_DIGEST_BYTES];
	struct recorder *recorder;
	struct json_text text;
	bothy_ref *ref = NULL;
	int error = recorder_current(&recorder);

	if (error == 0)
		error = value_canonical(name, json, bytes, &text, digest);
	if (error < 0)
		return error;
	error = make_ref(recorder, BOTHY_REF_OBJECT, name, digest, &ref);
	if (error == 0 && !is_known(recorder, object, ref))
		error = record_text(recorder, text, object, ref);
	else
		free(text.text);
	if (error == 0)
		give(ref, ret_ref);
	else
		ref_release(ref);
	return error;
}

/* ---- tables ------------------------------------------------------------------------------------ */

static int record_table(struct recorder *recorder, bothy_table *table, bothy_ref *ref)
{
	struct item *item;
	int error = item_table(table, &item);

	return error < 0 ? error : record(recorder, item, &table->object, ref);
}

int publish_table(bothy_table *table, bothy_ref **ret_ref)
{
	struct recorder *recorder;
	bothy_ref *ref = NULL;
	int error = recorder_current(&recorder);

	if (error == 0 && !table->fixed)
		trace_table_digest(table);
	if (error == 0)
		error = make_ref(recorder, BOTHY_REF_TABLE, NULL, table->digest, &ref);
	if (error == 0 && !is_known(recorder, &table->object, ref))
		error = record_table(recorder, table, ref);
	if (error < 0) {
		ref_release(ref);
		return error;
	}
	/* Written only where it was not: others may be reading it. */
	if (!table->fixed)
		table->fixed = true;
	give(ref, ret_ref);
	return 0;
}
