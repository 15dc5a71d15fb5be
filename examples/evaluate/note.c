#include "examples/evaluate/note.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bothy/context.h>
#include <bothy/trace.h>

int note_failure(int error, const char *what)
{
	const char *why = bothy_trace_error();

	return bothy_fail(-error, "%s: %s", what, why != NULL ? why : strerror(-error));
}

static int note(const char *what, int (*set)(bothy_call *, const char *), json_t *value)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY);
	int error = text != NULL ? set(bothy_call_current(), text) : -ENOMEM;

	free(text);
	json_decref(value);
	return error < 0 ? note_failure(error, what) : 0;
}

int note_inputs(json_t *value)
{
	return note("the call's inputs", bothy_call_set_inputs, value);
}

int note_output(json_t *value)
{
	return note("the call's output", bothy_call_set_output, value);
}

int note_summary(json_t *value)
{
	return note("the call's summary", bothy_call_set_summary, value);
}

json_t *note_ref(const bothy_ref *ref)
{
	int bytes = bothy_ref_format(ref, NULL, 0) + 1;
	char *uri = bytes > 0 ? malloc((size_t)bytes) : NULL;
	json_t *text;

	if (uri == NULL)
		return NULL;
	(void)bothy_ref_format(ref, uri, (size_t)bytes);
	text = json_string(uri);
	free(uri);
	return text;
}
