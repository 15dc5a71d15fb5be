/*
 * Parking, as those use it who wait on a list: docs/models.md says which lines this models.
 *
 * Three workers wait for what a completion queue delivers, with or without a deadline.  Worker 0 waits
 * until its job is asked to stop or, with -DAGAIN, twice.  One sleep may end for no reason, as it does
 * for a signal.  A parker is in the waiting call's frame: so it is there for one round, and its address
 * is again the next one's.
 */
/* Planted mistakes: -DMISTAKE=one of them. */
#define NONE               0
#define SLEEPS_BLINDLY     1
#define WAKE_NOT_PASSED_ON 2
#define STAYS_LISTED       3
#define POSTED_LATE        4
#ifndef MISTAKE
#define MISTAKE NONE
#endif

#define WORKERS 3
#ifdef AGAIN
#define ROUNDS 2
#else
#define ROUNDS 1
#endif
#ifndef SPURIOUS
#define SPURIOUS 1
#endif
#ifndef DELIVERIES
#define DELIVERIES 2
#endif

#define EMPTY  0
#define TOKEN  1
#define PARKED 2

byte state[WORKERS];      /* of the parkers; the futex's word */
bool asleep[WORKERS];     /* in futex_wait(), in the kernel */
bool alive[WORKERS];      /* the parker is there */
byte spurious = SPURIOUS; /* sleeps that may yet end for no reason */

/* Guarded by the completion queue's lock.  What is done under that touches nothing else that others
 * see but, once, the state of a parker: so each such section is one step. */
chan list = [WORKERS] of { byte };
byte queued;
byte taken, delivered;

bool stripe;              /* guards worker 0's sleeper */
bool attached, stop;

/* sync/native/park.c */

inline parker_post(p, kick) {
	atomic {
#if MISTAKE != POSTED_LATE
		assert(alive[p]);
#endif
		kick = (state[p] == PARKED);
		state[p] = TOKEN
	}
}

/* Only the address counts: whoever sleeps there wakes. */
inline parker_kick(p) { asleep[p] = false }

inline parker_park(p, timed, error) {
	error = false;
	if
	:: atomic { state[p] == EMPTY -> state[p] = PARKED }
		do
		::
			/* futex_wait(): the kernel compares the word. */
#if MISTAKE == SLEEPS_BLINDLY
			asleep[p] = true;
#else
			atomic { asleep[p] = (state[p] == PARKED) }
#endif
end_asleep:
			if
			:: !asleep[p]
			:: atomic { asleep[p] && timed -> asleep[p] = false; error = true }
			:: atomic { asleep[p] && spurious > 0 -> asleep[p] = false; spurious-- }
			fi;
			if
			:: state[p] == TOKEN || error -> break
			:: else
			fi
		od;
		atomic { error = (state[p] != TOKEN); state[p] = EMPTY }
	:: atomic { state[p] != EMPTY -> assert(state[p] == TOKEN) }
		state[p] = EMPTY
	fi
}

/* pool/waitlist.c, pool/completions.c */

inline wake_one_locked(to, kick) {
	kick = false;
	if
	:: nempty(list) ->
		list?to;
#if MISTAKE != POSTED_LATE
		parker_post(to, kick)
#endif
	:: empty(list)
	fi
}

inline give_kick(to, kick) {
	if
	:: kick -> parker_kick(to)
	:: else
	fi
}

inline take_or_watch(me, got) {
	atomic {
		if
		:: queued > 0 -> queued--; got = true
		:: queued == 0 && !(list??[eval(me)]) -> list!me
		:: else
		fi
	}
}

inline unwatch(me, to, kick) {
	atomic {
#if MISTAKE != STAYS_LISTED
		if
		:: list??[eval(me)] -> list??eval(me)
		:: else
		fi;
#endif
		kick = false;
#if MISTAKE != WAKE_NOT_PASSED_ON
		if
		:: queued > 0 -> wake_one_locked(to, kick)
		:: else
		fi
#endif
	};
	give_kick(to, kick)
}

/* tls/stop.c */

inline stop_attach(me, error) {
	if
	:: me == 0 ->
		atomic { !stripe -> error = stop; attached = !stop }
	:: else
	fi
}

inline stop_detach(me) {
	if
	:: me == 0 -> atomic { !stripe -> attached = false }
	:: else
	fi
}

proctype worker(byte me; byte round)
{
	byte to;
	bool got, error, kick, timed;

	do
	:: round > 0 ->
		atomic { state[me] = EMPTY; alive[me] = true; got = false; error = false };
		if
		:: timed = false
		:: me < 2 -> timed = true
		fi;
		take_or_watch(me, got);
		if
		:: !got ->
			stop_attach(me, error);
			do
			:: !error && !got ->
				parker_park(me, timed, error);
				error = error || (me == 0 && stop);
				take_or_watch(me, got)
			:: else -> break
			od;
			stop_detach(me)
		:: else
		fi;
		unwatch(me, to, kick);
		atomic {
			alive[me] = false;
			taken = taken + (got -> 1 : 0);
			round--;
			to = 0; kick = false; got = false; error = false
		}
	:: else -> break
	od
}

proctype deliverer(byte n)
{
	byte to = WORKERS;
	bool kick;

	do
	:: n > 0 ->
		atomic { queued++; delivered++; n--; wake_one_locked(to, kick) };
#if MISTAKE == POSTED_LATE
		if
		:: to < WORKERS -> assert(alive[to]); parker_post(to, kick)
		:: else
		fi;
#endif
		give_kick(to, kick)
	:: else -> break
	od
}

proctype stopper()
{
	bool kick;

	atomic { !stripe -> stripe = true };
	stop = true;
	if
	:: attached -> parker_post(0, kick)
	:: else
	fi;
	stripe = false;
	give_kick(0, kick)
}

/* When nothing can move any more. */
active proctype judge()
{
	byte i;

	timeout;
	assert(taken + queued == delivered && delivered == DELIVERIES);
	do
	:: i < WORKERS ->
		/* Nobody sleeps on a token, or beside something that is there to be taken. */
		assert(!asleep[i] || (state[i] == PARKED && queued == 0));
		assert(i > 0 || !asleep[i] || !stop);
		i++
	:: else -> break
	od
}

init {
	atomic {
		run worker(0, ROUNDS);
		run worker(1, 1);
		run worker(2, 1);
		run deliverer(DELIVERIES);
		if
		:: ROUNDS == 1 -> run stopper()
		:: else
		fi
	}
}
