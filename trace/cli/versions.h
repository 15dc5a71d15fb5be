/*
 * An object's version as it is shown to programs.
 */
#ifndef TRACE_CLI_VERSIONS_H
#define TRACE_CLI_VERSIONS_H

#include <bothy/server.h>

#include "trace/cli/members.h"
#include "trace/cli/source.h"

/* All but its value. */
void version_members(struct members *members, const struct source_project *project,
                     const struct bothy_object_version *object);

#endif
