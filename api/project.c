#include <bothy/project.h>

#include <errno.h>

#include "api/check.h"
#include "pool/project.h"
#include "refs/ref.h"

enum { RATE_MAX = 1000000, BURST_MAX = 1000000 };

static int check_options(const struct bothy_project_options *o)
{
	if ((o->rate_per_s == 0 && o->burst != 0) || o->rate_per_s > RATE_MAX ||
	    o->burst > BURST_MAX)
		return -EINVAL;
	if (o->weight > FAIR_WEIGHT_MAX ||
	    (o->charge != BOTHY_CHARGE_WALL && o->charge != BOTHY_CHARGE_CPU))
		return -EINVAL;
	return 0;
}

/* GIVEN, checked, with all fields and every default filled in. */
static int take_options(const struct bothy_project_options *given,
                        struct bothy_project_options *ret_options)
{
	int error = 0;

	*ret_options = (struct bothy_project_options){0};
	if (given != NULL)
		error = CHECK_COPY(ret_options, given);
	if (error == 0)
		error = check_options(ret_options);
	if (error < 0)
		return error;
	project_default_options(ret_options);
	return 0;
}

int bothy_project_open(bothy_pool *pool, const char *entity, const char *project,
                       const struct bothy_project_options *options, bothy_project **ret_project)
{
	struct bothy_project_options complete;
	int error;

	if (pool == NULL || !ref_is_tenant_name(entity) || !ref_is_tenant_name(project) ||
	    ret_project == NULL)
		return -EINVAL;
	error = take_options(options, &complete);
	if (error == 0)
		error = pool_check(pool);
	if (error < 0)
		return error;
	return project_open(pool, entity, project, options != NULL ? &complete : NULL, ret_project);
}

int bothy_project_configure(bothy_project *project, const struct bothy_project_options *options)
{
	struct bothy_project_options complete;
	int error;

	if (project == NULL)
		return -EINVAL;
	error = take_options(options, &complete);
	if (error == 0)
		error = pool_check(project->pool);
	return error < 0 ? error : project_configure(project, &complete);
}

int bothy_project_cancel(bothy_project *project)
{
	int error;

	if (project == NULL)
		return -EINVAL;
	error = pool_check(project->pool);
	if (error == 0)
		project_cancel(project);
	return error;
}

int bothy_project_stats(bothy_project *project, struct bothy_project_stats *stats)
{
	struct bothy_project_stats now;
	int error;

	if (project == NULL || stats == NULL)
		return -EINVAL;
	error = check_size(stats->size, sizeof(now));
	if (error == 0)
		error = pool_check(project->pool);
	if (error < 0)
		return error;
	project_stats(project, &now);
	check_give(stats, &now, sizeof(now));
	return 0;
}

int bothy_project_times(bothy_project *project, bothy_histogram **ret_wait,
                        bothy_histogram **ret_run)
{
	bothy_pool *pool;
	int error;

	if (project == NULL || ret_wait == NULL || ret_run == NULL)
		return -EINVAL;
	pool = project->pool;
	error = pool_check(pool);
	return error < 0 ? error : pool_times(pool, &project->times, ret_wait, ret_run);
}

void bothy_project_release(bothy_project *project)
{
	project_release(project);
}
