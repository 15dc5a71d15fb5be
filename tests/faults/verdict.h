/*
 * What is wrong with a run: the first thing, kept until the run is over, since whatever tells of it
 * might fail too.  Any thread.
 */
#ifndef TESTS_FAULTS_VERDICT_H
#define TESTS_FAULTS_VERDICT_H

#include <stdbool.h>

/* A run begins.  Calls may say the errors in ALLOWED, which ends with 0; NULL: none. */
void verdict_begin(const int *allowed);
void verdict_allow(const int *allowed); /* from now on */

/* What a call said, CODE: 0 or an error that is allowed, else it is wrong.  Returns CODE.  If any
 * error is allowed, what the call is about may be missing: OTHER is as well. */
#define SAID(call) SAID_OR(0, call)
#define SAID_OR(other, call) verdict_said(__FILE__, __LINE__, #call, (call), (other))
int verdict_said(const char *file, int line, const char *text, int code, int other);

/* Whether a call, or a job, may end so. */
bool verdict_allows(int code);

#define EXPECT(condition) verdict_expect(__FILE__, __LINE__, #condition, (condition))
void verdict_expect(const char *file, int line, const char *text, bool holds);

/* What is wrong, as text, or NULL. */
const char *verdict(void);

#endif
