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
int address_identify(const void *address, uint64_t *ret_serial); /* -ENOMEM */
void address_last_set(const void *address, bothy_ref *ref, bool own); /* of a known address */
struct last address_last_get(const void *address);
uint64_t address_forget(const void *address);

#endif
