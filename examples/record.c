/*
 * Recording: a data set, and the calls that used it, in a store that is queried afterwards.
 */
#include <bothy/bothy.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Two rows in a table, and an object that names it. */
static int publish(bothy_ref **ret_data)
{
	static const char *const rows[] = {"{\"word\": \"miau\"}", "{\"word\": \"wuff\"}"};
	char uri[128], data[160];
	bothy_table *table;
	bothy_ref *ref;
	int error = bothy_table_new(&table);

	if (error < 0)
		return error;
	for (int i = 0; i < 2 && error == 0; i++)
		error = bothy_table_add(table, rows[i], strlen(rows[i]));
	if (error == 0)
		error = bothy_table_publish(table, &ref);
	bothy_table_release(table);
	if (error < 0)
		return error;
	bothy_ref_format(ref, uri, sizeof(uri));
	bothy_ref_release(ref);
	snprintf(data, sizeof(data), "{\"language\": \"de\", \"rows\": \"%s\"}", uri);
	return bothy_publish(NULL, "words", data, strlen(data), ret_data);
}

/* Fetch DATA/key/rows/index/1: into the object, through the ref that is there, into its table. */
static int fetch_row(const bothy_ref *data)
{
	bothy_ref *rows, *row;
	bothy_value *value;
	int error = bothy_ref_extend(data, BOTHY_REF_KEY, "rows", &rows);

	if (error < 0)
		return error;
	error = bothy_ref_extend(rows, BOTHY_REF_INDEX, "1", &row);
	bothy_ref_release(rows);
	if (error < 0)
		return error;
	error = bothy_fetch(row, &value); /* waits until it is stored */
	bothy_ref_release(row);
	if (error < 0)
		return error;
	printf("row 1 is %s\n", bothy_value_json(value, NULL));
	bothy_value_release(value);
	return 0;
}

/* Calls nest: the second is the first one's child. */
static int call(void)
{
	bothy_call *outer, *inner;
	int error = bothy_call_begin("translate", "{\"word\": \"wuff\"}", &outer);

	if (error == 0)
		error = bothy_call_begin("look_up", "{\"page\": 7}", &inner);
	if (error == 0)
		error = bothy_call_end(inner, NULL, "page 7 is missing");
	if (error == 0)
		error = bothy_call_end(outer, "\"woof\"", NULL);
	return error;
}

static int print_call(void *user, const struct bothy_call_record *record)
{
	const struct bothy_call_end *end = &record->end;

	(void)user;
	printf("%s%s %s: %s\n", record->start.parent_id != NULL ? "  " : "", record->start.op,
	       record->start.inputs_json,
	       end->exception != NULL ? end->exception : end->output_json);
	return 0;
}

/* A query tells what is stored: so flush first. */
static int print_calls(void)
{
	bothy_client *client = bothy_client_current();
	int error = bothy_client_flush(client, bothy_after_ms(10000));

	return error < 0 ? error
	                 : bothy_calls_query(client,
	                                     &(struct bothy_calls_query){
						     .size = sizeof(struct bothy_calls_query)},
	                                     print_call, NULL);
}

/* What a job would do; its context is there already. */
static int record(void)
{
	bothy_ref *data;
	int error = publish(&data);

	if (error < 0)
		return error;
	error = fetch_row(data);
	bothy_ref_release(data);
	if (error == 0)
		error = call();
	return error == 0 ? print_calls() : error;
}

static void say(int error)
{
	const char *why = bothy_trace_error();

	fprintf(stderr, "record: %s\n", why != NULL ? why : strerror(-error));
}

int main(void)
{
	bothy_server *server;
	int error = bothy_server_open("memory:", NULL, &server); /* or "sqlite:FILE" */
	int recorded = 0;

	if (error == 0) {
		BOTHY_ISOLATED(&error, server, "ann", "cats") {
			recorded = record();
			if (recorded < 0)
				say(recorded);
		}
		bothy_server_release(server);
	}
	if (error < 0)
		say(error);
	return error < 0 || recorded < 0;
}
