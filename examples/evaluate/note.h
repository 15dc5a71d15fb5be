/*
 * What is recorded about the current call, made with jansson.
 */
#ifndef EXAMPLES_EVALUATE_NOTE_H
#define EXAMPLES_EVALUATE_NOTE_H

#include <bothy/ref.h>
#include <jansson.h>

/*
 * Set the inputs, output or summary of the current call to VALUE, whose reference is taken; NULL:
 * there was no memory for it.
 *
 * Returns 0, or an error for the job to return, which bothy_fail() was told about.
 */
int note_inputs(json_t *value);
int note_output(json_t *value);
int note_summary(json_t *value);

/* REF's URI as a JSON string; NULL without memory. */
json_t *note_ref(const bothy_ref *ref);

/* The error for a job to return, with what bothy_trace_error() says about it. */
int note_failure(int error, const char *what);

#endif
