/*
 * A job from its submit to the end of its block: docs/models.md says which lines this models.
 *
 * One job, with or without a deadline.  Three workers take it into their hands; a family cancels it;
 * the watchdog times it out, or sweeps the queue; who stops all jobs cancels it; a completion
 * queue has it delivered; its user asks to be notified, waits and lets the future go, and another
 * waits until it does not run any more.
 *
 * Each access of an atomic is a step.  A section of a lock is one step if it has no more than one
 * access of what the lock does not guard; the others take the lock and give it back.
 */
#include "pool/transitions.h"

/* Planted mistakes: -DMISTAKE=one of them. */
#define NONE               0
#define CLAIM_NOT_ATOMIC   1
#define NO_HOLD_TO_SETTLE  2
#define WATCHED_UNSEEN     3
#define LEFT_LISTED        4
#define NOT_PUT_BACK       5
#define TABLE_TOO_NARROW   6
#ifndef MISTAKE
#define MISTAKE NONE
#endif

#define WORKERS 3
#define IN_PLACE 2                /* which of them may run it in place of a wait */

/* ---- the phases, as the table has them --------------------------------------------- */

#define BOTHY_QUEUED        0
#define BOTHY_RUNNING       1
#define BOTHY_DONE          2
#define BOTHY_FAILED        3
#define BOTHY_CANCELED      4
#define BOTHY_EXPIRED       5
#define BOTHY_TIMED_OUT     6
#define BOTHY_THREAD_EXITED 7
#define JOB_CLAIMED         8
#define JOB_NEW             9

#define TO(phase) (1 << (phase))
#define ROW(from, followers) | ((phase == from) * (followers))
#if MISTAKE == TABLE_TOO_NARROW
#define FOLLOWERS ((0 TRANSITIONS) & ~(TO(BOTHY_EXPIRED)))
#else
#define FOLLOWERS (0 TRANSITIONS)
#endif

/* Which transitions the search has taken, to be told at its end: no part of the state. */
c_decl {
	\#include <stdio.h>
	\#include <stdlib.h>
	static unsigned taken[16];
	static void tell_taken(void)
	{
		for (int from = 0; from < 16; from++)
			for (int to = 0; to < 16; to++)
				if ((taken[from] & 1u << to) != 0)
					printf("taken: %d %d\n", from, to);
	}
	static void take(unsigned from, unsigned to)
	{
		static int called;

		if (called++ == 0)
			atexit(tell_taken);
		taken[from] |= 1u << to;
	}
};

byte phase = JOB_NEW;
byte next_phase;

/* One step, within an atomic. */
inline move(to) {
	assert(!freed && (FOLLOWERS & TO(to)) != 0);
	next_phase = to;
	c_code { take(now.phase, now.next_phase); };
	phase = next_phase;
	next_phase = 0
}

#define IS_SETTLED  (phase >= BOTHY_DONE && phase <= BOTHY_THREAD_EXITED)
#define is_over(bits) (IS_SETTLED && !((bits & RUNS) && runs) && !((bits & DELIVERS) && delivers))

/* ---- the block ----------------------------------------------------------------------- */

#define RUNS     1
#define DELIVERS 2

bool watched, runs, delivers;    /* the bits of the state word */
byte holds = 1;
bool freed;
bool due, stop;                  /* its deadline is past; it is asked to stop */

/* What is counted, to be judged at the end. */
byte arg_frees, outcomes, ended, notified, ran;
bool withdrawn, asked;

bool pool_lock;
bool hand_lock[WORKERS];         /* held apart from the pool's lock by nobody but who is here */
bool listed;                     /* in the queue */

#define SLOT_FREE    0
#define SLOT_HANDED  1
#define SLOT_RUNS    2
#define SLOT_OVERDUE 3
#define SLOT_ENDED   4
byte slot[WORKERS];
bool passed[WORKERS];            /* the hand's `next` is behind the slot */
bool top[WORKERS];

/* Watchers: two threads, and a function. */
#define NOTIFY 2
bool linked[3], token[2], alive[2];
byte delivery;                   /* 1: in the completion queue; 2: taken */

#define LOCALS bool w, r, d, call, one

/* pool/job.c: drop_hold(), job_free() */

inline free_block() {
	atomic {
		assert(!freed && IS_SETTLED && !runs && !delivers);
		assert(!linked[0] && !linked[1] && !linked[NOTIFY]);
		assert(!listed && !top[0] && !top[1] && !top[2]);
		freed = true
	}
}

inline job_release() {
	atomic { assert(!freed && holds > 0); one = (holds == 1) };
	if
	:: !one -> atomic { assert(!freed); holds--; one = (holds == 0) }
	:: else
	fi;
	if
	:: one -> free_block()
	:: else
	fi;
	one = false
}

/* pool/settle.c: has_come(), wake_watchers(), tell_watchers() */

#define bits_of(x) (x == 1 -> RUNS : 0)

inline wake(x) {
	if
	:: linked[x] && !(x == 1 && r) -> linked[x] = false; assert(alive[x]); token[x] = true
	:: else
	fi
}

inline tell_watchers() {
	atomic {
		assert(!freed);
		wake(0);
		wake(1);
		if
		:: linked[NOTIFY] -> linked[NOTIFY] = false; call = true
		:: else
		fi
	};
	if
	:: call -> atomic { notified++; call = false }
	:: else
	fi
}

/* pool/settle.c: settle_publish(), deliver(), delivered() */

inline settle_publish(to, drop) {
	atomic {
		move(to);
		if
		:: drop & RUNS -> runs = false
		:: else
		fi;
		if
		:: drop & DELIVERS -> delivers = false
		:: else
		fi;
		outcomes++;
		w = watched; r = runs; d = delivers
	};
	if
	:: d ->
		atomic { assert(!freed); holds++; assert(delivery == 0); delivery = 1 };
		atomic { assert(!freed); delivers = false; w = watched; r = runs; d = false }
	:: else
	fi;
	if
	:: w -> tell_watchers()
	:: else
	fi;
	atomic { w = false; r = false }
}

inline settle_ended() {
	atomic { assert(!freed); runs = false; w = watched };
	if
	:: w -> tell_watchers()
	:: else
	fi;
	w = false
}

/* pool/project.c: project_unlink_locked(); pool/hand.c: hand_drop_locked() */

inline drop_from(x) {
	if
	:: slot[x] == SLOT_HANDED -> slot[x] = SLOT_FREE
	:: else
	fi
}

inline unlink() {
	listed = false;
	drop_from(0);
	drop_from(1);
	drop_from(2)
}

/* pool/settle.c: settle_one() */

inline settle_one(to) {
	atomic { assert(!freed); arg_frees++ };
	atomic {
		!pool_lock ->
		assert(!freed);
#if MISTAKE != LEFT_LISTED
		unlink()
#endif
	};
	settle_publish(to, 0);
	job_release();
	atomic { !pool_lock -> ended++ }
}

/* pool/hand.c: hand_recall_locked(), hand_fold_locked() */

inline recall(x) {
	if
	:: slot[x] == SLOT_HANDED && !passed[x] ->
		assert(!freed);
		slot[x] = SLOT_FREE;
#if MISTAKE != NOT_PUT_BACK
		listed = true
#endif
	:: slot[x] == SLOT_HANDED && passed[x] -> assert(!freed); slot[x] = SLOT_FREE
	:: slot[x] == SLOT_ENDED -> slot[x] = SLOT_FREE; ended++
	:: else
	fi
}

/* ---- who runs it --------------------------------------------------------------------- */

/* pool/run.c: finish_run().  HANDED: it is in the worker's hand, and not in place. */
inline run_taken(me, handed) {
	atomic { assert(!freed && ran == 0); ran++ };
	if
	:: outcome = BOTHY_DONE
	:: outcome = BOTHY_FAILED
	:: outcome = BOTHY_THREAD_EXITED
	:: stop -> outcome = BOTHY_CANCELED
	fi;
	atomic { assert(!freed); arg_frees++ };
	atomic {
		assert(!freed);
		if
		:: phase == BOTHY_RUNNING -> move(JOB_CLAIMED); claimed = true
		:: else
		fi
	};
	if
	:: handed ->
		atomic { !hand_lock[me] -> slot[me] = SLOT_ENDED; top[me] = false }
	:: else ->
		atomic { !pool_lock -> top[me] = false; ended++ }
	fi;
	if
	:: claimed -> settle_publish(outcome, RUNS)
	:: else -> settle_ended()
	fi;
	job_release();
	atomic { claimed = false; outcome = 0 }
}

/* pool/worker.c: next_job(); pool/take.c: take_locked(); pool/hand.c: hand_start() */
proctype worker(byte me)
{
	LOCALS;
	bool expired, claimed;
	byte outcome;

	/* pool/run.c: run_in_place(): its job waits for this one, with a hold. */
	if
	:: me == IN_PLACE ->
		atomic {
			!pool_lock ->
			assert(!freed);
			if
			:: phase == BOTHY_QUEUED ->
				move(BOTHY_RUNNING);
				runs = true; unlink(); top[me] = true
			:: else
			fi
		};
		if
		:: top[me] -> run_taken(me, false)
		:: else
		fi;
		job_release()
	:: else
	fi;
	do
	:: atomic {
		!pool_lock && (listed || ended > 0 || slot[me] != SLOT_FREE) ->
		/* settle_accounts_locked() */
		if
		:: slot[me] == SLOT_HANDED -> assert(!freed); slot[me] = SLOT_FREE
		:: slot[me] == SLOT_ENDED -> slot[me] = SLOT_FREE; ended++
		:: else -> assert(slot[me] == SLOT_FREE)
		fi;
		passed[me] = false;
		if
		:: listed ->
			assert(!freed);
			listed = false;
			if
			:: phase != BOTHY_QUEUED
			:: phase == BOTHY_QUEUED -> slot[me] = SLOT_HANDED
			:: phase == BOTHY_QUEUED && due -> move(JOB_CLAIMED); expired = true
			fi
		:: !listed && ended > 0 -> break
		:: else
		fi
		}
		if
		:: slot[me] == SLOT_HANDED || !expired -> atomic {
			!hand_lock[me] ->
			if
			:: slot[me] != SLOT_HANDED
			:: slot[me] == SLOT_HANDED ->
				assert(!freed);
				passed[me] = true;
				if
				:: phase != BOTHY_QUEUED
				:: phase == BOTHY_QUEUED ->
					move(BOTHY_RUNNING);
					runs = true; slot[me] = SLOT_RUNS; top[me] = true
				:: phase == BOTHY_QUEUED && due -> move(JOB_CLAIMED); expired = true
				fi
			fi
			}
		:: else
		fi;
		if
		:: expired -> expired = false; settle_one(BOTHY_EXPIRED)
		:: !expired && top[me] -> run_taken(me, true)
		:: else
		fi
	od
}

/* ---- who settles it without running it ------------------------------------------------- */

/* pool/watchdog.c: time_out_locked() */
inline time_out(x) {
	if
	:: top[x] ->
		hand_lock[x] = true;
		atomic {
			assert(!freed);
			if
			:: phase == BOTHY_RUNNING ->
#if MISTAKE != CLAIM_NOT_ATOMIC
				move(JOB_CLAIMED);
#endif
				chained = true;
				if
				:: slot[x] == SLOT_RUNS -> slot[x] = SLOT_OVERDUE
				:: else
				fi
			:: else
			fi
		};
#if MISTAKE == CLAIM_NOT_ATOMIC
		if
		:: chained && !IS_SETTLED -> atomic { phase = JOB_CLAIMED }
		:: else
		fi;
#endif
#if MISTAKE != NO_HOLD_TO_SETTLE
		if
		:: chained -> atomic { assert(!freed); holds++ }
		:: else
		fi;
#endif
		atomic { assert(!freed); stop = true; hand_lock[x] = false }
	:: else -> recall(x)
	fi
}

/* pool/watchdog.c: look_locked() */
proctype watchdog()
{
	LOCALS;
	bool chained, expired;

	do
	:: atomic {
		!pool_lock && due && (phase == BOTHY_QUEUED || phase == BOTHY_RUNNING) &&
		(listed || top[0] || top[1] || top[2] || slot[0] == SLOT_HANDED ||
		 slot[1] == SLOT_HANDED || slot[2] == SLOT_HANDED) -> pool_lock = true
		}
		time_out(0);
		time_out(1);
		time_out(2);
		/* sweep_locked() */
		atomic {
			if
			:: listed && phase == BOTHY_QUEUED ->
				move(JOB_CLAIMED);
				unlink();
				expired = true
			:: else
			fi;
			pool_lock = false
		};
		if
		:: chained ->
			chained = false;
			settle_publish(BOTHY_TIMED_OUT, 0);
			job_release()
		:: else
		fi;
		if
		:: expired -> expired = false; settle_one(BOTHY_EXPIRED)
		:: else
		fi
	:: ended > 0 -> break
	od
}

/* pool/close.c: stop_all_locked() */
proctype stopper()
{
	LOCALS;
	bool claimed;

	atomic {
		!pool_lock ->
		recall(0);
		recall(1);
		recall(2);
		if
		:: listed && phase == BOTHY_QUEUED -> move(JOB_CLAIMED); unlink(); claimed = true
		:: else
		fi;
		if
		:: top[0] || top[1] || top[2] -> assert(!freed); stop = true
		:: else
		fi
	};
	if
	:: claimed -> settle_one(BOTHY_CANCELED)
	:: else
	fi
}

/* pool/family.c: family_cancel(), by who has a hold */
proctype canceler()
{
	LOCALS;
	bool claimed;

	atomic {
		assert(!freed);
		if
		:: phase == BOTHY_QUEUED -> move(JOB_CLAIMED); claimed = true
		:: phase == BOTHY_RUNNING -> stop = true
		:: else
		fi
	};
	if
	:: claimed -> settle_one(BOTHY_CANCELED)
	:: else
	fi;
	job_release()
}

/* ---- who wants to know ------------------------------------------------------------------ */

#define OVER(x) (IS_SETTLED && !(x == 1 && runs))

/* pool/settle.c: watch_locked(): linked first, then the bit, in the word that says whether it is over. */
inline settle_watch(x) {
	atomic {
		assert(!freed);
#if MISTAKE == WATCHED_UNSEEN
		linked[x] = !OVER(x)
	};
	watched = true
#else
		watched = true;
		linked[x] = !OVER(x)
	}
#endif
}

/* pool/wait.c: wait_parked() */
proctype waiter(byte x)
{
	LOCALS;
	bool expired, was_queued;

	atomic { alive[x] = true; token[x] = false };
	settle_watch(x);
	do
	:: OVER(x) -> assert(!freed); break
	:: !OVER(x) ->
		assert(!freed);
		was_queued = (phase == BOTHY_QUEUED);
		if
		:: token[x] -> token[x] = false
		:: was_queued && due
		:: x == 0 -> break       /* its own deadline */
		fi;
		/* expire_if_due() */
		atomic {
			if
			:: due && phase == BOTHY_QUEUED -> move(JOB_CLAIMED); expired = true
			:: else
			fi;
			was_queued = false
		};
		if
		:: expired -> expired = false; settle_one(BOTHY_EXPIRED)
		:: else
		fi
	od;
	atomic { assert(!freed); linked[x] = false; alive[x] = false; was_queued = false };
	job_release()
}

/* pool/future.c: future_notify(); pool/settle.c: settle_notify(), settle_withdraw() */
proctype user()
{
	LOCALS;
	bool claimed;

	if
	:: atomic { asked = true; assert(!freed); watched = true; linked[NOTIFY] = !IS_SETTLED; call = IS_SETTLED }
		if
		:: call -> atomic { notified++; call = false }
		:: else
		fi
	:: atomic {
		assert(!freed);
		if
		:: phase == BOTHY_QUEUED -> move(JOB_CLAIMED); claimed = true
		:: else
		fi
		}
		if
		:: claimed ->
			atomic { !pool_lock -> assert(!freed); unlink(); ended++; withdrawn = true };
			settle_publish(BOTHY_CANCELED, DELIVERS);
			job_release()           /* the execution's */
		:: else
		fi
	:: true
	fi;
	job_release()
}

/* pool/completions.c: completions_next() */
proctype consumer()
{
	LOCALS;

	if
	:: atomic { delivery == 1 -> delivery = 2 }
		assert(!freed && IS_SETTLED);
		job_release()
	:: freed
	fi
}

proctype clock() { due = true }

/* When nothing can move any more. */
active proctype judge()
{
	timeout;
	assert(freed && outcomes == 1 && ended == 1);
	assert(arg_frees == (withdrawn -> 0 : 1));
	assert(notified == (asked -> 1 : 0));
	assert(!listed && slot[0] == SLOT_FREE && slot[1] == SLOT_FREE && slot[2] == SLOT_FREE)
}

init {
	atomic {
		/* pool/submit.c: enter(); pool/job.c: job_accept() */
		move(BOTHY_QUEUED);
		listed = true;
		if
		:: delivers = true
		:: true
		fi;
		holds = 1 /* execution */ + 1 /* user */ + 2 /* waiters */ + 1 /* canceler */ +
		        1 /* in place */;
		run worker(0);
		run worker(1);
		run worker(2);
		run watchdog();
		run stopper();
		run canceler();
		run waiter(0);
		run waiter(1);
		run user();
		run consumer();
		if
		:: run clock()
		:: true
		fi
	}
}
