/*
 * Groups: jobs that are waited for, or canceled, together.
 */
#ifndef POOL_GROUP_H
#define POOL_GROUP_H

#include <bothy/future.h>

int group_new(bothy_group **ret_group);
bothy_group *group_hold(bothy_group *group);
void group_release(bothy_group *group); /* NULL is fine */
int group_check(const bothy_group *group); /* -ECHILD for one from before a fork */

/* JOB is a member of its group, if it has one, from now on; or is not any more, since it was
 * settled, or refused. */
void group_add(bothy_future *job);
void group_leave(bothy_future *job);

/* ... all of CHAIN, linked by `kept`, each of which has a group. */
void group_leave_all(bothy_future *chain);

int group_wait(bothy_group *group, bothy_time deadline);
void group_cancel(bothy_group *group);

#endif
