#include "examples/evaluate/recorded.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bothy/context.h>
#include <bothy/trace.h>
#include <jansson.h>

enum { FLUSH_MS = 60000 };

struct check {
	const struct tally *tally; /* the project */
	struct recorded *recorded;
};

static int count_ref(const struct check *check, const char *text)
{
	bothy_ref *ref;
	int error = text != NULL ? bothy_ref_parse(text, &ref) : -EINVAL;

	if (error < 0) /* then it is no ref */
		return error == -EINVAL ? 0 : error;
	check->recorded->refs++;
	if (strcmp(bothy_ref_entity(ref), check->tally->team) != 0 ||
	    strcmp(bothy_ref_project(ref), check->tally->model) != 0)
		check->recorded->foreign++;
	bothy_ref_release(ref);
	return 0;
}

/* A bothy_call_each: count the refs among the call's inputs. */
static int count_call(void *user, const struct bothy_call_record *call)
{
	const struct check *check = user;
	json_t *inputs = json_loads(call->start.inputs_json, 0, NULL), *value;
	const char *key;
	int error = inputs != NULL ? 0 : -EBADMSG;

	check->recorded->calls++;
	json_object_foreach(inputs, key, value) if (error == 0) error =
		count_ref(check, json_string_value(value));
	json_decref(inputs);
	return error;
}

static int check_client(bothy_client *client, struct check *check)
{
	const struct bothy_calls_query query = {
		.size = sizeof(query),
		.op = "predict",
		.trace_id = check->tally->trace_id,
	};
	int error = bothy_client_flush(client, bothy_after_ms(FLUSH_MS));

	if (error == 0 && check->tally->trace_id[0] != '\0') /* else its job never ran */
		error = bothy_calls_query(client, &query, count_call, check);
	if (error < 0)
		fprintf(stderr, "evaluate: what was recorded in %s/%s: %s\n", check->tally->team,
		        check->tally->model,
		        bothy_trace_error() != NULL ? bothy_trace_error() : strerror(-error));
	return error;
}

static int check_project(bothy_server *server, struct check *check)
{
	bothy_client *client;
	int error = bothy_client_new(server, check->tally->team, check->tally->model, &client);

	if (error < 0)
		return error;
	error = check_client(client, check);
	bothy_client_release(client);
	return error;
}

int recorded_check(const struct plan *plan, const struct outcome *outcome,
                   struct recorded *ret_recorded)
{
	int error = 0;

	*ret_recorded = (struct recorded){0};
	for (size_t i = 0; i < outcome->projects && error == 0; i++)
		error = check_project(plan->server,
		                      &(struct check){&outcome->tally[i], ret_recorded});
	return error;
}
