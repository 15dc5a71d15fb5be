#include "trace/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/digest.h"
#include "trace/error.h"
#include "trace/item.h"
#include "trace/scope.h"
#include "trace/recorder.h"

int file_digest(const void *content, size_t bytes, char ret_digest[BOTHY_DIGEST_BYTES])
{
	if (bytes > BOTHY_FILE_MAX)
		return trace_fail(-EMSGSIZE, "the file has %zu bytes, more than %zu", bytes,
		                  BOTHY_FILE_MAX);
	digest_bytes(content, bytes, ret_digest);
	return 0;
}

int file_store(const void *content, size_t bytes, char ret_digest[BOTHY_DIGEST_BYTES])
{
	char digest[BOTHY_DIGEST_BYTES];
	struct recorder *recorder;
	struct item *item;
	int error = recorder_current(&recorder);

	if (error == 0)
		error = file_digest(content, bytes, digest);
	if (error == 0)
		error = recorder_ready(recorder);
	if (error == 0)
		error = item_file(digest, content, bytes, &item);
	if (error < 0)
		return error;
	recorder_add(recorder, item);
	memcpy(ret_digest, digest, sizeof(digest));
	return 0;
}

struct copy {
	void *content;
	size_t bytes;
};

static int on_content(void *user, const void *content, size_t bytes)
{
	struct copy *copy = user;
	char *own = bytes < SIZE_MAX ? malloc(bytes + 1) : NULL;

	if (own == NULL)
		return -ENOMEM;
	if (bytes > 0)
		memcpy(own, content, bytes);
	own[bytes] = '\0';
	*copy = (struct copy){own, bytes};
	return 0;
}

int file_fetch(const char *digest, void **ret_content, size_t *ret_bytes)
{
	struct scope scope;
	struct copy copy = {NULL, 0};
	int error = scope_current(&scope);

	if (error < 0)
		return error;
	error = scope_file(&scope, digest, on_content, &copy);
	if (error < 0) {
		free(copy.content);
		return error == -ENOENT ? trace_fail(error, "file %.100s: not found", digest)
		                        : error;
	}
	*ret_content = copy.content;
	*ret_bytes = copy.bytes;
	return 0;
}
