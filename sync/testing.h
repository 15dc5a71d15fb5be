/*
 * Switches and counters that only test builds have (BOTHY_TESTING).
 *
 * PLANTED(NAME) asks whether a test has planted that fault in the library, to see that
 * the test would find it; tests/mutants/run does so with all of them.  In the library that users
 * link it is the constant 0, and the compiler removes what depends on it.
 */
#ifndef SYNC_TESTING_H
#define SYNC_TESTING_H

#ifdef BOTHY_TESTING

#include <stdatomic.h>

/* Every fault that can be planted, and what the library then does, layer by layer. */

/* sync, refs: who an object is, and who holds what */
#define TESTING_FAULTS_REFS(X) \
	X(FORK_UNSEEN)           /* a forked child takes itself for its parent */ \
	X(SERIAL_REUSED)         /* an object is known by its address alone */ \
	X(SERIAL_BLOCKS_OVERLAP) /* two threads' blocks of serial numbers share one */ \
	X(COPY_IS_ORIGINAL)      /* a copied object has the refs of the one it was copied from */ \
	X(ADDRESS_NOT_FORGOTTEN) /* memory that is used again has the refs of what was there */ \
	X(FALLBACK_ANY)          /* the last ref of any project is handed out */ \
	X(OWN_REF_HIDDEN)        /* a context does not look at its own refs */ \
	X(UNSET_FORGOTTEN)       /* a ref that is set to nothing stays in the table */ \
	X(REF_LEAKED)            /* a table forgets to release a ref */ \
	X(REF_NOT_HELD)          /* a table takes no hold on a ref, but releases one */ \
	X(LAST_REF_LEAKED)       /* a last ref that is replaced is not released */ \
	X(CAPTURE_LOSES_ONE)     /* a capture hands on all refs but one */ \
	X(MEMORY_SHARED)         /* an arena hands out some bytes twice */ \
	X(FORK_LOCK_FORGOTTEN)   /* fork does not acquire one of the locks */ \
	X(FORK_IN_FIRST_USE)     /* fork does not wait for a library that is beginning */ \
	X(FORK_OUT_OF_ORDER)     /* fork acquires the locks in another order than others do */ \
	X(CHILD_UNSEEN)          /* a page that is wiped on fork keeps what it had */ \
	X(IDENTIFIED_TWICE)      /* an object is given a serial number without the lock */ \
	X(ADDRESS_ADDED_TWICE)   /* an address is looked up before the lock is held */ \
	X(ROW_USED_UNLOCKED)     /* an address's row is used after the lock is released */ \
	X(LAST_HOLD_LATE)        /* the last ref is held after the lock is released */ \
	X(REF_NOT_ATOMIC)        /* a ref's holds: load and store for the subtraction */

/* tls: a context, from before a job's first instruction until after its last destructor */
#define TESTING_FAULTS_TLS(X) \
	X(CONTEXT_LEFT_INSTALLED)  /* the worker does not uninstall the context */ \
	X(LEFT_BY_FAILURE)         /* the context stays installed if the job fails */ \
	X(LEFT_BY_STOP)            /* the context stays installed if the job stops when it is asked to */ \
	X(LEFT_BY_EXIT)            /* the context stays installed if the job ends its thread */ \
	X(OUTER_NOT_RESTORED)      /* leaving a context leaves the thread without the one outside */ \
	X(INNER_UNTOLD)            /* leaving a context does not say that it took inner ones along */ \
	X(CONTEXT_ID_REUSED)       /* ids start again */ \
	X(GLOBAL_CLIENT_IN_JOB)    /* a job sees the global client */ \
	X(LOCALS_KEPT)             /* the next context on the worker has the last one's locals */ \
	X(REFS_KEPT)               /* the next context on the worker has the last one's refs */ \
	X(LOCAL_LEAKED)            /* a local is not destroyed */ \
	X(DEFER_LOST)              /* a deferred function is not called */ \
	X(DEFER_ORDER_SWAPPED)     /* deferred functions run oldest first */ \
	X(LOCALS_BEFORE_DEFERRED)  /* locals are destroyed before deferred functions run */ \
	X(REFS_GONE_FIRST)         /* refs are gone before deferred functions run */ \
	X(REFS_GONE_BEFORE_FINISH) /* refs are gone before the server's finish is called */ \
	X(FINISH_FIRST)            /* the server's finish is called before deferred functions run */ \
	X(FINISH_SKIPPED)          /* the server is not told that a context ends */ \
	X(TOKEN_LEAKED)            /* the server is not told that nobody descends with a token any more */ \
	X(CLIENT_LEAKED)           /* a client that ends does not let go of its server */ \
	X(ENSURE_UNHEEDED)         /* a job runs though its project could not be made sure of */ \
	X(CAPTURE_IGNORED)         /* who adopts a capture does not get its refs */ \
	X(NESTED_UNSTOPPED)        /* a context that a job has entered does not hear the job's stop */ \
	X(NESTED_OUTLASTS_JOB)     /* a context that a job has entered may have a later deadline */ \
	X(CONTEXT_DEADLINE_UNSEEN) /* a context that was entered does not notice its deadline */ \
	X(STOP_WAKE_DROPPED)       /* a stop does not wake who sleeps */ \
	X(STOP_FD_SILENT)          /* a stop does not make its descriptor readable */ \
	X(GLOBAL_RELEASED)         /* who was the global client is released while others read it */ \
	X(SERVER_NOT_ATOMIC)       /* a server's holds: load and store for the subtraction */

/* pool: from a submit to a start */
#define TESTING_FAULTS_START(X) \
	X(WORKER_WAKE_DROPPED)    /* submit: no worker is woken */ \
	X(CLOSE_UNLOCKED)         /* submit looks at `closing` before it has the lock */ \
	X(CLOSING_ACCEPTS)        /* a pool that closes takes jobs from outside */ \
	X(REFUSED_ARG_FREED)      /* a refused job's argument is freed */ \
	X(ARG_NOT_COPIED)         /* a job has the submitter's argument, not its own copy */ \
	X(BLOCK_NOT_CLEARED)      /* a block that is used again is not cleared */ \
	X(DEFAULT_TIMEOUT_UNUSED) /* the pool's default timeout is not given to jobs */ \
	X(CHILD_OUTLASTS_PARENT)  /* a child's deadline may be later than its parent's */ \
	X(STOP_NOT_INHERITED)     /* spawn: the child is linked after the parent's stop */ \
	X(BLOCKED_WAKE_DROPPED)   /* a blocked submitter is not woken */ \
	X(ROOM_OFF_BY_ONE)        /* the queue takes one job too many */ \
	X(JOB_LOST)               /* the queue drops a job now and then */ \
	X(START_NOT_ATOMIC)       /* start: load and store for the compare-and-swap */ \
	X(IN_PLACE_UNLOCKED)      /* a job starts in place before the lock is taken */ \
	X(EXPIRED_RUNS)           /* a job is started after its deadline */ \
	X(OWN_THREAD_SHARED)      /* BOTHY_OWN_THREAD is not heeded */ \
	X(OWN_RECALLED)           /* a job is taken from a thread that starts for it, for others' sake */ \
	X(HAND_KEPT)              /* a hand is not put back for others */ \
	X(RECALL_FORGETS)         /* a hand that is put back loses one of its jobs */ \
	X(HAND_NOT_EMPTIED)       /* a claimed job is not taken out of its hand */ \
	X(FOLDED_TWICE)           /* what has ended is entered in the books anew each time */ \
	X(ENDED_KEPT)             /* a recalled hand's ended jobs are not entered in the books */ \
	X(TICK_BLIND)             /* the watchdog does not look at what was put off */ \
	X(BLOCKED_UNTOLD)         /* a close does not tell blocked submitters */ \
	X(PROJECT_ROOM_KEPT)      /* who is refused keeps its project's room */ \
	X(LINE_END_KEPT)          /* who leaves the line for room leaves its end as it is */

/* pool: whose turn it is */
#define TESTING_FAULTS_TURNS(X) \
	X(TURNS_NOT_TIME)         /* every job is taken to be as long as was guessed */ \
	X(WEIGHT_IGNORED)         /* all projects weigh the same */ \
	X(CHARGED_TWICE)          /* a job's time is charged twice to its project */ \
	X(CHARGED_NOTHING)        /* a job's time is charged to nobody */ \
	X(CHARGED_TO_ANOTHER)     /* a job's time is charged to the pool's first project */ \
	X(FREE_AFTER_WAIT)        /* what a job takes after a wait is not charged */ \
	X(UNDO_KEEPS_CHARGE)      /* a job that is put back stays charged */ \
	X(BACK_BY_NEW_WEIGHT)     /* what was charged by one weight is given back by another */ \
	X(MAX_RUNNING_IGNORED)    /* nobody looks how many jobs of a project run */ \
	X(MAX_RUNNING_OFF_BY_ONE) /* one more job of a project runs than may */ \
	X(REST_UNSEEN)            /* nobody looks when fewer jobs of a project run */ \
	X(QUEUE_MAX_OFF_BY_ONE)   /* a project's queue takes one job too many */ \
	X(TOKEN_WAKE_DROPPED)     /* nobody looks when there is a token again */ \
	X(BUCKET_NEVER_EMPTY)     /* a project never runs out of tokens */ \
	X(BURST_OFF_BY_ONE)       /* a project's burst is one job too long */ \
	X(PRIORITY_INVERTED)      /* a higher priority is a lower one */ \
	X(EARLIEST_NOT_FIRST)     /* deadlines do not order a project's jobs */ \
	X(NEWEST_FIRST)           /* a project's newest job is its first */ \
	X(DEBT_FORGOTTEN)         /* a project that nobody holds owes nothing when it comes back */ \
	X(HANDLE_UNLOCKED)        /* a project handle's release counts without the lock */ \
	X(LENT_TIME_CHARGED)      /* a wait is charged, though its place is lent */ \
	X(RAISE_UNTOLD)           /* no worker is woken when a project's limit is raised */ \
	X(LIMIT_CHANGE_UNSEEN)    /* a project whose limit is raised is not given its turn */

/* pool: running, waiting, and what is lost */
#define TESTING_FAULTS_RUN(X) \
	X(CHILD_ENDS_CONTEXT)     /* a child forked in a job runs its deferred functions, too */ \
	X(CALLBACK_IN_CONTEXT)    /* arg_free and notify run in the caller's context */ \
	X(HYGIENE_SKIPPED)        /* the floating-point environment is not put back */ \
	X(HYGIENE_NOT_RESTORED)   /* a job in place of a wait leaves the waiting one's thread as it was to it */ \
	X(WORKER_FINI_SKIPPED)    /* worker_fini is not called */ \
	X(PLACE_NOT_LENT)         /* a waiting job keeps its place */ \
	X(PLACES_OFF_BY_ONE)      /* one more job runs than there are places */ \
	X(RUN_BEQUEATHS)          /* what a job that was run has spawned is its caller's once it ends */ \
	X(LATE_LEAVES_GROUP)      /* a job that timed out leaves its group when it ends, settled or not */ \
	X(IN_PLACE_OF_NO_CHILD)   /* a job that is not the waiting one's runs in place of a wait */ \
	X(IN_PLACE_OF_STRANGER)   /* another project's job runs in place of a wait */ \
	X(IN_PLACE_OUTLASTS_WAIT) /* a job runs in place of a wait that may end before it */ \
	X(WAIT_UNTIMED)           /* a wait goes on after its deadline */ \
	X(WAIT_UNSTOPPED)         /* a stop does not end a job's wait */ \
	X(EXPIRY_UNSEEN_IN_WAIT)  /* who waits does not settle a queued job at its deadline */ \
	X(CYCLE_UNSEEN)           /* jobs that wait for each other are not told */ \
	X(DEADLINE_UNSEEN)        /* a running job's deadline passes unseen */ \
	X(NOT_SWEPT)              /* a queued job's deadline passes unseen by the watchdog */ \
	X(NO_GRACE)               /* a worker is lost as soon as its job is late */ \
	X(STOP_NOT_SENT)          /* a deadline does not ask the job to stop */ \
	X(LOST_NOT_REPLACED)      /* no new thread for a lost one */ \
	X(LOST_SERVES_ON)         /* a lost worker whose job ends serves on beside its successor */ \
	X(LOST_MAX_OFF_BY_ONE)    /* one more worker is replaced than lost_max */ \
	X(LOST_OFF_BY_ONE)        /* one more worker is lost to a project than may be */ \
	X(EXIT_NOT_REPLACED)      /* no new thread for one that called pthread_exit */ \
	X(CHILDREN_UNSTOPPED)     /* canceling a job leaves its children alone */ \
	X(PROJECT_UNSTOPPED)      /* canceling a project leaves alone what runs */ \
	X(CLOSE_STOPS_NOTHING)    /* a close whose time is over leaves alone what runs */ \
	X(CLOSE_LEAVES_QUEUE)     /* a close whose time is over leaves alone what is queued */ \
	X(THREADS_UNAWAITED)      /* a close does not wait until the pool's threads have gone */ \
	X(JOINED_UNTOLD)          /* nobody is told that threads were joined */ \
	X(STOP_UNHEARD)           /* who sleeps looks for a stop before it listens */ \
	X(PLACE_NOT_TAKEN_BACK)   /* a lent place is not taken back */ \
	X(CYCLE_UNLOCKED)         /* a wait is judged before the others can see it */ \
	X(CYCLE_OF_TWO_ALONE)     /* longer cycles of waits are not seen */ \
	X(CYCLE_OF_THE_PARENT)    /* a forked child searches its parent's waits */ \
	X(LOST_MAX_IGNORED)       /* as many workers are replaced as are lost */ \
	X(LOST_UNCOUNTED)         /* a project that has lost its threads goes on */ \
	X(FOUND_STAYS_LOST)       /* a thread that comes back counts as lost */ \
	X(RUN_LEAVES_ARGUMENT)    /* bothy_run() returns while its argument is in use */ \
	X(IN_PLACE_IS_OVER)       /* a job that ran in place is taken for settled when it has returned */ \
	X(BEQUEST_LOST)           /* the children of a job that ends are nobody's */ \
	X(STATE_KEPT)             /* what the kernel keeps for a thread is not put back */ \
	X(UNFIT_SERVES)           /* a thread that can't be put right takes other jobs */ \
	X(STARTED_BY_JOBS)        /* a thread that can't be put right starts its replacement itself */ \
	X(STARTER_KEPT)           /* the thread that starts others outlives an abandoned pool */

/* pool: settling, exactly once, and who is told */
#define TESTING_FAULTS_SETTLE(X) \
	X(SETTLED_BEFORE_REFS_GONE)  /* a job is settled before its refs are gone */ \
	X(CANCEL_NOT_ATOMIC)         /* cancel: load and store for the compare-and-swap */ \
	X(EXPIRY_NOT_ATOMIC)         /* a deadline settles a running job: the same two for it */ \
	X(CANCEL_SETTLES)            /* a job that was asked to stop is canceled, whatever it returns */ \
	X(FAILED_IS_DONE)            /* a job that returned an error settles as done */ \
	X(ERROR_TEXT_LOST)           /* what bothy_fail() said is not kept */ \
	X(ARG_FREED_FIRST)           /* a job's argument is freed before its deferred functions run */ \
	X(ARG_KEPT_BY_EXIT)          /* a job's argument is not freed if it ends its thread */ \
	X(ARG_KEPT_BY_EXPIRED)       /* an expired job's argument is not freed */ \
	X(ARG_FREE_SKIPPED)          /* a canceled job's argument is not freed */ \
	X(ARG_FREE_TWICE)            /* a canceled job's argument is freed twice */ \
	X(RESULT_LEAKED)             /* a result that nobody takes is not freed */ \
	X(LATE_RESULT_LEAKED)        /* the result of a job that has timed out is not freed */ \
	X(RELEASE_NOT_ATOMIC)        /* holds: load and store for the subtraction */ \
	X(WAKE_DROPPED)              /* a waiter is not woken */ \
	X(ONE_WAKE_ALONE)            /* a waiter is not woken if another is */ \
	X(NOTIFY_LOST)               /* notify looks at the state without the lock */ \
	X(NOTIFIED_TWICE)            /* a notify function is called twice */ \
	X(GROUP_NEWEST_ALONE)        /* a group's wait is over with its newest member */ \
	X(GROUP_EARLY)               /* a group's wait takes a claimed job for settled */ \
	X(GROUP_UNSTOPPED)           /* canceling a group leaves alone what runs */ \
	X(NEW_IS_ASKED)              /* a group's cancel takes one for asked that is not yet accepted */ \
	X(GROUP_LEAKED)              /* a group whose last member ends is not given up */ \
	X(DELIVERED_LATE)            /* a group's wait is over before a member is delivered */ \
	X(SETTLED_NOT_LEFT)          /* a thread that ends leaves its jobs in their groups */ \
	X(WITHDRAWN_UNTOLD)          /* a group's wait goes on for a job that was withdrawn */ \
	X(COMPLETION_WAKE_DROPPED)   /* a delivery wakes nobody */ \
	X(COMPLETION_LOST)           /* a job is not delivered */ \
	X(COMPLETION_UNREADABLE)     /* a delivery does not make the queue's descriptor readable */ \
	X(COMPLETION_STAYS_READABLE) /* an empty completion queue's descriptor is readable */ \
	X(UNDELIVERED_LEAKED)        /* a result that is not delivered is not freed */ \
	X(CODE_AFTER_STATE)          /* who sees that a job is over does not see how */ \
	X(WAIT_ALL_FIRST_ALONE)      /* a wait for several jobs is over with the first */ \
	X(NOTIFY_SLOT_UNLOCKED)      /* notify looks without the lock whether there is a function already */ \
	X(RESULT_TAKEN_TWICE)        /* a result is handed out by load and store */ \
	X(GROUP_EMPTY_UNLOCKED)      /* who leaves a group looks without its lock who is left */ \
	X(GROUP_RELEASE_NOT_ATOMIC)  /* groups' holds: load and store for the subtraction */ \
	X(CLOSED_UNSEEN)             /* a delivery has looked at `closed` before it has the lock */ \
	X(WAKE_NOT_PASSED_ON)        /* who is woken for a delivery and takes none keeps it from others */ \
	X(DESCRIPTOR_UNLOCKED)       /* a completion queue's descriptor is written without the lock */

/* pool: statistics */
#define TESTING_FAULTS_STATS(X) \
	X(SETTLED_TWICE_COUNTED) /* the statistics count one outcome twice */ \
	X(DONE_UNCOUNTED)        /* a project does not count what is done */ \
	X(REFUSED_TWICE_COUNTED) /* a pool counts what it refuses twice */ \
	X(FINISH_ERROR_LOST)     /* a pool does not count that a server's finish failed */ \
	X(TIMED_TWICE)           /* a job's times are recorded twice */ \
	X(BUCKET_OFF_BY_ONE)     /* a time is counted in the bucket behind its own */ \
	X(RANK_OFF_BY_ONE)       /* a percentile is of the time behind it */ \
	X(TALLY_TORN)            /* a job is not queued any more before it is canceled */ \
	X(TIMES_TORN)            /* how long jobs waited and ran is read one after the other */

/* trace: what is recorded */
#define TESTING_FAULTS_TRACE(X) \
	X(KEYS_UNSORTED)         /* canonical JSON has its keys as they came */ \
	X(ID_UNORDERED)          /* ids of one millisecond are in no order */ \
	X(ID_SHARED_BY_FORK)     /* a forked child makes its parent's ids */ \
	X(PARENT_FORGOTTEN)      /* a spawned job's calls have no parent */ \
	X(ITEM_LOST)             /* a batch loses its first item */ \
	X(LAST_BATCH_KEPT)       /* a context that ends does not hand over what it has */ \
	X(WRITER_WAKE_DROPPED)   /* a hand-over does not wake the writer */ \
	X(ROOM_WAKE_DROPPED)     /* those that wait for room are not woken */ \
	X(FLUSH_WAKE_DROPPED)    /* those that wait for a flush are not woken */ \
	X(FLUSH_EARLY)           /* a flush does not wait for what was handed over */ \
	X(FLUSH_ERROR_LOST)      /* a flush does not say what was lost */ \
	X(LOSS_UNTOLD)           /* what is lost is not noted for the flush */ \
	X(QUEUE_UNBOUNDED)       /* the writer's queue is never full */ \
	X(CALL_LOST)             /* one call of many is not written */ \
	X(CALLS_WRITTEN_TWICE)   /* calls are written twice */ \
	X(NEVER_FLUSHED)         /* the writer does not call the server's flush */ \
	X(FLUSH_FAILURE_IGNORED) /* a flush that fails is taken for one that did not */ \
	X(COMMIT_SKIPPED)        /* a transaction is not committed */ \
	X(UNDONE_UNTOLD)         /* a transaction that SQLite has undone is not told of */ \
	X(PROJECTS_MIXED)        /* a store takes a project for another one's */ \
	X(ROWS_REVERSED)         /* a table's rows are stored in reverse */ \
	X(STORE_FORK_UNSEEN)     /* a forked child uses its parent's store */ \
	X(FLUSHED_EARLY)         /* those that wait for a flush are woken before their turn */ \
	X(LOST_TOGETHER)         /* if one item fails, all that were written with it do */

#define TESTING_FAULTS(X) \
	X(NONE) \
	TESTING_FAULTS_REFS(X) \
	TESTING_FAULTS_TLS(X) \
	TESTING_FAULTS_START(X) \
	TESTING_FAULTS_TURNS(X) \
	TESTING_FAULTS_RUN(X) \
	TESTING_FAULTS_SETTLE(X) \
	TESTING_FAULTS_STATS(X) \
	TESTING_FAULTS_TRACE(X)

enum testing_fault {
#define TESTING_ENUM(name) TESTING_##name,
	TESTING_FAULTS(TESTING_ENUM)
#undef TESTING_ENUM
	TESTING_FAULT_COUNT
};

/* Written before the threads under test start. */
extern enum testing_fault testing_fault;

/* Plant the fault of that name ("WAKE_DROPPED"): 0, or -ENOENT.  A program that is started with
 * BOTHY_PLANT=WAKE_DROPPED has it from its beginning, and one with an unknown name goes no further. */
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
