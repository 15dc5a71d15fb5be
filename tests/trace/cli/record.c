/*
 * Record traces for tests/trace/test_bothy_trace.sh:
 *
 *     record-traces FILE         two projects, with all kinds of objects and calls; prints ids
 *                                and refs, as assignments for a shell
 *     record-traces FILE N       N calls and N / 32 tables in one project
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bothy/bothy.h>

/* A title, colours, a bell, DEL, a C1 control, text turned round, and wide characters. */
#define ODD \
	"one\n\033[31mred\033[m\007\x7f\xc2\x9b\xe2\x80\xae \xe7\x8c\xab\xf0\x9f\x90\x88 e\xcc\x81"

static bothy_server *server;

static void check(int error, const char *what)
{
	if (error >= 0)
		return;
	fprintf(stderr, "record-traces: %s: %s (%s)\n", what, strerror(-error),
	        bothy_trace_error() == NULL ? "no more is said" : bothy_trace_error());
	exit(1);
}

static bothy_context *enter(const char *entity, const char *project)
{
	bothy_context *context = NULL;

	check(bothy_context_enter(server, entity, project, NULL, &context), "enter");
	return context;
}

static void leave(bothy_context *context)
{
	check(bothy_context_exit(context), "exit");
}

/* ---- objects and tables -------------------------------------------------------------------- */

static void print_ref(const char *name, bothy_ref *ref)
{
	char uri[1024];

	if (bothy_ref_format(ref, uri, sizeof(uri)) >= (int)sizeof(uri))
		exit(1);
	printf("%s='%s'\n", name, uri);
	bothy_ref_release(ref);
}

static void publish(const char *variable, const char *name, const char *json)
{
	bothy_ref *ref = NULL;

	check(bothy_publish(NULL, name, json, strlen(json), &ref), name);
	print_ref(variable, ref);
}

static void publish_large(void)
{
	char *json = malloc(BOTHY_VALUE_MAX + 1);

	if (json == NULL)
		exit(1);
	memset(json, 'x', BOTHY_VALUE_MAX);
	json[0] = json[BOTHY_VALUE_MAX - 1] = '"';
	json[BOTHY_VALUE_MAX] = '\0';
	publish("LARGE", "large", json);
	free(json);
}

/* A table of those rows, up to a NULL.  The caller's hold. */
static bothy_ref *publish_table(const char *const *rows)
{
	bothy_table *table = NULL;
	bothy_ref *ref = NULL;

	check(bothy_table_new(&table), "table");
	for (; *rows != NULL; rows++)
		check(bothy_table_add(table, *rows, strlen(*rows)), "row");
	check(bothy_table_publish(table, &ref), "table");
	bothy_table_release(table);
	return ref;
}

/* A table that an object names, one that a row of it names, and one that nothing names. */
static void publish_tables(void)
{
	bothy_ref *inner = publish_table((const char *const[]){"\"inner\"", NULL}), *outer;
	char uri[512], row[600], value[600];

	(void)bothy_ref_format(inner, uri, sizeof(uri));
	(void)snprintf(row, sizeof(row), "{\"more\": \"%s\"}", uri);
	outer = publish_table(
		(const char *const[]){"{\"q\": \"caf\xc3\xa9\"}", "[1, 2.5]", row, NULL});
	(void)bothy_ref_format(outer, uri, sizeof(uri));
	(void)snprintf(value, sizeof(value), "{\"rows\": \"%s\"}", uri);
	publish("DATASET", "dataset", value);
	print_ref("TABLE", outer);
	print_ref("INNER", inner);
	print_ref("LONELY", publish_table((const char *const[]){"\"lonely\"", NULL}));
}

static void publish_objects(void)
{
	publish("MODEL0", "model",
	        "{\"language\": \"en\", \"score\": 0.1, \"n\": 9007199254740993}");
	publish("MODEL1", "model",
	        "{\"language\": \"de\", \"score\": 1e16, \"list\": [], \"no\": {}}");
	publish("ODD_VALUE", "odd",
	        "{\"text\": \"one\\n\\u001b[31m\\u007f\\u009b\\u202e \xe7\x8c\xab\\ud83d\\udc08 \\\\u001b\"}");
	publish_large();
	publish_tables();
}

/* ---- calls ----------------------------------------------------------------------------------- */

static bothy_call *begin(const char *op, const char *inputs)
{
	bothy_call *call = NULL;

	check(bothy_call_begin(op, inputs, &call), op);
	return call;
}

static void end(bothy_call *call, const char *output, const char *exception)
{
	check(bothy_call_end(call, output, exception), "end");
}

static void print_id(const char *name, const bothy_call *call)
{
	printf("%s='%s'\n", name, bothy_call_id(call));
}

static void record_evaluation(void)
{
	bothy_call *root, *call, *inner;

	check(bothy_attributes_set("{\"team\": \"ann\"}"), "attributes");
	root = begin("evaluate", "{\"n\": 3}");
	check(bothy_call_set_name(root, ODD), "name");
	check(bothy_call_set_summary(root, "{\"right\": 1}"), "summary");
	print_id("ROOT", root);
	printf("TRACE='%s'\n", bothy_call_trace_id(root));
	call = begin("predict", "{\"word\": \"teh\"}");
	inner = begin("score", NULL);
	print_id("INNERMOST", inner);
	end(inner, "1", NULL);
	end(call, "{\"words\": [\"the\"]}", NULL);
	call = begin("predict", "{\"word\": \"\xe7\x8c\xab\"}");
	print_id("WRONG", call);
	end(call, NULL, "no such word: \033]0;title\007\nsecond line");
	end(root, "null", NULL);
}

/* Leave one call open: the process ends in it. */
static void record_open(void)
{
	bothy_call *call;

	(void)enter("bob", "dogs");
	call = begin("wait", NULL);
	print_id("OPEN", call);
	check(bothy_client_flush(NULL, bothy_after_ms(60000)), "flush");
	if (fflush(stdout) != 0)
		_exit(1);
	_exit(0);
}

static void record_all(void)
{
	bothy_context *context = enter("ann", "cats");
	bothy_call *call;

	publish_objects();
	record_evaluation();
	leave(context);
	context = enter("bob", "dogs");
	publish("DOG", "model", "\"dog\"");
	call = begin("bark", "{}");
	print_id("BARK", call);
	end(call, NULL, NULL);
	leave(context);
	record_open();
}

/* N tables, each named by a row of one more, which an object names. */
static void publish_many_tables(long n)
{
	bothy_table *outer = NULL;
	bothy_ref *ref = NULL;
	char text[600];

	check(bothy_table_new(&outer), "table");
	for (long i = 0; i < n; i++) {
		char uri[512];

		(void)snprintf(text, sizeof(text), "%ld", i);
		ref = publish_table((const char *const[]){text, NULL});
		(void)bothy_ref_format(ref, uri, sizeof(uri));
		bothy_ref_release(ref);
		(void)snprintf(text, sizeof(text), "\"%s\"", uri);
		check(bothy_table_add(outer, text, strlen(text)), "row");
	}
	check(bothy_table_publish(outer, &ref), "table");
	bothy_table_release(outer);
	text[0] = '"';
	(void)bothy_ref_format(ref, text + 1, sizeof(text) - 2);
	(void)strcat(text, "\"");
	publish("TABLES", "tables", text);
	bothy_ref_release(ref);
}

static void record_many(long n)
{
	bothy_context *context = enter("ann", "cats");

	publish_many_tables(n / 32);
	for (long i = 0; i < n; i++) {
		bothy_call *call = begin("many", "{\"text\": \"some text that takes its room\"}");

		end(call, "true", NULL);
	}
	check(bothy_client_flush(NULL, bothy_after_ms(60000)), "flush");
	leave(context);
	bothy_server_release(server);
}

int main(int argc, char **argv)
{
	char url[4096];

	if (argc < 2 || snprintf(url, sizeof(url), "sqlite:%s", argv[1]) >= (int)sizeof(url))
		return 2;
	check(bothy_server_open(url, NULL, &server), argv[1]);
	if (argc > 2)
		record_many(atol(argv[2]));
	else
		record_all();
	return 0;
}
