/*
 * A synchronisation point: where the seeded scheduler may let another thread run.
 * Without it (the library that users link) a point is nothing.
 */
#ifndef SYNC_POINT_H
#define SYNC_POINT_H

#ifdef BOTHY_SIM
void sim_point(const char *what, const char *file, int line);
#define SYNC_POINT(what) sim_point((what), __FILE__, __LINE__)
#else
#define SYNC_POINT(what) ((void)0)
#endif

#endif
