/*
 * What every Bothy header shares: types, time, and the conventions of the API.
 *
 *   - 0 or a negative errno value from everything that can fail.  The library
 *     never returns a positive value: those are the jobs' own errors.
 *   - Outputs are named ret_x, come last, and are untouched on failure.
 *   - Times are absolute, in nanoseconds of CLOCK_MONOTONIC.  0 is "not given";
 *     where a time is an argument, 0 and negative values are -EINVAL.
 *   - Structs that the caller fills carry their own size, so that they can grow:
 *     0 in any other field is its default, NULL options are all defaults, a size
 *     smaller than the first release's is -EINVAL, a larger one than this library
 *     knows is taken if its tail is zero and it has at most 4,096 bytes, else
 *     -E2BIG.
 *   - Every _free and _release takes NULL.
 *   - A NULL where a pointer is needed is -EINVAL.
 *   - C++: a struct that shares its name with a function is written with `struct`
 *     (struct bothy_pool_stats stats{}), g++ -Wshadow warns of such pairs, and there is no
 *     BOTHY_JOB().
 */
#ifndef BOTHY_BASE_H
#define BOTHY_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define BOTHY_BEGIN_DECLS extern "C" {
#define BOTHY_END_DECLS }
#else
#define BOTHY_BEGIN_DECLS
#define BOTHY_END_DECLS
#endif

#if defined(__GNUC__)
#define BOTHY_API __attribute__((visibility("default")))
/* A dropped return value would leak, or hide a failure. */
#define BOTHY_MUST_CHECK __attribute__((warn_unused_result))
#define BOTHY_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define BOTHY_API
#define BOTHY_MUST_CHECK
#define BOTHY_PRINTF(text, first)
#endif

BOTHY_BEGIN_DECLS

typedef struct bothy_pool bothy_pool;
typedef struct bothy_project bothy_project;
typedef struct bothy_histogram bothy_histogram;
typedef struct bothy_future bothy_future;
typedef struct bothy_group bothy_group;
typedef struct bothy_completions bothy_completions;
typedef struct bothy_context bothy_context;
typedef struct bothy_capture bothy_capture;
typedef struct bothy_client bothy_client;
typedef struct bothy_server bothy_server;
typedef struct bothy_ref bothy_ref;

/* A point in time: nanoseconds of CLOCK_MONOTONIC. */
typedef int64_t bothy_time;

#define BOTHY_NOW INT64_C(1) /* any past time polls */
#define BOTHY_FOREVER INT64_MAX

/*
 * The time MS milliseconds from now.
 *
 * Saturates: a sum that does not fit is BOTHY_FOREVER; a negative MS is BOTHY_NOW.
 *
 * Threads: any; async-signal-safe.
 */
BOTHY_API bothy_time bothy_after_ms(int64_t ms);

/*
 * Whose last ref bothy_object_get_ref() may return when the current context has none
 * of its own for the object.  See <bothy/ref.h>.
 */
enum bothy_ref_fallback {
	BOTHY_REFS_SAME_PROJECT = 0, /* put there by this context's own project and naming
	                              * it; one set outside any context counts by what it
	                              * names */
	BOTHY_REFS_ANY = 1,          /* whoever wrote last, as code without contexts saw it */
	BOTHY_REFS_NONE = 2          /* the context alone */
};

/* Flags of jobs and contexts. */
enum bothy_flags {
	/* Ask the server to make the project before the first instruction.  If that
	 * fails the job's function never runs, and the server's negative errno is the
	 * outcome.  Without a server: -ENOTSUP. */
	BOTHY_ENSURE_PROJECT = 1 << 0,
	/* Record the job as a call: see <bothy/trace.h>.  Without a server: -ENOTSUP. */
	BOTHY_TRACE = 1 << 1,
	/* Run the job on a thread that serves no other job and ends after it: its
	 * thread-local variables never meet another job's.  But they are destroyed some
	 * time after the job has settled and its arg_free has run, at the latest when
	 * bothy_pool_close() returns 0: they must not refer to the job's argument, locals
	 * or memory.  The thread takes a worker's place.  If it can't be started the job
	 * settles FAILED with that errno. */
	BOTHY_OWN_THREAD = 1 << 2
};

BOTHY_END_DECLS

#endif
