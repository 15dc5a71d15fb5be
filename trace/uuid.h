/*
 * UUIDs, version 7 (RFC 9562): a Unix time in milliseconds, then random bits.
 */
#ifndef TRACE_UUID_H
#define TRACE_UUID_H

enum { UUID_BYTES = 37 }; /* with the NUL */

/* A new one, greater than all that this thread made before, though the clock be set back.  0, or
 * the negative errno of getrandom(2).  errno is left alone. */
int uuid_new(char ret_uuid[UUID_BYTES]);

#endif
