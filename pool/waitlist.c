#include "pool/waitlist.h"

void waitlist_add_locked(struct waitlist *list, struct waiter *waiter)
{
	struct waiter **at = &list->first;

	while (*at != NULL)
		at = &(*at)->next;
	waiter->next = NULL;
	waiter->linked = true;
	*at = waiter;
}

void waitlist_remove_locked(struct waitlist *list, struct waiter *waiter)
{
	struct waiter **at = &list->first;

	if (!waiter->linked)
		return;
	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
	waiter->linked = false;
}

void waitlist_wake_one_locked(struct waitlist *list, struct kicks *kicks)
{
	struct waiter *waiter = list->first;

	if (waiter == NULL)
		return;
	list->first = waiter->next;
	waiter->linked = false;
	kicks_add(kicks, waiter->parker);
}
