#include "tests/recorder.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* the words, and what was given last */
static char words[4096], last[4096];

struct recorder recorder;

/* Check allocates memory for each assertion, which a test may be forbidding. */
static void must(bool holds)
{
	if (!holds)
		ck_abort_msg("the recording server was not called as it must be");
}

/* ---- words ---------------------------------------------------------------------------- */

void note(const char *word)
{
	pthread_mutex_lock(&mutex);
	must(strlen(words) + strlen(word) + 1 < sizeof(words));
	if (words[0] != '\0')
		strcat(words, " ");
	strcat(words, word);
	pthread_mutex_unlock(&mutex);
}

void note_arg(void *arg)
{
	note(arg);
}

const char *noted(void)
{
	pthread_mutex_lock(&mutex);
	strcpy(last, words);
	words[0] = '\0';
	pthread_mutex_unlock(&mutex);
	return last;
}

/* ---- the server ----------------------------------------------------------------------- */

static void act(const char *word, void (*hook)(void))
{
	note(word);
	if (hook != NULL)
		hook();
}

static int ensure_project(void *self, const char *entity, const char *project)
{
	char text[64];

	must(self == &recorder);
	snprintf(text, sizeof(text), "ensure(%s/%s)", entity, project);
	act(text, recorder.in_ensure);
	return recorder.ensure_code;
}

static int begin(void *self, const struct bothy_begin *context, void **ret_slot)
{
	struct recorder *r = self;

	pthread_mutex_lock(&mutex);
	r->client = context->client;
	r->token = context->token;
	pthread_mutex_unlock(&mutex);
	act("begin", r->in_begin);
	if (r->begin_code != 0)
		return r->begin_code;
	atomic_fetch_add(&r->slots, 1);
	*ret_slot = &r->slots;
	return 0;
}

static int inherit(void *self, void *slot, void **ret_token)
{
	struct recorder *r = self;

	must(slot == &r->slots);
	act("inherit", r->in_inherit);
	if (r->inherit_code != 0)
		return r->inherit_code;
	atomic_fetch_add(&r->tokens, 1);
	*ret_token = &r->tokens;
	return 0;
}

static void inherit_free(void *self, void *token)
{
	struct recorder *r = self;

	must(token == &r->tokens);
	act("inherit_free", r->in_inherit_free);
	atomic_fetch_sub(&r->tokens, 1);
}

static int finish(void *self, void *slot, int code, const char *error_text, bothy_time deadline)
{
	struct recorder *r = self;

	must(slot == &r->slots);
	pthread_mutex_lock(&mutex);
	r->code = code;
	r->deadline = deadline;
	pthread_mutex_unlock(&mutex);
	act("finish", r->in_finish);
	pthread_mutex_lock(&mutex);
	snprintf(r->text, sizeof(r->text), "%s", error_text != NULL ? error_text : "(none)");
	pthread_mutex_unlock(&mutex);
	atomic_fetch_sub(&r->slots, 1);
	return r->finish_code;
}

static void destroy(void *self)
{
	struct recorder *r = self;

	act("destroy", r->in_destroy);
	r->server = NULL;
}

void recorder_open(void)
{
	static const struct bothy_server_ops ops = {
		.size = sizeof(ops),
		.ensure_project = ensure_project,
		.begin = begin,
		.inherit = inherit,
		.inherit_free = inherit_free,
		.finish = finish,
		.destroy = destroy,
	};

	memset(&recorder, 0, sizeof(recorder));
	words[0] = '\0';
	ck_assert_int_eq(bothy_server_new(&ops, &recorder, &recorder.server), 0);
}

void recorder_close(void)
{
	bothy_server_release(recorder.server);
	ck_assert_ptr_null(recorder.server);
	ck_assert_int_eq(recorder.slots, 0);
	ck_assert_int_eq(recorder.tokens, 0);
}

/* ---- contexts and refs ---------------------------------------------------------------- */

static bothy_context *enter_any(bothy_server *server, const char *entity, const char *project,
                                const struct bothy_context_options *options)
{
	bothy_context *context = NULL;

	ck_assert_int_eq(bothy_context_enter(server, entity, project, options, &context), 0);
	return context;
}

bothy_context *enter(const char *entity, const char *project)
{
	return enter_any(NULL, entity, project, NULL);
}

bothy_context *enter_recorded(const char *entity, const char *project)
{
	return enter_any(recorder.server, entity, project, NULL);
}

bothy_context *enter_with(bothy_server *server, struct bothy_context_options options)
{
	options.size = sizeof(options);
	return enter_any(server, "ann", "p", &options);
}

void leave(bothy_context *context)
{
	ck_assert_int_eq(bothy_context_exit(context), 0);
}

bothy_ref *ref_of(const char *entity, const char *project, const char *name)
{
	bothy_ref *ref = NULL;

	ck_assert_int_eq(bothy_ref_new_object(entity, project, name, "digest", &ref), 0);
	return ref;
}

void put_ref(struct bothy_object *object, const char *entity, const char *project, const char *name)
{
	bothy_ref *ref = ref_of(entity, project, name);

	ck_assert_int_eq(bothy_object_set_ref(object, ref), 0);
	bothy_ref_release(ref);
}

const char *ref_name_of(struct bothy_object *object)
{
	static _Thread_local char name[64];
	bothy_ref *ref;
	int error = bothy_object_get_ref(object, &ref);

	if (error < 0) {
		ck_assert_int_eq(error, -ENOENT);
		return NULL;
	}
	snprintf(name, sizeof(name), "%s", bothy_ref_name(ref));
	bothy_ref_release(ref);
	return name;
}
