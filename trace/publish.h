/*
 * Publishing: a value or table goes to the recorder, and its object gets the ref.
 */
#ifndef TRACE_PUBLISH_H
#define TRACE_PUBLISH_H

#include <bothy/trace.h>

/* As bothy_publish() and bothy_table_publish(); NAME is checked. */
int publish_value(struct bothy_object *object, const char *name, const char *json, size_t bytes,
                  bothy_ref **ret_ref);
int publish_table(bothy_table *table, bothy_ref **ret_ref);

#endif
