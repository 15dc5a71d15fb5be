/*
 * bothy-trace: shows what was recorded in a trace file.  It sees the file through Bothy's
 * public headers alone.
 */
#include <errno.h>
#include <string.h>

#include "trace/cli/commands.h"
#include "trace/cli/say.h"

int main(int argc, char **argv)
{
	struct options options;
	struct session session = {.options = &options};
	int error;

	options_read(&options, argc, argv);
	screen_init(&session.screen, options.color);
	if (source_open(&session.source, &options))
		options.command->run(&session);
	source_close(&session.source);
	error = screen_flush();
	if (error != 0 && error != EPIPE) /* a reader may leave when it has seen enough */
		say("writing: %s", strerror(error));
	return said() ? 1 : 0;
}
