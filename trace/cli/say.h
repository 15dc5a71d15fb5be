/*
 * What goes wrong, said on stderr.
 */
#ifndef TRACE_CLI_SAY_H
#define TRACE_CLI_SAY_H

#include <stdbool.h>

#include <bothy/base.h>

/* Say it, after the program's name; control characters are escaped. */
void say(const char *format, ...) BOTHY_PRINTF(1, 2);

/* Say why a call of the library failed with ERROR: what bothy_trace_error() says. */
void say_error(int error);

/* Whether anything was said: then the exit status is 1. */
bool said(void);

/* For where there is no way on: out of memory. */
_Noreturn void say_no_memory(void);

#endif
