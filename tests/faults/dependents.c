/*
 * SQLite's unix VFS takes its calls of the system from a table that may be changed; but for
 * fdatasync(2), which is found here as in any library that comes before libc.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64 /* as SQLite's own, on machines of 32 bits too */
#include "tests/faults/dependents.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support.h"

static atomic_long live;

long dependents_live(void)
{
	return atomic_load(&live);
}

/* The allocator itself, not what counts the library's own blocks. */
void *__real_malloc(size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);

static void *count_live(void *block)
{
	if (block != NULL)
		atomic_fetch_add(&live, 1);
	return block;
}

static void count_dead(const void *block)
{
	if (block != NULL)
		atomic_fetch_sub(&live, 1);
}

/* ---- SQLite's memory ----------------------------------------------------------------------- */

static sqlite3_mem_methods sqlite_memory; /* as it was */

static void *sqlite_malloc(int bytes)
{
	return support_fails(CALL_SQLITE_MEMORY) ? NULL : count_live(sqlite_memory.xMalloc(bytes));
}

static void *sqlite_realloc(void *block, int bytes)
{
	return support_fails(CALL_SQLITE_MEMORY) ? NULL : sqlite_memory.xRealloc(block, bytes);
}

static void sqlite_free(void *block)
{
	count_dead(block);
	sqlite_memory.xFree(block);
}

/* ---- jansson's ----------------------------------------------------------------------------- */

static void *json_malloc(size_t bytes)
{
	return support_fails(CALL_JANSSON_MEMORY) ? NULL : count_live(__real_malloc(bytes));
}

static void json_free(void *block)
{
	count_dead(block);
	__real_free(block);
}

/* ---- SQLite's files ------------------------------------------------------------------------ */

static int say(int error)
{
	errno = error;
	return -1;
}

static int file_open(const char *path, int flags, int mode)
{
	return support_fails(CALL_SQLITE_FILE) ? say(EMFILE) : open(path, flags, mode);
}

static int file_fstat(int fd, struct stat *ret_status)
{
	return support_fails(CALL_SQLITE_FILE) ? say(EIO) : fstat(fd, ret_status);
}

static int file_ftruncate(int fd, off_t bytes)
{
	return support_fails(CALL_SQLITE_FILE) ? say(EIO) : ftruncate(fd, bytes);
}

static int file_unlink(const char *path)
{
	return support_fails(CALL_SQLITE_FILE) ? say(EIO) : unlink(path);
}

static void *file_mmap(void *at, size_t bytes, int access, int flags, int fd, off_t offset)
{
	if (!support_fails(CALL_SQLITE_FILE))
		return mmap(at, bytes, access, flags, fd, offset);
	errno = ENOMEM;
	return MAP_FAILED;
}

static ssize_t file_read(int fd, void *to, size_t bytes)
{
	return support_fails(CALL_SQLITE_READ) ? say(EIO) : read(fd, to, bytes);
}

static ssize_t file_pread(int fd, void *to, size_t bytes, off_t offset)
{
	return support_fails(CALL_SQLITE_READ) ? say(EIO) : pread(fd, to, bytes, offset);
}

static ssize_t file_write(int fd, const void *from, size_t bytes)
{
	return support_fails(CALL_SQLITE_WRITE) ? say(ENOSPC) : write(fd, from, bytes);
}

static ssize_t file_pwrite(int fd, const void *from, size_t bytes, off_t offset)
{
	return support_fails(CALL_SQLITE_WRITE) ? say(ENOSPC) : pwrite(fd, from, bytes, offset);
}

/* Taking a lock fails, giving one back does not. */
static int file_fcntl(int fd, int command, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (command == F_SETLK && ((struct flock *)argument)->l_type != F_UNLCK &&
	    support_fails(CALL_SQLITE_LOCK))
		return say(EIO);
	return fcntl(fd, command, argument);
}

/* Seen by SQLite, which is a library that is loaded. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
	return support_fails(CALL_SQLITE_SYNC) ? say(EIO) : (int)syscall(SYS_fdatasync, fd);
}

static void replace(const char *name, sqlite3_syscall_ptr call)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	if (vfs->xGetSystemCall(vfs, name) != NULL) /* else this SQLite does without */
		(void)vfs->xSetSystemCall(vfs, name, call);
}

/* ---- all of them --------------------------------------------------------------------------- */

void dependents_begin(void)
{
	sqlite3_mem_methods memory;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory) != SQLITE_OK) {
		fprintf(stderr, "SQLite's allocator can't be replaced\n");
		exit(EXIT_FAILURE);
	}
	json_set_alloc_funcs(json_malloc, json_free);
	memory = sqlite_memory;
	memory.xMalloc = sqlite_malloc;
	memory.xRealloc = sqlite_realloc;
	memory.xFree = sqlite_free;
	(void)sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);

	replace("open", (sqlite3_syscall_ptr)file_open);
	replace("fstat", (sqlite3_syscall_ptr)file_fstat);
	replace("ftruncate", (sqlite3_syscall_ptr)file_ftruncate);
	replace("unlink", (sqlite3_syscall_ptr)file_unlink);
	replace("mmap", (sqlite3_syscall_ptr)file_mmap);
	replace("read", (sqlite3_syscall_ptr)file_read);
	replace("pread", (sqlite3_syscall_ptr)file_pread);
	replace("pread64", (sqlite3_syscall_ptr)file_pread);
	replace("write", (sqlite3_syscall_ptr)file_write);
	replace("pwrite", (sqlite3_syscall_ptr)file_pwrite);
	replace("pwrite64", (sqlite3_syscall_ptr)file_pwrite);
	replace("fcntl", (sqlite3_syscall_ptr)file_fcntl);
}
