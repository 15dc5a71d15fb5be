/*
 * What is the whole process's and a job may change: seen, and left as it is.
 *
 * Locking: a watch has a lock of its own, a leaf.  Whoever looks reads the state without it, and
 * again with it if something differs: two that look at once report a change once.
 */
#ifndef POOL_PROCESS_STATE_H
#define POOL_PROCESS_STATE_H

#include <stdint.h>
#include <sys/types.h>

#include "sync/lock.h"

/* All of it is compared by its bytes, so it is zero where nothing was read. */
struct process_state {
	uint64_t cwd[2];      /* device and inode */
	uint64_t environment; /* a hash of the pointers */
	uint64_t locale;
	uint64_t stdio;
	uint64_t signals;
	uint64_t limits;
};

struct process_watch {
	struct lock lock;
	struct process_state seen; /* guarded by lock */
};

void process_watch_init(struct process_watch *watch);
void process_watch_fini(struct process_watch *watch);

/* What has changed since somebody last looked, BOTHY_DIRT_..., but for what is in NOT_SEEN: the
 * calling thread has that of its own.  The first look means nothing. */
uint32_t process_watch_look(struct process_watch *watch, uint32_t not_seen);

#endif
