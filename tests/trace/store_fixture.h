/*
 * What the tests of servers that keep things share: the server that is tested, short ways to
 * write to it, and what it tells as text.
 *
 * Only its operations are used.  Writes must succeed; reads return text in a buffer that lasts
 * until the next read of that kind, "-ENOENT" if that is what the server said.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <bothy/server.h>

struct store_under_test {
	struct bothy_server_ops ops;
	void *self;
	char directory[64]; /* "" or the test's own, removed by store_close() */
	char path[128];     /* of a file in it */
};

extern struct store_under_test store;

/* The servers that are built in; store_open() opens the file at store.path once more. */
void store_open_memory(void);
void store_open_file(void);
void store_directory(void); /* makes the directory, and a path in it, alone */
void store_open(void);
void store_shut(void); /* leaves the file */
void store_close(void);

/* ---- writes ------------------------------------------------------------------------------- */

const char *id_of(int n); /* a UUID for N in 1..1023; greater for a greater N.  Any thread. */

void put_object(const char *entity, const char *project, const char *name, const char *digest,
                const char *json);
/* A table of rows with one letter each, and a space between; the letter is the row's digest. */
void put_table(const char *entity, const char *project, const char *digest, const char *rows);
void put_file(const char *entity, const char *project, const char *digest, const void *content,
              size_t bytes);
/* A start, an end or both. */
void put_part(const char *entity, const char *project, const struct bothy_call_start *start,
              const struct bothy_call_end *end);
/* A call that has ended; PARENT 0: a root. */
void put_call(const char *entity, const char *project, int n, const char *op, int parent,
              int trace);
void flush(void);

struct bothy_call_start start_of(int n, const char *op, int parent, int trace);
struct bothy_call_end end_of(int n, const char *output_json);

/* ---- reads: QUERY may be NULL for all ----------------------------------------------------- */

/* "name:digest=json vN" and " latest". */
const char *object(const char *entity, const char *project, const char *name, const char *version);
const char *objects(const char *entity, const char *project,
                    const struct bothy_objects_query *query);
bothy_wall object_created(const char *entity, const char *project, const char *name);

/* "index:digest"; a row's JSON must be what put_table() makes. */
const char *table(const char *entity, const char *project, const struct bothy_table_query *query);

/* The numbers of the calls. */
const char *calls(const char *entity, const char *project, const struct bothy_calls_query *query);
int count_calls(const char *entity, const char *project);

const char *projects(void); /* "entity/project" */

/* A large or odd thing must be what it should be. */
void expect_file(const char *entity, const char *project, const char *digest, const void *content,
                 size_t bytes);
void expect_object_json(const char *entity, const char *project, const char *name, const char *json,
                        size_t bytes);
void expect_call(const char *entity, const char *project, const struct bothy_call_start *start,
                 const struct bothy_call_end *end);
void expect_call_inputs(const char *entity, const char *project, const char *id, const char *json);

/* What the server says; EACH must not be called. */
int read_no_file(const char *entity, const char *project, const char *digest);
int read_no_call(const char *entity, const char *project, const char *id);

#endif
