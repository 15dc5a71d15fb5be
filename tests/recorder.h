/*
 * A server that writes down what it is asked, and a list of words that tests and their
 * callbacks append to, to see what came in which order.
 */
#ifndef TESTS_RECORDER_H
#define TESTS_RECORDER_H

#include <check.h>
#include <stdatomic.h>

#include <bothy/bothy.h>

/* Append WORD; any thread. */
void note(const char *word);

/* note() as a callback: ARG is the word. */
void note_arg(void *arg);

/* All words since the last call, with a space between. */
const char *noted(void);

#define ck_assert_noted(words) ck_assert_str_eq(noted(), (words))

/* The test's server: each operation notes its name, calls its hook, and returns its code. */
struct recorder {
	bothy_server *server; /* of recorder_open() */
	int ensure_code, begin_code, inherit_code, finish_code;
	void (*in_ensure)(void);
	void (*in_begin)(void);
	void (*in_inherit)(void);
	void (*in_inherit_free)(void);
	void (*in_finish)(void);
	void (*in_destroy)(void);
	/* what they were given last */
	bothy_client *client;
	void *token; /* to begin */
	int code;    /* to finish, as the two below */
	char text[64];
	bothy_time deadline;
	/* how many there are */
	atomic_int slots, tokens;
};

extern struct recorder recorder;

void recorder_open(void);
void recorder_close(void); /* end the test's hold: it must have been the last */

/* Enter a context of the recording server, or of none. */
bothy_context *enter_recorded(const char *entity, const char *project);
bothy_context *enter(const char *entity, const char *project);
bothy_context *enter_with(bothy_server *server, struct bothy_context_options options);

void leave(bothy_context *context); /* the exit must be 0 */

/* A ref of ENTITY's PROJECT; NAME tells it apart. */
bothy_ref *ref_of(const char *entity, const char *project, const char *name);

/* Whether OBJECT has a ref of that name here; NULL: none. */
#define ck_assert_ref(object, name) ck_assert_pstr_eq(ref_name_of(object), (name))
const char *ref_name_of(struct bothy_object *object);

/* Put a ref of ENTITY's PROJECT with that NAME on OBJECT. */
void put_ref(struct bothy_object *object, const char *entity, const char *project,
             const char *name);

#endif
