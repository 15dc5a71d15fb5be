#include "stress/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stress/ledger.h"
#include "stress/tenants.h"
#include "stress/violation.h"

/* What is recorded of one context: whose it is. */
struct slot {
	bothy_client *client;
};

/* What a descendant is told: whose it must be. */
struct token {
	char entity[24], project[24];
};

static void expect_client(const char *where, const bothy_client *expected)
{
	const bothy_client *seen = bothy_client_current();

	if (seen != expected || bothy_context_id() == 0)
		violation(VIOLATION_CALLBACK,
		          "the server's %s: expected the context of %s/%s, seen %s", where,
		          bothy_client_entity(expected), bothy_client_project(expected),
		          seen == NULL ? "none" : bothy_client_entity(seen));
}

static int ensure_project(void *self, const char *entity, const char *project)
{
	const bothy_client *client = bothy_client_current();

	(void)self;
	if (client == NULL || strcmp(bothy_client_entity(client), entity) != 0 ||
	    strcmp(bothy_client_project(client), project) != 0)
		violation(VIOLATION_CALLBACK,
		          "the server's ensure_project: expected the context of "
		          "%s/%s, seen another",
		          entity, project);
	return tenant_is_unmade(entity) ? -EACCES : 0;
}

static int begin(void *self, const struct bothy_begin *context, void **ret_slot)
{
	const struct token *token = context->token;
	bothy_client *client = context->client;
	struct slot *slot = malloc(sizeof(*slot));

	(void)self;
	if (slot == NULL)
		return -ENOMEM;
	expect_client("begin", client);
	if (token != NULL && (strcmp(token->entity, bothy_client_entity(client)) != 0 ||
	                      strcmp(token->project, bothy_client_project(client)) != 0))
		violation(VIOLATION_CLIENT,
		          "the server's begin: expected a token of %s/%s, seen one "
		          "of %s/%s",
		          bothy_client_entity(client), bothy_client_project(client), token->entity,
		          token->project);
	slot->client = client;
	*ret_slot = slot;
	ledger_count(LEDGER_BEGUN);
	return 0;
}

static int inherit(void *self, void *of_context, void **ret_token)
{
	const struct slot *slot = of_context;
	struct token *token = malloc(sizeof(*token));

	(void)self;
	if (token == NULL)
		return -ENOMEM;
	strcpy(token->entity, bothy_client_entity(slot->client));
	strcpy(token->project, bothy_client_project(slot->client));
	*ret_token = token;
	ledger_count(LEDGER_TOKENS);
	return 0;
}

static void inherit_free(void *self, void *token)
{
	(void)self;
	free(token);
	ledger_count(LEDGER_TOKENS_FREED);
}

static int finish(void *self, void *of_context, int code, const char *error_text,
                  bothy_time deadline)
{
	struct slot *slot = of_context;

	(void)self;
	(void)deadline;
	if (code == 0 && error_text != NULL)
		violation(VIOLATION_ERROR_TEXT,
		          "the server's finish, code 0: expected no text, seen "
		          "\"%s\"",
		          error_text);
	expect_client("finish", slot->client);
	free(slot);
	ledger_count(LEDGER_FINISHED);
	return 0;
}

static void destroy(void *self)
{
	(void)self;
	ledger_count(LEDGER_DESTROYED);
}

int recorder_new(bothy_server **ret_server)
{
	struct bothy_server_ops ops = {
		.size = sizeof(ops),
		.ensure_project = ensure_project,
		.begin = begin,
		.inherit = inherit,
		.inherit_free = inherit_free,
		.finish = finish,
		.destroy = destroy,
	};

	return bothy_server_new(&ops, NULL, ret_server);
}
