/*
 * A trace server of the program's own: it counts, and checks whose contexts it is told of.
 */
#ifndef STRESS_RECORDER_H
#define STRESS_RECORDER_H

#include <bothy/bothy.h>

int recorder_new(bothy_server **ret_server);

#endif
