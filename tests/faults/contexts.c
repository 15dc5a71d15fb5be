#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/faults/scenario.h"
#include "tests/faults/verdict.h"

static bothy_client *global; /* for good: the library keeps it */

void scenario_prepare(void)
{
	EXPECT(bothy_client_new(NULL, "all", "p", &global) == 0);
	EXPECT(bothy_client_set_global(global) == 0);
}

/* ---- inside -------------------------------------------------------------------------------- */

static void count(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
}

static void set_local(void)
{
	static const char key;
	static atomic_int destroyed;
	int error = SAID(bothy_local_set(&key, &destroyed, count));

	EXPECT(bothy_local_get(&key) == (error < 0 ? NULL : (void *)&destroyed));
}

static void defer(void)
{
	static atomic_int called; /* what it counts is told by test_context */

	(void)SAID(bothy_context_defer(count, &called));
}

static void allocate(void)
{
	void *memory = bothy_context_alloc(10000);

	if (memory != NULL)
		memset(memory, 1, 10000);
	EXPECT(memory != NULL || verdict_allows(-ENOMEM));
}

static void *adopt(void *capture)
{
	bothy_context *context;

	if (SAID(bothy_context_adopt(capture, &context)) == 0) {
		use_refs();
		(void)SAID(bothy_context_exit(context));
	}
	return NULL;
}

/* On a thread of our own, which is started here by no call of the library's. */
static void capture_and_adopt(void)
{
	bothy_capture *capture;
	pthread_t thread;

	if (SAID(bothy_context_capture(&capture)) < 0)
		return;
	if (pthread_create(&thread, NULL, adopt, capture) == 0)
		(void)pthread_join(thread, NULL);
	bothy_capture_release(capture);
}

static void ask_for_client(void)
{
	bothy_client *client;

	EXPECT(bothy_client_require(&client) == 0);
	EXPECT(client == bothy_client_current());
	EXPECT(bothy_client_entity(client) != NULL && bothy_client_project(client) != NULL);
	EXPECT(bothy_context_id() != 0);
}

static void nest(void)
{
	bothy_context *inner;
	uint64_t id = bothy_context_id();

	if (SAID(bothy_context_enter(NULL, "eve", "p", NULL, &inner)) == 0) {
		EXPECT(strcmp(bothy_client_entity(bothy_client_current()), "eve") == 0);
		use_refs();
		EXPECT(bothy_context_exit(inner) == 0);
	}
	EXPECT(bothy_context_id() == id);
}

void use_context(void)
{
	ask_for_client();
	use_refs();
	set_local();
	defer();
	allocate();
	nest();
	capture_and_adopt();
	EXPECT(bothy_stop_requested() == 0);
	EXPECT(bothy_sleep_until(BOTHY_NOW) == 0);
	EXPECT(bothy_fail(3, "a text of %d", 3) == 3);
}

/* ---- servers of our own: hooks ------------------------------------------------------------- */

static atomic_int slots, tokens, servers;

static int begin(void *self, const struct bothy_begin *context, void **ret_slot)
{
	(void)context;
	atomic_fetch_add(&slots, 1);
	*ret_slot = self;
	return 0;
}

static int inherit(void *self, void *slot, void **ret_token)
{
	(void)slot;
	atomic_fetch_add(&tokens, 1);
	*ret_token = self;
	return 0;
}

static void inherit_free(void *self, void *token)
{
	(void)self, (void)token;
	atomic_fetch_sub(&tokens, 1);
}

static int finish(void *self, void *slot, int code, const char *text, bothy_time deadline)
{
	(void)self, (void)slot, (void)code, (void)text, (void)deadline;
	atomic_fetch_sub(&slots, 1);
	return 0;
}

static void destroy(void *self)
{
	(void)self;
	atomic_fetch_sub(&servers, 1);
}

/* ---- the section --------------------------------------------------------------------------- */

static void enter_on(bothy_server *server)
{
	const struct bothy_context_options options = {.size = sizeof(options),
	                                              .refs = BOTHY_REFS_NONE};
	bothy_context *context;

	if (SAID(bothy_context_enter(server, "bob", "p", &options, &context)) < 0)
		return;
	use_context();
	EXPECT(bothy_context_exit(context) == 0);
}

static void be_global(void)
{
	bothy_client *client;

	EXPECT(bothy_client_set_global(NULL) == 0);
	EXPECT(bothy_client_require(&client) == -ENOENT);
	EXPECT(bothy_client_set_global(global) == 0);
	EXPECT(bothy_client_current() == global);
}

void contexts_section(void)
{
	const struct bothy_server_ops ops = {
		.size = sizeof(ops),
		.begin = begin,
		.inherit = inherit,
		.inherit_free = inherit_free,
		.finish = finish,
		.destroy = destroy,
	};
	bothy_server *server;
	bothy_client *client;

	be_global();
	if (SAID(bothy_client_new(NULL, "ann", "p", &client)) == 0)
		bothy_client_release(client);
	enter_on(NULL);
	if (SAID(bothy_server_new(&ops, &servers, &server)) < 0)
		return;
	atomic_fetch_add(&servers, 1);
	enter_on(server);
	bothy_server_release(server);
	EXPECT(atomic_load(&servers) == 0);
	EXPECT(atomic_load(&slots) == 0);
	EXPECT(atomic_load(&tokens) == 0);
}
