/*
 * Files across a fork.
 *
 * SQLite keeps one list per process of the files that are open and of who has locked what.  A
 * child inherits the list, but not the locks, which are the parent's; so what was open at the
 * fork must not be opened in the child: it would think that it had locks, and have none.
 */
#ifndef TRACE_SQLITE_FORK_H
#define TRACE_SQLITE_FORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* A file that is open; a store's. */
struct fork_file {
	dev_t device;
	ino_t inode;
	uint32_t generation; /* of the process that opened it */
	struct fork_file *next;
	bool listed;
};

/* Before this process first calls SQLite: from now on its own locks are held across a fork, so that
 * a child may open new stores, whatever other threads were doing.  0 or a negative errno. */
int fork_prepare(void);

/* Whether the file was open when this process was forked. */
bool fork_inherited(const struct stat *status);

/* FILE, of that STATUS, is open, and is no more.  It may be removed without having been added. */
void fork_add(struct fork_file *file, const struct stat *status);
void fork_remove(struct fork_file *file);

#endif
