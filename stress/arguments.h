/*
 * What the command lines of these programs have in common; getopt_long() reads them.
 */
#ifndef STRESS_ARGUMENTS_H
#define STRESS_ARGUMENTS_H

#include <stdint.h>

/* optarg, which --WHAT wants to be a whole number from LEAST to MOST; else the program ends with 2. */
uint64_t arguments_number(const char *what, uint64_t least, uint64_t most);

/* A seed that the next run won't have. */
uint64_t arguments_seed(void);

/* After the options there is nothing more; else the program ends with 2. */
void arguments_end(int argc, char *const *argv);

/* The program ends with 2; getopt_long() has said why. */
_Noreturn void arguments_bad(void);

#ifdef BOTHY_TESTING
/* Plant the fault that optarg names, and return its name; "list" lists all, and ends the program. */
const char *arguments_fault(void);
#endif

#endif
