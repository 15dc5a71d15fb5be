#include "trace/cli/commands.h"

const struct command commands[] = {
	{"ls", NULL, "portPlfn", ls_run}, {"show", "CALL", "p", show_run},
	{"tree", "TRACE", "p", tree_run}, {"objects", NULL, "pNLlf", objects_run},
	{"cat", "REF", "", cat_run},      {"export", NULL, "p", export_run},
	{NULL, NULL, NULL, NULL},
};
