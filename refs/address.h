/*
 * The side table: serial number and last ref of objects known by their address alone.
 *
 * As object.h, with a row per address instead of memory in the object; so what needs a
 * row can fail for want of memory.  Any number of threads.
 */
#ifndef REFS_ADDRESS_H
#define REFS_ADDRESS_H

#include "refs/object.h"

uint64_t address_serial(const void *address);
uint64_t address_identify(void *address);                       /* 0 without memory */
void address_last_set(void *address, bothy_ref *ref, bool own); /* of a known address */
struct last address_last_get(void *address);
uint64_t address_forget(void *address);

#endif
