/*
 * The reads: see struct bothy_server_ops.
 */
#ifndef TRACE_SQLITE_READ_H
#define TRACE_SQLITE_READ_H

#include <bothy/server.h>

int read_object(void *self, const char *entity, const char *project, const char *name,
                const char *version, bothy_object_each *each, void *user);
int read_objects(void *self, const char *entity, const char *project,
                 const struct bothy_objects_query *query, bothy_object_each *each, void *user);
int read_table(void *self, const char *entity, const char *project,
               const struct bothy_table_query *query, bothy_row_each *each, void *user);
int read_file(void *self, const char *entity, const char *project, const char *digest,
              bothy_content_each *each, void *user);
int read_call(void *self, const char *entity, const char *project, const char *id,
              bothy_call_each *each, void *user);
int read_calls(void *self, const char *entity, const char *project,
               const struct bothy_calls_query *query, bothy_call_each *each, void *user);

#endif
