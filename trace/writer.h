/*
 * The writer: one thread per server, which stores what contexts hand over.
 */
#ifndef TRACE_WRITER_H
#define TRACE_WRITER_H

#include <bothy/server.h>

#include "trace/batch.h"

struct writer;

/* Start the writer of a server with these operations, which must outlive it.  0, -ENOMEM, or what
 * pthread_create(3) said. */
int writer_new(const struct bothy_server_ops *ops, void *self, struct writer **ret_writer);

/*
 * Wait until all that was handed over is stored, end the thread, free, and call AFTER(ARG).  No
 * other call may be using WRITER.
 *
 * On its own thread (see below) this does not wait: all of it happens once the thread is done.
 */
void writer_free(struct writer *writer, void (*after)(void *), void *arg);

/*
 * The server's operations are called on the writer's own thread, and may record, too.  There
 * nothing waits for what that thread alone can do: what is handed over finds room, and
 * writer_wait() is -EDEADLK.
 */

/*
 * Hand over BATCH.  If there is no room in the queue, waits for it until DEADLINE.
 *
 * Returns 0: it is the writer's from now on; or -ETIMEDOUT: it is the caller's still.
 */
int writer_hand_over(struct writer *writer, struct batch *batch, bothy_time deadline);

/*
 * The items of BATCH are lost, by ERROR, and so is one that never became a batch's: the server's
 * `failed` and the next flush of the project are told.  BATCH is freed.
 *
 * `failed` is called in no context.  What it records finds room at once or is lost, and that only
 * the flush is told.
 */
void writer_lose_batch(struct writer *writer, struct batch *batch, int error);
void writer_lose(struct writer *writer, const struct bothy_failure *failure);

/* Wait until all that has been handed over so far is written, until DEADLINE: 0, -ETIMEDOUT or
 * -EDEADLK. */
int writer_wait(struct writer *writer, bothy_time deadline);

/* What could not be stored of a project since it was asked last: see losses_take(). */
int writer_take_loss(struct writer *writer, const char *entity, const char *project,
                     char **ret_text);

/* Whether anything ever was lost: then what was handed over need not be stored. */
bool writer_has_lost(struct writer *writer);

void writer_stats(struct writer *writer, struct bothy_server_stats *ret_stats);

#endif
