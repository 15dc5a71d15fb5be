/*
 * The writes: see struct bothy_server_ops.
 */
#ifndef TRACE_SQLITE_WRITE_H
#define TRACE_SQLITE_WRITE_H

#include <bothy/server.h>

int write_object(void *self, const char *entity, const char *project,
                 const struct bothy_object_version *object);
int write_table(void *self, const char *entity, const char *project, const char *digest,
                const struct bothy_table_row *rows, size_t n);
int write_file(void *self, const char *entity, const char *project, const char *digest,
               const void *content, size_t bytes);
void write_calls(void *self, const struct bothy_call_part *parts, size_t n, int *ret_errors);

#endif
