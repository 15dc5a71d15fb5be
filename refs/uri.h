/*
 * The URI grammar of refs (see <bothy/ref.h>).
 */
#ifndef REFS_URI_H
#define REFS_URI_H

#include "refs/ref.h"

/* 0; -EINVAL for every URI outside the grammar; -ENOMEM. */
int uri_parse(const char *uri, bothy_ref **ret_ref);

/* As snprintf(): the length of the canonical URI, of which at most BYTES are written. */
int uri_format(const bothy_ref *ref, char *buffer, size_t bytes);

/* Write "edge/VALUE", encoded, after the EXTRA of a ref (or NULL): a new malloc'd string.
 * -EINVAL, -ENOMEM. */
int uri_extend(const char *extra, enum bothy_ref_edge edge, const char *value, char **ret_extra);

/*
 * Cut the first step off *AT, an extra that is not NULL, which then is what follows it, or NULL.
 *
 * *RET_VALUE is decoded, in *AT's own memory.  Returns false for what is no step; never for a ref's
 * extra.
 */
bool uri_cut_step(char **at, enum bothy_ref_edge *ret_edge, const char **ret_value);

#endif
