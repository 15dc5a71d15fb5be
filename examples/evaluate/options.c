#include "examples/evaluate/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODESPELL "/usr/lib/python3/dist-packages/codespell_lib/data/dictionary.txt"

#define RECORD "sqlite:evaluate.db"

static const char usage[] =
	"usage: evaluate [options]\n"
	"\n"
	"Several teams evaluate real spell checkers on real misspellings, at once and in one\n"
	"process; each team sees only its own refs of the data set and models that all share.\n"
	"What they did is recorded, a trace for each team and model.\n"
	"\n"
	"  --size N           run N jobs in all, one word each (2000)\n"
	"  --workers N        on N threads (one per CPU)\n"
	"  --teams N          for N teams (4), each with a project for every model\n"
	"  --dictionary FILE  take the words from FILE, in the format of codespell's\n"
	"                     dictionary\n"
	"                     (" CODESPELL ")\n"
	"  --record URL       record all of it there: sqlite:FILE, to which each run adds\n"
	"                     its own, or memory: (" RECORD ")\n"
	"  --help             this text\n"
	"\n"
	"Exit status: 0 fine; 1 a job failed, a foreign ref was seen, or the check for them is\n"
	"blind; 2 bad arguments; 130 interrupted.\n";

static const struct option table[] = {
	{"size", required_argument, NULL, 's'},
	{"workers", required_argument, NULL, 'w'},
	{"teams", required_argument, NULL, 't'},
	{"dictionary", required_argument, NULL, 'd'},
	{"record", required_argument, NULL, 'r'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static _Noreturn void give_up(void)
{
	fputs("Try evaluate --help.\n", stderr);
	exit(2);
}

static size_t number(const char *what, unsigned long most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(optarg, &end, 10);
	if (errno == 0 && end != optarg && *end == '\0' && strchr(optarg, '-') == NULL &&
	    value >= 1 && value <= most)
		return value;
	options_refuse("--%s wants a whole number from 1 to %lu, not \"%s\"\n", what, most, optarg);
}

static void take(struct options *options, int option)
{
	switch (option) {
	case 's':
		options->size = number("size", 1000000);
		break;
	case 'w':
		options->workers = (unsigned)number("workers", 1024);
		break;
	case 't':
		options->teams = (unsigned)number("teams", 500);
		break;
	case 'd':
		options->dictionary = optarg;
		break;
	case 'r':
		options->record = optarg;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default: /* getopt_long has said what */
		give_up();
	}
}

void options_read(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){
		.size = 2000, .teams = 4, .dictionary = CODESPELL, .record = RECORD};
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1)
		take(options, option);
	if (optind < argc)
		options_refuse("what is \"%s\"?\n", argv[optind]);
}

void options_refuse(const char *format, ...)
{
	va_list arguments;

	fputs("evaluate: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	give_up();
}
