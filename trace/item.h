/*
 * Items: what is handed over to a server's writer, each a block of its own.
 */
#ifndef TRACE_ITEM_H
#define TRACE_ITEM_H

#include <bothy/trace.h>

#include "trace/json.h"

enum item_kind { ITEM_OBJECT, ITEM_TABLE, ITEM_FILE, ITEM_CALL };

struct item {
	struct item *next;
	enum item_kind kind;
	int error; /* the writer's */
	size_t bytes; /* of what it keeps, about */
	union {
		struct bothy_object_version object; /* its json is the item's */
		bothy_table *table;                 /* held */
		struct {
			const char *digest;
			const void *content;
			size_t bytes;
		} file;
		struct {
			struct bothy_call_start *start; /* each a block of its own, or NULL */
			struct bothy_call_end *end;
		} call;
	};
};

/*
 * New items.  0 or -ENOMEM, and then nothing is taken.
 *
 * What the item takes over: TEXT, which item_free() frees; START and END (each malloc'd, in one
 * block; one may be NULL).  It holds TABLE, and copies the rest.
 */
int item_object(const char *name, const char *digest, bothy_wall created,
                const struct json_text *text, struct item **ret_item);
int item_table(bothy_table *table, struct item **ret_item);
int item_file(const char *digest, const void *content, size_t bytes, struct item **ret_item);
int item_call(struct bothy_call_start *start, struct bothy_call_end *end, struct item **ret_item);

void item_free(struct item *item);

/* Its kind and id, for people. */
const char *item_kind_name(const struct item *item);
const char *item_id(const struct item *item);

#endif
