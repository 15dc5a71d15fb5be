/*
 * What the libraries that recording depends on ask the system: their memory, and SQLite's
 * files.  In test_faults each of these calls can fail (tests/support.h).
 */
#ifndef TESTS_FAULTS_DEPENDENTS_H
#define TESTS_FAULTS_DEPENDENTS_H

/* Before any of them is used. */
void dependents_begin(void);

/* Blocks that SQLite and jansson have allocated and not freed. */
long dependents_live(void);

#endif
