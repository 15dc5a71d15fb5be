/*
 * The tenants, and the objects that they share on purpose.
 */
#ifndef STRESS_TENANTS_H
#define STRESS_TENANTS_H

#include <bothy/bothy.h>

#include "stress/random.h"

struct tenant {
	char entity[24], project[24];
	bothy_project *handle;
};

/* Names alone repeat: neither the entity nor the project tells two tenants apart. */
int tenants_init(unsigned count);
int tenants_open(bothy_pool *pool); /* make the handles */
/* The pool is closed, with these figures: whether the projects' add up to no more. */
void tenants_check(const struct bothy_pool_stats *pool);
void tenants_fini(void);

const struct tenant *tenant_random(struct rng *rng);
/* Another one than TENANT, unless there is only one. */
const struct tenant *tenant_other(struct rng *rng, const struct tenant *tenant);
/* One whose project the server does not let be made. */
const struct tenant *tenant_unmade(void);
bool tenant_is_unmade(const char *entity);

/* Whether CLIENT is TENANT's. */
bool tenant_is_client(const struct tenant *tenant, const bothy_client *client);
bool tenant_owns_ref(const struct tenant *tenant, const bothy_ref *ref);

/* Half of them embed a struct bothy_object, half are known by address alone. */
#define SHARED_OBJECTS 64u

int shared_set(unsigned i, bothy_ref *ref);
int shared_get(unsigned i, bothy_ref **ret_ref);
const char *shared_name(unsigned i); /* that refs of it have */
void shared_fini(void);

#endif
