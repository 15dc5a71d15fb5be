#include <bothy/ref.h>

#include <errno.h>
#include <string.h>

#include "tls/context.h"

void bothy_object_init(struct bothy_object *object)
{
	if (object != NULL)
		memset(object, 0, sizeof(*object));
}

void bothy_object_fini(struct bothy_object *object)
{
	if (object != NULL)
		context_object_end(object);
}

int bothy_object_set_ref(struct bothy_object *object, bothy_ref *ref)
{
	return object == NULL ? -EINVAL : context_object_set(object, ref);
}

int bothy_object_get_ref(struct bothy_object *object, bothy_ref **ret_ref)
{
	return object == NULL || ret_ref == NULL ? -EINVAL : context_object_get(object, ret_ref);
}

int bothy_address_set_ref(void *address, bothy_ref *ref)
{
	return address == NULL ? -EINVAL : context_address_set(address, ref);
}

int bothy_address_get_ref(void *address, bothy_ref **ret_ref)
{
	return address == NULL || ret_ref == NULL ? -EINVAL
	                                          : context_address_get(address, ret_ref);
}

void bothy_address_forget(void *address)
{
	if (address != NULL)
		context_address_forget(address);
}
