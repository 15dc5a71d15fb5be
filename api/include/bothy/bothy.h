/*
 * Bothy: a fixed pool of threads that runs many tenants' jobs, each in a context of its
 * own, so that one user's client, refs and state never turn up in another user's job.
 *
 * This header includes all of them; read them in this order: base.h (conventions), pool.h,
 * hygiene.h, project.h, histogram.h, job.h, future.h, context.h, ref.h, server.h, trace.h.
 *
 * Caveats
 *   - Isolation is against accidents, not against an attacker: threads share memory.
 *     Working directory, umask, environment, setlocale() and stdio are the process's.
 *   - fork(): in the child, pools, futures, groups, completion queues and servers from before are
 *     dead (-ECHILD); freeing them is harmless and calls nothing of yours.  Refs, and
 *     contexts that the forking thread had entered, go on working; new pools work.  A child that
 *     was forked in a job or a callback, and comes back from it, calls nothing more of yours: a
 *     thread of the pool's ends, a call of yours returns, -ECHILD if it can say so.  Signal handlers
 *     must not fork.
 *   - Signals: pool threads block all of them, from before their first instruction.
 *   - A job must not longjmp() out of itself, pthread_cancel() its thread, pthread_detach()
 *     it, or leave a mutex locked that others need.  It may call pthread_exit(): it settles
 *     as BOTHY_THREAD_EXITED, its context is cleaned up and the worker is replaced.
 *   - arg_free, result_free and functions of bothy_future_notify() run on whichever thread
 *     settles a job: a worker, one that cancels or waits, or the pool's one that sees to all
 *     deadlines.  They must be quick, and must not call pthread_exit().
 *   - Don't unload the library (dlclose) while a context is entered or a pool is there.
 *
 * Calls that may overlap: all, on any objects, but for these
 *
 *     the last hold's release, bothy_pool_free   any other use of that object through that
 *       or bothy_pool_abandon                      hold (other holds are independent)
 *     bothy_object_fini, bothy_object_init       any call on that object
 *     bothy_address_forget                       bothy_address_set_ref of that address, if
 *                                                  the ref is to stay
 *     bothy_completions_release                  bothy_completions_next of that queue
 *     bothy_histogram_merge                      any use of the histogram it adds to
 *     freeing the memory of an object, argument  any call that still uses it
 */
#ifndef BOTHY_BOTHY_H
#define BOTHY_BOTHY_H

#include <bothy/base.h>
#include <bothy/context.h>
#include <bothy/future.h>
#include <bothy/histogram.h>
#include <bothy/hygiene.h>
#include <bothy/job.h>
#include <bothy/pool.h>
#include <bothy/project.h>
#include <bothy/ref.h>
#include <bothy/server.h>
#include <bothy/trace.h>

#endif
