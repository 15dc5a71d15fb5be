#include "stress/tenants.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress/violation.h"

static struct tenant *tenants;
static unsigned tenant_count;
static const struct tenant unmade = {"team-unmade", "project-0", NULL};

static struct {
	struct bothy_object object;
	char bare[32];
	char name[8];
} shared[SHARED_OBJECTS];

int tenants_init(unsigned count)
{
	tenants = calloc(count, sizeof(*tenants));
	if (tenants == NULL)
		return -ENOMEM;
	tenant_count = count;
	for (unsigned i = 0; i < count; i++) {
		snprintf(tenants[i].entity, sizeof(tenants[i].entity), "team-%u", i / 4);
		snprintf(tenants[i].project, sizeof(tenants[i].project), "project-%u", i % 4);
	}
	for (unsigned i = 0; i < SHARED_OBJECTS; i++)
		snprintf(shared[i].name, sizeof(shared[i].name), "s%u", i);
	return 0;
}

int tenants_open(bothy_pool *pool)
{
	for (unsigned i = 0; i < tenant_count; i++) {
		struct tenant *tenant = &tenants[i];
		struct bothy_project_options options = {
			.size = sizeof(options),
			.weight = 1 + i % 3,
			.charge = i % 5 == 4 ? BOTHY_CHARGE_CPU : BOTHY_CHARGE_WALL,
			.max_running = i % 4 == 3 ? 2 : 0,
		};
		int error = bothy_project_open(pool, tenant->entity, tenant->project, &options,
		                               &tenant->handle);

		if (error < 0)
			return error;
	}
	return 0;
}

static void check_settled(const struct tenant *tenant, const struct bothy_project_stats *s)
{
	uint64_t settled = s->done + s->failed + s->canceled + s->expired + s->timed_out +
	                   s->thread_exited;

	if (s->submitted != settled || s->queued + s->running + s->overdue + s->places != 0)
		violation(VIOLATION_STATS,
		          "project %s/%s of a closed pool: expected submitted %" PRIu64
		          " to be settled, seen %" PRIu64 ", with %u places",
		          tenant->entity, tenant->project, s->submitted, settled, s->places);
}

void tenants_check(const struct bothy_pool_stats *pool)
{
	struct bothy_project_stats s = {.size = sizeof(s)};
	uint64_t charged = 0, submitted = 0;

	for (unsigned i = 0; i < tenant_count; i++) {
		if (violation_call("bothy_project_stats",
		                   bothy_project_stats(tenants[i].handle, &s)))
			return;
		check_settled(&tenants[i], &s);
		charged += s.charged_ns;
		submitted += s.submitted;
	}
	/* The rest is that of the project whose making fails, which is gone. */
	if (charged > pool->charged_ns || submitted > pool->submitted || charged == 0)
		violation(VIOLATION_STATS,
		          "what projects were charged: expected at most the pool's %" PRIu64
		          " ns, seen %" PRIu64,
		          pool->charged_ns, charged);
}

void tenants_fini(void)
{
	for (unsigned i = 0; i < tenant_count; i++)
		bothy_project_release(tenants[i].handle);
	free(tenants);
}

const struct tenant *tenant_random(struct rng *rng)
{
	return &tenants[rng_below(rng, tenant_count)];
}

const struct tenant *tenant_other(struct rng *rng, const struct tenant *tenant)
{
	const struct tenant *other = tenant_random(rng);

	if (other == tenant)
		other = &tenants[(size_t)(other - tenants + 1) % tenant_count];
	return other;
}

const struct tenant *tenant_unmade(void)
{
	return &unmade;
}

bool tenant_is_unmade(const char *entity)
{
	return strcmp(entity, unmade.entity) == 0;
}

bool tenant_is_client(const struct tenant *tenant, const bothy_client *client)
{
	return client != NULL && strcmp(bothy_client_entity(client), tenant->entity) == 0 &&
	       strcmp(bothy_client_project(client), tenant->project) == 0;
}

bool tenant_owns_ref(const struct tenant *tenant, const bothy_ref *ref)
{
	return strcmp(bothy_ref_entity(ref), tenant->entity) == 0 &&
	       strcmp(bothy_ref_project(ref), tenant->project) == 0;
}

int shared_set(unsigned i, bothy_ref *ref)
{
	return i % 2 == 0 ? bothy_object_set_ref(&shared[i].object, ref)
	                  : bothy_address_set_ref(shared[i].bare, ref);
}

int shared_get(unsigned i, bothy_ref **ret_ref)
{
	return i % 2 == 0 ? bothy_object_get_ref(&shared[i].object, ret_ref)
	                  : bothy_address_get_ref(shared[i].bare, ret_ref);
}

const char *shared_name(unsigned i)
{
	return shared[i].name;
}

void shared_fini(void)
{
	for (unsigned i = 0; i < SHARED_OBJECTS; i++) {
		bothy_object_fini(&shared[i].object);
		bothy_address_forget(shared[i].bare);
	}
}
