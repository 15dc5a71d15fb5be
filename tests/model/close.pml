/*
 * The close of a pool whose workers are lost, replaced, ended by their job, or lend their places:
 * docs/models.md says which lines this models.
 *
 * Three workers, four jobs: some hang until every plain one has ended, past their deadline and its
 * grace; one may wait for the last, and lend its place meanwhile; one may end its thread; the others
 * just end.  The last SUBMITTED of them are submitted by another thread while the pool may close
 * already: then they are refused.  The close has a deadline, after which it is called again without
 * one, or none.
 *
 * Each section of the pool's lock is one step: what is in it is guarded by it, but for the tokens of
 * those who park (park.pml), each of which is posted at most once in it.
 */

/* Planted mistakes: -DMISTAKE=one of them. */
#define NONE              0
#define LOST_NOT_REPLACED 1
#define END_NOT_TOLD      2
#define WAKE_DROPPED      3
#define LEAVER_COUNTED    4
#ifndef MISTAKE
#define MISTAKE NONE
#endif

#define WORKERS   3
#define LOST_MAX  1
#define SPARE_MAX 1
#define THREADS   (WORKERS + SPARE_MAX + 3)
#define JOBS      4
#define SUBMITTED 2

#define OPEN     0
#define CLOSING  1
#define STOPPING 2
#define EXITING  3
byte phase;

/* Jobs, and what each is. */
#define PLAIN 0
#define HANGS 1
#define WAITS 2
#define EXITS 3
byte kind[JOBS];
bool ended[JOBS];         /* its function has returned, or it will never run */
byte next, tail;          /* the first that is queued, and the one behind the last */
byte live;

/* The books of pool.h. */
byte threads, lost, waiting, lent, busy, searching, started, joined, leaving;
byte retiring;            /* of threads: they will leave, for another has their place */
bool idle[THREADS], token[THREADS], placed[THREADS], is_lost[THREADS];
bool hangs[THREADS];      /* it runs a job that hangs */
bool staff_due;           /* staff_at is past */
bool watchdog_token, watchdog_gone, observer, observer_token, closed;

#define given_up (lost > LOST_MAX -> lost - LOST_MAX : 0)
#define places   (WORKERS - given_up)
#define there    (threads - lost - leaving)
#define serving  (there - waiting)
#define some(f)  (f[0] || f[1] || f[2] || f[3] || f[4] || f[5] || f[6])
#define can_send (some(idle) && next < tail && searching == 0 && busy < places)
#define plain_over ((kind[0] != PLAIN || ended[0]) && (kind[1] != PLAIN || ended[1]) && \
                    (kind[2] != PLAIN || ended[2]) && (kind[3] != PLAIN || ended[3]))

/* pool/pool.c: pool_changed_locked() */
inline changed() { observer_token = observer_token || observer }

/* pool/pool.c: pool_wake_worker_now_locked(); then pool.h's invariants. */
inline wake_worker() {
	if
	:: can_send ->
		do
		:: idle[k] -> break
		:: else -> k++
		od;
		idle[k] = false;
		searching++;
#if MISTAKE != WAKE_DROPPED
		token[k] = true;
#endif
		k = 0
	:: else
	fi;
	assert(!can_send);
	assert(there - retiring <= WORKERS + SPARE_MAX && lent <= SPARE_MAX && waiting <= lent);
	assert(phase >= STOPPING || staff_due || serving >= places)
}

/* pool/worker.c: short_locked(), worker_staff_locked() */
inline staff() {
	staff_due = false;
	do
#if MISTAKE == LEAVER_COUNTED
	:: phase < STOPPING && serving < places && threads - lost < WORKERS + SPARE_MAX ->
#else
	:: phase < STOPPING && serving < places && there < WORKERS + SPARE_MAX ->
#endif
		assert(started < THREADS);
		threads++;
		started++;
		run worker(started - 1)
	:: else -> break
	od
}

/* pool/pool.c: pool_jobs_ended_locked() */
inline jobs_ended(n) {
	assert(live >= n);
	live = live - n;
	if
#if MISTAKE != END_NOT_TOLD
	:: live == 0 && phase != OPEN -> changed()
#endif
	:: else
	fi
}

/* pool/wait.c: lend_locked(), place_lend(), place_reclaim() */
inline lend(me) {
	atomic {
		if
		:: placed[me] && lent < SPARE_MAX ->
			lent++;
			waiting++;
			staff();
			placed[me] = false;
			busy--
		:: else
		fi;
		wake_worker()
	}
}

inline reclaim(me) {
	atomic {
		if
		:: !placed[me] && kind[job] == WAITS && !is_lost[me] && lent > 0 ->
			placed[me] = true;
			busy++;
			lent--;
			waiting--
		:: else
		fi
	}
}

/* pool/worker.c: fill_hand(), serve(), worker_leave(); pool/take.c: take_locked() */
proctype worker(byte me)
{
	byte job = JOBS, k;
	bool goes, retires;

	do
	:: atomic {
		/* settle_accounts_locked(), retires_locked() */
		if
		:: job < JOBS -> job = JOBS; jobs_ended(1)
		:: else
		fi;
		if
		:: placed[me] -> placed[me] = false; busy--
		:: else
		fi;
		if
		:: is_lost[me] ->
			is_lost[me] = false;
			lost--;
			goes = (serving > WORKERS);
			retiring = retiring + (goes -> 1 : 0);
			retires = goes
		:: else
		fi;
take:
		if
		:: goes
		:: !goes && busy < places && next < tail ->
			job = next;
			next++;
			busy++;
			placed[me] = true;
			hangs[me] = (kind[job] == HANGS)
		:: else ->
			if
			:: phase == EXITING -> goes = true
			:: else -> idle[me] = true
			fi
		fi;
		wake_worker()
		}
		if
		:: job < JOBS
		:: job == JOBS && goes -> break
		:: else ->
			/* park_idle_locked() */
			atomic { token[me] -> token[me] = false; searching--; goto take }
		fi;
		/* run_taken() */
		if
		:: kind[job] == HANGS -> plain_over
		:: kind[job] == WAITS && !ended[JOBS - 1] ->
			lend(me);
			ended[JOBS - 1];
			reclaim(me)
		:: else
		fi;
		atomic { ended[job] = true; hangs[me] = false }
		if
		:: kind[job] == EXITS -> break
		:: else
		fi
	od;
	/* worker_leave(), with settle_accounts_locked() and replace_locked() */
	atomic {
		if
		:: job < JOBS -> jobs_ended(1)
		:: else
		fi;
		if
		:: placed[me] -> placed[me] = false; busy--
		:: else
		fi;
		leaving++;
		staff();
		leaving--;
		threads--;
		retiring = retiring - (retires -> 1 : 0);
		wake_worker();
		changed();
		joined++
	}
}

/* pool/submit.c: a pool that closes refuses; else the job is accepted. */
proctype submitter()
{
	byte job = JOBS - SUBMITTED, k;

	do
	:: job < JOBS ->
		atomic {
			if
			:: phase == OPEN ->
				tail++;
				live++;
				wake_worker()
			:: else -> ended[job] = true
			fi;
			job++
		}
	:: else -> break
	od
}

/* pool/watchdog.c: check_workers_locked(), lose_locked(), check_staff_locked() */
proctype watchdog()
{
	byte i, k;

	do
	:: atomic {
		watchdog_token || staff_due || (hangs[0] && placed[0]) || (hangs[1] && placed[1]) ||
		(hangs[2] && placed[2]) || (hangs[3] && placed[3]) || (hangs[4] && placed[4]) ||
		(hangs[5] && placed[5]) || (hangs[6] && placed[6]) ->
		watchdog_token = false;
		if
		:: phase == EXITING -> break
		:: else
		fi;
		do
		:: i < THREADS ->
			if
			:: hangs[i] && placed[i] ->
				placed[i] = false;
				busy--;
				is_lost[i] = true;
				lost++;
				staff_due = true
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0;
#if MISTAKE == LOST_NOT_REPLACED
		staff_due = false;
#else
		if
		:: staff_due -> staff()
		:: else
		fi;
#endif
		wake_worker()
		}
	od;
	atomic { watchdog_gone = true; changed() }
}

/* pool/pool.c: pool_await_change_locked(), in a loop on COND. */
inline await(cond, timed, error) {
	do
	:: atomic { cond -> observer = false; break }
	:: atomic { !(cond) -> observer = true; observer_token = false }
		if
		:: observer_token
		:: timed -> atomic { observer = false; error = !(cond) }; break
		fi
	od
}

/* pool/close.c: pool_close(), pool_free() */
proctype closer()
{
	byte k, n;
	bool timed, error;

	if
	:: timed = true
	:: timed = false
	fi;
again:
	/* begin_locked() */
	atomic {
		if
		:: phase < CLOSING -> phase = CLOSING
		:: else
		fi
	};
	await(live == 0, timed, error);
	if
	:: error ->
		/* stop_all_locked() */
		atomic {
			phase = STOPPING;
			do
			:: next < tail -> ended[next] = true; next++; n++
			:: else -> break
			od
		};
		/* settle_chain() */
		do
		:: atomic { n > 0 -> jobs_ended(1); n-- }
		:: n == 0 -> break
		od;
		atomic { error = false; timed = false };
		goto again
	:: else
	fi;
	/* end_threads_locked(), pool_exit_locked() */
	atomic {
		phase = EXITING;
		do
		:: k < THREADS ->
			if
			:: idle[k] -> idle[k] = false; searching++; token[k] = true
			:: else
			fi;
			k++
		:: else -> break
		od;
		k = 0;
		watchdog_token = true
	};
	await(threads == 0 && watchdog_gone, false, error);
	atomic {
		assert(next == tail && live == 0 && busy == 0 && lost == 0 && waiting == 0 && lent == 0);
		assert(searching == 0 && joined == started);
		assert(ended[0] && ended[1] && (ended[2] || tail < 3) && (ended[3] || tail < 4));
		closed = true
	}
}

init {
	byte k;

	atomic {
		if
		:: kind[0] = HANGS; kind[1] = HANGS; kind[2] = HANGS
		:: kind[0] = HANGS; kind[1] = HANGS; kind[2] = WAITS
		:: kind[0] = HANGS; kind[1] = EXITS; kind[2] = WAITS
		fi;
		tail = JOBS - SUBMITTED;
		live = tail;
		staff();
		run watchdog();
		run submitter();
		run closer()
	}
}

ltl closes { <> closed }
