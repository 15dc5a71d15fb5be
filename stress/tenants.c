#include "stress/tenants.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
		int error = bothy_project_open(pool, tenant->entity, tenant->project, NULL,
		                               &tenant->handle);

		if (error < 0)
			return error;
	}
	return 0;
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
