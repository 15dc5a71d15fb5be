/*
 * tree: each job spawns two and waits for them, 18 levels below the first.
 */
#include <errno.h>

#include "bench/work/work.h"

#define DEPTH 18u

static void both_trees(void *arg)
{
	struct measure measure;
	size_t n = ((size_t)2 << DEPTH) - 1, ran;

	(void)arg;
	if (!bench_options.cold)
		(void)peer.tree(DEPTH);
	measure_begin(&measure);
	ran = peer.tree(DEPTH);
	measure_end(&measure);
	if (ran != n)
		bench_die("a branch of the tree is lost", EPROTO);
	measure_print(&measure, "tree", "", (double)measure.wall / (double)n, "ns/job", n);
}

int tree_run(const struct bench_options *options)
{
	(void)options;
	work_start();
	work_inside(both_trees, NULL);
	peer.stop();
	return 0;
}
