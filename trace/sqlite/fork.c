/*
 * Locking
 *   lock guards the list, and whether SQLite has begun.  It is held across forks, while SQLite
 *   begins, and for a few instructions else.  Within it a fork acquires SQLite's static mutexes, in
 *   the order in which it nests them; memory's, which is taken inside any other, is the last.
 */
#include "trace/sqlite/fork.h"

#include <errno.h>
#include <sqlite3.h>

#include "sync/fork.h"
#include "sync/testing.h"

static struct lock lock = LOCK_INITIALIZER;
static struct fork_file *files; /* the parent's too; guarded by lock */
static bool prepared;           /* whether SQLite has begun and `mutexes` are there; likewise */

static const int statics[] = {
	SQLITE_MUTEX_STATIC_VFS1, /* temporary names are made in it, by the generator */
	SQLITE_MUTEX_STATIC_VFS2, SQLITE_MUTEX_STATIC_VFS3,
	SQLITE_MUTEX_STATIC_PRNG, /* which is seeded in it, by the VFS */
	SQLITE_MUTEX_STATIC_MAIN, SQLITE_MUTEX_STATIC_OPEN,
	SQLITE_MUTEX_STATIC_LRU,  SQLITE_MUTEX_STATIC_PMEM,
	SQLITE_MUTEX_STATIC_MEM,
};
enum { STATICS = sizeof(statics) / sizeof(statics[0]) };

static sqlite3_mutex *mutexes[STATICS]; /* guarded by lock; const once prepared */

static void hold(void)
{
	for (int i = 0; prepared && i < STATICS; i++)
		sqlite3_mutex_enter(mutexes[i]);
}

static void let_go(void)
{
	for (int i = STATICS; prepared && i > 0; i--)
		sqlite3_mutex_leave(mutexes[i - 1]);
}

static void prepare(void)
{
	for (int i = 0; i < STATICS; i++)
		mutexes[i] = sqlite3_mutex_alloc(statics[i]);
	prepared = true;
}

int fork_prepare(void)
{
	int error;

	lock_acquire(&lock);
	/* In the lock, so that no child finds it half done. */
	error = sqlite3_initialize() == SQLITE_OK ? 0 : -ENOMEM;
	if (error == 0 && !prepared)
		prepare();
	lock_release(&lock);
	return error;
}

bool fork_inherited(const struct stat *status)
{
	uint32_t generation = fork_generation();
	const struct fork_file *file;

	lock_acquire(&lock);
	for (file = files; file != NULL; file = file->next)
		if (file->device == status->st_dev && file->inode == status->st_ino &&
		    file->generation != generation)
			break;
	lock_release(&lock);
	return file != NULL && !PLANTED(STORE_FORK_UNSEEN);
}

void fork_add(struct fork_file *file, const struct stat *status)
{
	file->device = status->st_dev;
	file->inode = status->st_ino;
	file->generation = fork_generation();
	file->listed = true;
	lock_acquire(&lock);
	file->next = files;
	files = file;
	lock_release(&lock);
}

void fork_remove(struct fork_file *file)
{
	struct fork_file **at = &files;

	if (!file->listed)
		return;
	lock_acquire(&lock);
	while (*at != file)
		at = &(*at)->next;
	*at = file->next;
	lock_release(&lock);
}

__attribute__((constructor)) static void protect(void)
{
	fork_protect_more(FORK_RANK_SQLITE, &lock, hold, let_go);
}
