/*
 * Locking: none.  A stretch is its writer's alone, by its number.
 */
#include "bench/stretches.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#define PROJECTS_MOST 64u

struct stretch {
	int64_t begun, ended, took;
	unsigned project;
};

static struct stretch *stretches;
static size_t room;
static atomic_size_t count;

int stretches_init(size_t n)
{
	stretches = calloc(n, sizeof(stretches[0]));
	room = n;
	return stretches != NULL ? 0 : -ENOMEM;
}

void stretches_fini(void)
{
	free(stretches);
	room = 0;
}

void stretches_add(unsigned project, int64_t begun, int64_t ended, int64_t took)
{
	size_t i = atomic_fetch_add(&count, 1);

	if (i < room)
		stretches[i] = (struct stretch){begun, ended, took, project};
}

static double part(const struct stretch *stretch, int64_t from, int64_t to)
{
	int64_t begun = stretch->begun > from ? stretch->begun : from;
	int64_t ended = stretch->ended < to ? stretch->ended : to;

	if (ended <= begun)
		return 0;
	return (double)stretch->took * (double)(ended - begun) /
	       (double)(stretch->ended - stretch->begun);
}

double stretches_took(int64_t from, int64_t to, double *ret_took, unsigned n)
{
	size_t kept = atomic_load(&count) < room ? atomic_load(&count) : room;
	double sum = 0;

	for (unsigned p = 0; p < n; p++)
		ret_took[p] = 0;
	for (size_t i = 0; i < kept; i++) {
		double took = part(&stretches[i], from, to);

		if (stretches[i].project >= n)
			continue;
		ret_took[stretches[i].project] += took;
		sum += took;
	}
	return sum;
}

int64_t stretches_when(int64_t from, int64_t to, double ns, unsigned n)
{
	double took[PROJECTS_MOST];
	int64_t low = from, high = to;

	if (stretches_took(from, to, took, n) < ns)
		return to + 1;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (stretches_took(from, middle, took, n) < ns)
			low = middle;
		else
			high = middle;
	}
	return high;
}
