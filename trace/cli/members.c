#include "trace/cli/members.h"

#include <inttypes.h>

#include "trace/cli/check.h"
#include "trace/cli/notation.h"
#include "trace/cli/say.h"
#include "trace/cli/times.h"

void members_begin(struct members *members, FILE *stream, const char *of)
{
	*members = (struct members){.stream = stream, .of = of};
	(void)putc('{', stream);
}

static void write_name(struct members *members, const char *name)
{
	(void)fprintf(members->stream, "%s\"%s\": ", members->n++ > 0 ? ", " : "", name);
}

void member_string(struct members *members, const char *name, const char *value)
{
	write_name(members, name);
	notation_string(members->stream, value);
}

void member_number(struct members *members, const char *name, int64_t value)
{
	write_name(members, name);
	(void)fprintf(members->stream, "%" PRId64, value);
}

void member_bool(struct members *members, const char *name, bool value)
{
	write_name(members, name);
	(void)fputs(value ? "true" : "false", members->stream);
}

void member_null(struct members *members, const char *name)
{
	write_name(members, name);
	(void)fputs("null", members->stream);
}

void member_time(struct members *members, const char *name, int64_t wall)
{
	char text[TIME_BYTES];

	time_exact(wall, text);
	member_string(members, name, text);
}

void member_value(struct members *members, const char *name, const char *text, size_t bytes)
{
	write_name(members, name);
	if (text != NULL && check_json(text, bytes)) {
		notation_line(members->stream, text, bytes);
		return;
	}
	if (text != NULL)
		say("%s: its %s is not JSON", members->of, name);
	(void)fputs("null", members->stream);
}

void members_end(struct members *members)
{
	(void)putc('}', members->stream);
}
