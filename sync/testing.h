/*
 * Switches and counters that only test builds have (BOTHY_TESTING).
 *
 * PLANTED(NAME) asks whether a test has planted that fault in the library, to see that
 * the test would find it.  In the library that users link it is the constant 0, and the
 * compiler removes what depends on it.
 */
#ifndef SYNC_TESTING_H
#define SYNC_TESTING_H

#ifdef BOTHY_TESTING

#include <stdatomic.h>

/* Every fault that can be planted. */
#define TESTING_FAULTS(X)                                                                 \
	X(NONE)                                                                           \
	X(WAKE_DROPPED)           /* settle: a waiter is not woken */                     \
	X(ONE_WAKE_ALONE)         /* ... if another is */                                 \
	X(WAIT_ALL_FIRST_ALONE)   /* ... of several jobs is over with the first */        \
	X(CODE_AFTER_STATE)       /* ... who sees that it is over does not see how */     \
	X(WORKER_WAKE_DROPPED)    /* submit: no worker is woken */                        \
	X(START_NOT_ATOMIC)       /* start: load and store for the compare-and-swap */    \
	X(CANCEL_NOT_ATOMIC)      /* cancel: the same */                                  \
	X(EXPIRY_NOT_ATOMIC)      /* a deadline settles a running job: the same */        \
	X(NOTIFY_LOST)            /* notify looks at the state without the lock */        \
	X(NOTIFY_SLOT_UNLOCKED)   /* ... and whether there is a function already */       \
	X(RESULT_TAKEN_TWICE)     /* a result is handed out by load and store */          \
	X(RELEASE_NOT_ATOMIC)     /* holds: load and store for the subtraction */         \
	X(CLOSE_UNLOCKED)         /* submit looks at `closing` before it has the lock */  \
	X(CLOSED_UNSEEN)          /* a delivery has looked at `closed` before it has the lock */ \
	X(JOINED_UNTOLD)          /* nobody is told that threads were joined */           \
	X(THREADS_UNAWAITED)      /* close does not wait until the threads have gone */   \
	X(BLOCKED_UNTOLD)         /* ... nor tells blocked submitters */                  \
	X(PROJECT_ROOM_KEPT)      /* who is refused keeps its project's room */           \
	X(IN_PLACE_UNLOCKED)      /* a job starts in place before the lock is taken */    \
	X(IN_PLACE_IS_OVER)       /* ... and is taken for settled when it has returned */ \
	X(STOP_NOT_INHERITED)     /* spawn: the child is linked after the parent's stop */ \
	X(STOP_UNHEARD)           /* who sleeps looks for a stop before it listens */     \
	X(PLACE_NOT_LENT)         /* a waiting job keeps its place */                     \
	X(PLACE_NOT_TAKEN_BACK)   /* a lent place is not taken back */                    \
	X(RUN_LEAVES_ARGUMENT)    /* bothy_run() returns while its argument is in use */  \
	X(CYCLE_UNLOCKED)         /* a wait is judged before the others can see it */     \
	X(CYCLE_OF_TWO_ALONE)     /* longer cycles are not seen */                        \
	X(LOST_NOT_REPLACED)      /* no new thread for a lost one */                      \
	X(LOST_MAX_IGNORED)       /* ... or as many as are lost */                        \
	X(LOST_UNCOUNTED)         /* a project that has lost its threads goes on */       \
	X(FOUND_STAYS_LOST)       /* a thread that comes back counts as lost */           \
	X(EXIT_NOT_REPLACED)      /* no new thread for one that called pthread_exit */    \
	X(HAND_KEPT)              /* a hand is not put back for others */                 \
	X(RECALL_FORGETS)         /* ... and one of its jobs is lost if it is */          \
	X(HAND_NOT_EMPTIED)       /* ... nor is a claimed job taken out of it */          \
	X(FOLDED_TWICE)           /* what has ended is entered in the books anew each time */ \
	X(ENDED_KEPT)             /* ... nor if the hand is recalled */                  \
	X(TICK_BLIND)             /* the watchdog does not look at what was put off */    \
	X(GROUP_NEWEST_ALONE)     /* a group's wait is over with its newest member */     \
	X(GROUP_EARLY)            /* a group's wait takes a claimed job for settled */    \
	X(GROUP_EMPTY_UNLOCKED)   /* who leaves a group looks without its lock who is left */ \
	X(GROUP_RELEASE_NOT_ATOMIC)/* groups' holds: load and store for the subtraction */ \
	X(DELIVERED_LATE)         /* a group's wait is over before a member is delivered */ \
	X(SETTLED_NOT_LEFT)       /* a thread that ends leaves its jobs in their groups */ \
	X(WITHDRAWN_UNTOLD)       /* ... waits on for a job that was withdrawn */         \
	X(BLOCKED_WAKE_DROPPED)   /* a blocked submitter is not woken */                  \
	X(COMPLETION_WAKE_DROPPED)/* a delivery wakes nobody */                           \
	X(WAKE_NOT_PASSED_ON)    /* ... or who is woken and takes none keeps it from others */ \
	X(DESCRIPTOR_UNLOCKED)   /* the descriptor is written without the lock */         \
	X(CONTEXT_LEFT_INSTALLED) /* the worker does not uninstall the context */         \
	X(CONTEXT_ID_REUSED)      /* ids start again */                                   \
	X(GLOBAL_CLIENT_IN_JOB)   /* a job sees the global client */                      \
	X(LOCALS_KEPT)            /* the next context on the worker has the last locals */ \
	X(REFS_KEPT)              /* ... the last refs */                                 \
	X(REF_LEAKED)             /* a table forgets to release a ref */                  \
	X(SERIAL_REUSED)          /* an object is known by its address alone */           \
	X(FALLBACK_ANY)           /* the last ref of any project is handed out */         \
	X(ARG_FREE_SKIPPED)       /* a canceled job's argument is not freed */            \
	X(ARG_FREE_TWICE)         /* ... is freed twice */                                \
	X(SETTLED_TWICE_COUNTED)  /* the statistics count one outcome twice */            \
	X(JOB_LOST)               /* the queue drops a job now and then */                \
	X(RESULT_LEAKED)          /* a result that nobody takes is not freed */           \
	X(STOP_NOT_SENT)          /* a deadline does not ask the job to stop */           \
	X(HYGIENE_SKIPPED)        /* the floating-point environment is not put back */    \
	X(STATE_KEPT)             /* ... nor what the kernel keeps for a thread */        \
	X(UNFIT_SERVES)           /* a thread that can't be put right takes other jobs */ \
	X(STARTED_BY_JOBS)        /* ... and starts its replacement itself */             \
	X(DEFER_ORDER_SWAPPED)    /* deferred functions run oldest first */               \
	X(NOTIFIED_TWICE)         /* a notify function is called twice */                 \
	X(ERROR_TEXT_LOST)        /* what bothy_fail() said is not kept */                \
	X(FAILED_IS_DONE)         /* a job that returned an error settles as done */      \
	X(EXPIRED_RUNS)           /* a job is started after its deadline */               \
	X(OWN_THREAD_SHARED)      /* BOTHY_OWN_THREAD is not heeded */                    \
	X(CALLBACK_IN_CONTEXT)    /* arg_free and notify run in the caller's context */   \
	X(OWN_REF_HIDDEN)         /* a context does not look at its own refs */           \
	X(MEMORY_SHARED)          /* an arena hands out some bytes twice */               \
	X(DEFER_LOST)             /* a deferred function is not called */                 \
	X(LOCAL_LEAKED)           /* a local is not destroyed */                          \
	X(FINISH_SKIPPED)         /* the server is not told that a context ends */        \
	X(TOKEN_LEAKED)           /* ... that nobody descends with a token any more */    \
	X(CLIENT_LEAKED)          /* ... that nobody holds it */                          \
	X(WORKER_FINI_SKIPPED)    /* worker_fini is not called */         \
	X(WRITER_WAKE_DROPPED)    /* a hand-over does not wake the writer */              \
	X(ROOM_WAKE_DROPPED)      /* ... who does not wake those that wait for room */    \
	X(FLUSH_WAKE_DROPPED)     /* ... nor those that wait for a flush */               \
	X(FLUSHED_EARLY)          /* ... or wakes them before their turn */               \
	X(LOST_TOGETHER)          /* ... if one item fails, all written with it do */     \
	X(SERVER_NOT_ATOMIC)      /* a server's holds: load and store */                  \
	X(REF_NOT_ATOMIC)         /* a ref's */                                           \
	X(GLOBAL_RELEASED)        /* who was the global client is released */             \
	X(LAST_HOLD_LATE)         /* the last ref is held after the lock is released */   \
	X(IDENTIFIED_TWICE)       /* an object is given a serial number without the lock */ \
	X(ADDRESS_ADDED_TWICE)    /* an address is looked up before the lock is held */   \
	X(ROW_USED_UNLOCKED)      /* an address's row is used after the lock is released */ \
	X(BEQUEST_LOST)           /* the children of a job that ends are nobody's */      \
	X(FORK_LOCK_FORGOTTEN)    /* fork does not acquire one of the locks */            \
	X(FORK_OUT_OF_ORDER)      /* ... or all in another order than others do */        \
	X(CHILD_UNSEEN)           /* ... and the child takes itself for its parent */     \
	X(TURNS_NOT_TIME)         /* fair: every job is taken to be as long as was guessed */ \
	X(LENT_TIME_CHARGED)      /* a wait is charged, though its place is lent */       \
	X(LINE_END_KEPT)          /* who leaves a line leaves its end as it is */         \
	X(RAISE_UNTOLD)           /* no worker is woken when a project's limit is raised */ \
	X(LIMIT_CHANGE_UNSEEN)    /* ... nor is the project given its turn */             \
	X(HANDLE_UNLOCKED)        /* a handle's release counts without the lock */        \
	X(TALLY_TORN)             /* a job is not queued any more before it is canceled */ \
	X(TIMES_TORN)             /* how long jobs waited and ran is read one after the other */ \
	X(TOKEN_WAKE_DROPPED)     /* limits: nobody looks when there is a token again */  \
	X(REST_UNSEEN)            /* ... nor when fewer jobs of the project run */        \
	X(MAX_RUNNING_IGNORED)    /* ... nor at how many do */                            \
	X(DEBT_FORGOTTEN)         /* ... a project that nobody holds owes nothing */      \
	X(CHARGED_TWICE)          /* ... a job's time is charged twice to its project */

enum testing_fault {
#define TESTING_ENUM(name) TESTING_##name,
	TESTING_FAULTS(TESTING_ENUM)
#undef TESTING_ENUM
	TESTING_FAULT_COUNT
};

/* Written before the threads under test start. */
extern enum testing_fault testing_fault;

/* Plant the fault of that name ("WAKE_DROPPED"): 0, or -ENOENT. */
int testing_plant(const char *name);

/* Coverage is counted of the code that users get. */
#ifdef BOTHY_COVERAGE
#define TESTING_CAN_PLANT 0
#else
#define TESTING_CAN_PLANT 1
#endif

#define PLANTED(name) (TESTING_CAN_PLANT && testing_fault == TESTING_##name)

/* What the library made and destroyed, for tests of conservation. */
struct testing_counts {
	_Atomic unsigned long refs_made, refs_destroyed;
	_Atomic unsigned long contexts_begun, contexts_ended;
	_Atomic unsigned long blocks_made, blocks_freed; /* of jobs */
	_Atomic unsigned long groups_made, groups_freed;
	_Atomic unsigned long spares_kept, spares_taken; /* ... freed, and kept for others */
	_Atomic unsigned long clients_freed;
	_Atomic unsigned long projects_made, projects_freed;
};

extern struct testing_counts testing_counts;

#define TESTING_COUNT(what) ((void)atomic_fetch_add_explicit(&testing_counts.what, 1, memory_order_relaxed))

#else

#define PLANTED(name) 0
#define TESTING_COUNT(what) ((void)0)

#endif

#endif
