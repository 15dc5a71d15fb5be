#include "trace/cli/target.h"

void target_init(struct target *target, const struct source *source, const char *argument)
{
	*target = (struct target){argument, 0, source->n, NULL};
	if (bothy_ref_parse(argument, &target->ref) < 0 ||
	    bothy_ref_kind(target->ref) != BOTHY_REF_CALL)
		return;
	target->id = bothy_ref_digest(target->ref);
	target->first =
		source_find(source, bothy_ref_entity(target->ref), bothy_ref_project(target->ref));
	if (target->first < source->n)
		target->end = target->first + 1;
}

void target_fini(struct target *target)
{
	bothy_ref_release(target->ref);
}
