/*
 * Groups: a count of unsettled jobs, and the jobs themselves, to cancel them.
 */
#ifndef POOL_GROUP_H
#define POOL_GROUP_H

#include <bothy/future.h>

int group_new(bothy_group **ret_group);
bothy_group *group_hold(bothy_group *group);
void group_release(bothy_group *group); /* NULL is fine */
int group_check(const bothy_group *group); /* -ECHILD for one from before a fork */

/* JOB's group, if it has one, counts it; or does not any more. */
void group_add(bothy_future *job);
void group_settled(bothy_future *job);

int group_wait(bothy_group *group, bothy_time deadline);
void group_cancel(bothy_group *group);

#endif
