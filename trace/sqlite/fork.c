/*
 * Locking
 *   lock guards the list, and whether the handlers are there.  It is held across forks, and for a
 *   few instructions else.  SQLite's static mutexes are acquired in the order in which it
 *   nests them; memory's, which is taken inside any other, is the last.
 */
#include "trace/sqlite/fork.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>

#include "sync/fork.h"
#include "sync/testing.h"

static struct lock lock = LOCK_INITIALIZER;
static struct fork_file *files; /* the parent's too; guarded by lock */
static bool prepared;           /* guarded by lock */

static const int statics[] = {
	SQLITE_MUTEX_STATIC_VFS1, /* temporary names are made in it, by the generator */
	SQLITE_MUTEX_STATIC_VFS2, SQLITE_MUTEX_STATIC_VFS3,
	SQLITE_MUTEX_STATIC_PRNG, /* which is seeded in it, by the VFS */
	SQLITE_MUTEX_STATIC_MAIN, SQLITE_MUTEX_STATIC_OPEN,
	SQLITE_MUTEX_STATIC_LRU,  SQLITE_MUTEX_STATIC_PMEM,
	SQLITE_MUTEX_STATIC_MEM,
};
enum { STATICS = sizeof(statics) / sizeof(statics[0]) };

static sqlite3_mutex *mutexes[STATICS]; /* const once prepared */

static void before(void)
{
	for (int i = 0; i < STATICS; i++)
		sqlite3_mutex_enter(mutexes[i]);
}

static void after(void)
{
	for (int i = STATICS; i > 0; i--)
		sqlite3_mutex_leave(mutexes[i - 1]);
}

static int prepare(void)
{
	int error;

	for (int i = 0; i < STATICS; i++)
		mutexes[i] = sqlite3_mutex_alloc(statics[i]);
	error = pthread_atfork(before, after, after);
	prepared = error == 0;
	return -error;
}

int fork_prepare(void)
{
	int error;

	/* Not in the lock, which a fork acquires within those mutexes. */
	if (sqlite3_initialize() != SQLITE_OK)
		return -ENOMEM;
	lock_acquire(&lock);
	error = prepared ? 0 : prepare();
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
	fork_protect(FORK_RANK_SQLITE, &lock, 1);
}
