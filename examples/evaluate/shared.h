/*
 * What all teams share: an object that each names for its own project.
 */
#ifndef EXAMPLES_EVALUATE_SHARED_H
#define EXAMPLES_EVALUATE_SHARED_H

#include <bothy/ref.h>
#include <stdatomic.h>

struct shared {
	struct bothy_object object; /* so that it can have refs: another in each project */
	atomic_uint named;          /* jobs that have put one on it, and still run */
};

#endif
