#include "trace/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/cli/commands.h"
#include "trace/cli/text.h"

static const char help[] =
	"usage: bothy-trace FILE [COMMAND] [OPTIONS]\n"
	"\n"
	"Shows what Bothy recorded in FILE, a trace file (sqlite:FILE).  FILE is only read.\n"
	"\n"
	"Commands:\n"
	"  ls           the calls, by start, oldest first; the default\n"
	"  show CALL    all that is known of a call, given its id or ref, as indented JSON\n"
	"  tree TRACE   a trace's calls as a tree, given its id, or that of any call in it\n"
	"  objects      the versions of all objects, by name and version\n"
	"  cat REF      the value that a weave:/// URI names, as indented JSON\n"
	"  export       all of it, as JSON lines\n"
	"\n"
	"Options:\n"
	"  --project ENTITY/PROJECT  this project alone; without it, all (not: cat)\n"
	"  --op OP        ls: the calls of this op\n"
	"  --trace ID     ls: the calls of this trace\n"
	"  --parent ID    ls: the calls that this one called\n"
	"  --roots        ls: calls that no other called\n"
	"  --newest       ls: newest first, project by project\n"
	"  --name NAME    objects: this object alone\n"
	"  --latest       objects: the latest version of each\n"
	"  --limit N      ls, objects: at most so many lines in all; 0: no limit\n"
	"  --offset N     ls, objects: leave out so many before\n"
	"  --json         for programs: one JSON value a line, in ASCII\n"
	"  --color=WHEN   always, never, or auto: on a terminal, unless NO_COLOR is set\n"
	"  --help, --version\n"
	"\n"
	"Tables are cut to a terminal's width, and not cut elsewhere: pipe them to less -S.\n"
	"Control characters in what is stored are shown escaped.\n"
	"\n"
	"With --json, a call is an object with entity, project, id, trace_id, parent_id, op_name,\n"
	"display_name, started_at, ended_at, duration_ns, outcome (\"open\", \"ok\" or \"failed\")\n"
	"and exception; tree adds depth; show and export add attributes, inputs, output and\n"
	"summary.  An object's version is one with entity, project, name, version, latest,\n"
	"digest, ref, created_at and bytes (of the value's canonical text); export adds value.\n"
	"What is not there or not known is null.  Times are ISO 8601, in UTC, to the nanosecond.\n"
	"cat --json prints the value's canonical text.\n"
	"\n"
	"Each line of an export has a type:\n"
	"  export   format (1): the first line\n"
	"  project  entity, project: before all that is in it\n"
	"  object   a version of an object, and its value\n"
	"  call     a call with all its parts\n"
	"  table    entity, project, digest; its rows follow\n"
	"  row      entity, project, table, index, digest, value\n"
	"Exported are those tables whose refs stand in an exported value.  Files are not, nor\n"
	"tables that nothing refers to: a trace file can't be asked for them.  What is recorded\n"
	"meanwhile may be missing in part.\n"
	"\n"
	"Exit status: 0; 1 if nothing was found, or for an error, which stderr tells;\n"
	"2 for a command line that can't be understood.\n";

static const struct option table[] = {
	{"project", required_argument, NULL, 'p'},
	{"op", required_argument, NULL, 'o'},
	{"trace", required_argument, NULL, 't'},
	{"parent", required_argument, NULL, 'P'},
	{"roots", no_argument, NULL, 'r'},
	{"newest", no_argument, NULL, 'n'},
	{"name", required_argument, NULL, 'N'},
	{"latest", no_argument, NULL, 'L'},
	{"limit", required_argument, NULL, 'l'},
	{"offset", required_argument, NULL, 'f'},
	{"json", no_argument, NULL, 'j'},
	{"color", optional_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

_Noreturn static void refuse(const char *format, ...) BOTHY_PRINTF(1, 2);

static void refuse(const char *format, ...)
{
	va_list arguments;
	char *text, *shown;

	va_start(arguments, format);
	text = text_format_list(format, arguments);
	va_end(arguments);
	shown = text_shown(text);
	(void)fprintf(stderr, "bothy-trace: %s\nTry bothy-trace --help.\n", shown);
	free(shown);
	free(text);
	exit(2);
}

/* Print TEXT, and end the program. */
_Noreturn static void print(const char *text)
{
	if (fputs(text, stdout) < 0 || fflush(stdout) != 0) {
		(void)fprintf(stderr, "bothy-trace: %s\n", strerror(errno));
		exit(1);
	}
	exit(0);
}

static size_t number(const char *option)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(optarg, &end, 10);
	if (errno != 0 || end == optarg || *end != '\0' || optarg[0] < '0' || optarg[0] > '9' ||
	    value > SIZE_MAX / 2)
		refuse("--%s: expected a number, not \"%s\"", option, optarg);
	return (size_t)value;
}

static const char *project(void)
{
	const char *slash = strchr(optarg, '/');

	if (slash == NULL || slash == optarg || slash[1] == '\0' || strchr(slash + 1, '/') != NULL)
		refuse("--project: expected ENTITY/PROJECT, not \"%s\"", optarg);
	return optarg;
}

static enum screen_color color(void)
{
	if (optarg == NULL || strcmp(optarg, "always") == 0)
		return SCREEN_COLOR_ALWAYS;
	if (strcmp(optarg, "never") == 0)
		return SCREEN_COLOR_NEVER;
	if (strcmp(optarg, "auto") != 0)
		refuse("--color: expected always, never or auto, not \"%s\"", optarg);
	return SCREEN_COLOR_AUTO;
}

/* Those options that take no value. */
static void read_switch(struct options *options, int letter)
{
	switch (letter) {
	case 'r':
		options->roots = true;
		break;
	case 'n':
		options->newest = true;
		break;
	case 'L':
		options->latest = true;
		break;
	case 'j':
		options->json = true;
		break;
	case 'h':
		print(help);
	case 'v':
		print("bothy-trace " BOTHY_VERSION "\n");
	default:
		(void)fputs("Try bothy-trace --help.\n", stderr);
		exit(2);
	}
}

static void read_option(struct options *options, int letter)
{
	switch (letter) {
	case 'p':
		options->project = project();
		break;
	case 'o':
		options->op = optarg;
		break;
	case 't':
		options->trace = optarg;
		break;
	case 'P':
		options->parent = optarg;
		break;
	case 'N':
		options->name = optarg;
		break;
	case 'l':
		options->limit = number("limit");
		break;
	case 'f':
		options->offset = number("offset");
		break;
	case 'c':
		options->color = color();
		break;
	default:
		read_switch(options, letter);
	}
}

static const struct command *find_command(const char *name)
{
	for (const struct command *command = commands; command->name != NULL; command++) {
		if (strcmp(command->name, name) == 0)
			return command;
	}
	refuse("no such command: \"%s\"", name);
}

/* What stands beside the options: FILE, COMMAND and its argument. */
static void read_words(struct options *options, char **words)
{
	if (words[0] == NULL)
		refuse("which FILE?");
	options->file = *words++;
	options->command = *words == NULL ? &commands[0] : find_command(*words++);
	if (options->command->argument != NULL) {
		if (*words == NULL)
			refuse("%s: which %s?", options->command->name, options->command->argument);
		options->argument = *words++;
	}
	if (*words != NULL)
		refuse("%s: one too many: \"%s\"", options->command->name, *words);
}

/* Refuse those of the options GIVEN that the command does not take. */
static void check_options(const struct options *options, const bool given[])
{
	for (const struct option *option = table; option->name != NULL; option++) {
		if (given[option->val] && strchr("jc", option->val) == NULL &&
		    strchr(options->command->letters, option->val) == NULL)
			refuse("%s: takes no --%s", options->command->name, option->name);
	}
}

void options_read(struct options *options, int argc, char **argv)
{
	bool given[128] = {false};
	int letter;

	*options = (struct options){.color = SCREEN_COLOR_AUTO};
	while ((letter = getopt_long(argc, argv, "", table, NULL)) != -1) {
		read_option(options, letter);
		given[letter] = true;
	}
	read_words(options, argv + optind);
	check_options(options, given);
}
