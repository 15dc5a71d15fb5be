#include "trace/item.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/table.h"

/* Copy TEXT to *AT, and move that on. */
static const char *put(char **at, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = memcpy(*at, text, bytes);

	*at += bytes;
	return copy;
}

/* A block of BYTES, behind an item of KIND. */
static struct item *item_new(enum item_kind kind, size_t bytes)
{
	struct item *item = malloc(sizeof(*item) + bytes);

	if (item != NULL)
		*item = (struct item){.kind = kind, .bytes = sizeof(*item) + bytes};
	return item;
}

int item_object(const char *name, const char *digest, bothy_wall created,
                const struct json_text *text, struct item **ret_item)
{
	struct item *item = item_new(ITEM_OBJECT, strlen(name) + strlen(digest) + 2);
	char *at;

	if (item == NULL)
		return -ENOMEM;
	at = (char *)(item + 1);
	item->object.name = put(&at, name);
	item->object.digest = put(&at, digest);
	item->object.created = created;
	item->object.json = text->text;
	item->object.bytes = text->bytes;
	item->bytes += text->bytes;
	*ret_item = item;
	return 0;
}

int item_table(bothy_table *table, struct item **ret_item)
{
	struct item *item = item_new(ITEM_TABLE, 0);

	if (item == NULL)
		return -ENOMEM;
	trace_table_hold(table);
	item->table = table;
	item->bytes += table->bytes;
	*ret_item = item;
	return 0;
}

int item_file(const char *digest, const void *content, size_t bytes, struct item **ret_item)
{
	struct item *item = item_new(ITEM_FILE, strlen(digest) + 1 + bytes);
	char *at;

	if (item == NULL)
		return -ENOMEM;
	at = (char *)(item + 1);
	item->file.digest = put(&at, digest);
	item->file.content = at;
	item->file.bytes = bytes;
	if (bytes > 0)
		memcpy(at, content, bytes);
	*ret_item = item;
	return 0;
}

/* Only what can be long is measured. */
static size_t call_bytes(const struct bothy_call_start *start, const struct bothy_call_end *end)
{
	size_t bytes = 0;

	if (start != NULL)
		bytes += strlen(start->inputs_json) + strlen(start->attributes_json);
	if (end != NULL && end->output_json != NULL)
		bytes += strlen(end->output_json);
	if (end != NULL && end->summary_json != NULL)
		bytes += strlen(end->summary_json);
	return bytes;
}

int item_call(struct bothy_call_start *start, struct bothy_call_end *end, struct item **ret_item)
{
	struct item *item = item_new(ITEM_CALL, 0);

	if (item == NULL)
		return -ENOMEM;
	item->call.start = start;
	item->call.end = end;
	item->bytes += call_bytes(start, end);
	*ret_item = item;
	return 0;
}

void item_free(struct item *item)
{
	switch (item->kind) {
	case ITEM_OBJECT:
		free((char *)item->object.json);
		break;
	case ITEM_TABLE:
		trace_table_release(item->table);
		break;
	case ITEM_FILE:
		break;
	case ITEM_CALL:
		free(item->call.start);
		free(item->call.end);
		break;
	}
	free(item);
}

const char *item_kind_name(const struct item *item)
{
	static const char *const names[] = {"object", "table", "file", "call"};

	return names[item->kind];
}

const char *item_id(const struct item *item)
{
	switch (item->kind) {
	case ITEM_OBJECT:
		return item->object.digest;
	case ITEM_TABLE:
		return item->table->digest;
	case ITEM_FILE:
		return item->file.digest;
	case ITEM_CALL:
		return item->call.start != NULL ? item->call.start->id : item->call.end->id;
	}
	return "";
}
