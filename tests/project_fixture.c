#include "tests/project_fixture.h"

bothy_project *project;

void project_teardown(void)
{
	gate_open(&gate);
	bothy_project_release(project);
	project = NULL;
	fixture_teardown();
}

void open_with(struct bothy_project_options options)
{
	options.size = sizeof(options);
	ck_assert_int_eq(bothy_project_open(pool, "ann", "p", &options, &project), 0);
}

struct bothy_project_stats project_now(void)
{
	struct bothy_project_stats stats = {.size = sizeof(stats)};

	ck_assert_int_eq(bothy_project_stats(project, &stats), 0);
	return stats;
}
