/*
 * One job, from when it is submitted until its block is freed: docs/models.md.
 *
 * Three workers want it: two that take it from the queue, from one of whose hands it may be recalled,
 * and one that waits for it and would run it in place.  Beside them are the watchdog, who expires it
 * or times it out, a thread that cancels it, and one that waits until its function has ended or, with
 * -DTOLD, wants to be told.  Each of those that are not workers has a hold and releases it.
 *
 * What a lock guards is one atomic step here where there is no more than one access in it to what the
 * lock does not guard (Lipton, "Reduction", CACM 18(12), 1975): the stripe's sections and the hand's,
 * of which the latter stand for the pool's lock as well.
 *
 * -DREACH_FROM=f -DREACH_TO=t: that transition "never" happens.  tests/model/run has Spin refute it
 * for each transition that the table permits.
 */

/* Planted mistakes: -DMISTAKE=one of them. */
#define NONE             0
#define START_NOT_ATOMIC 1
#define LOOKED_TOO_EARLY 2
#define IN_PLACE_IS_OVER 3
#define NO_HOLD          4
#define TABLE_TOO_NARROW 5
#ifndef MISTAKE
#define MISTAKE NONE
#endif

/* The phases, as <bothy/future.h> and pool/job.h have them: tests/test_models.sh compares. */
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
#include "pool/transitions.h"

#define PHASES 16
int legal[PHASES];

#define QUEUE 0 /* places of the job: here, in the hand of worker 1 or 2, or nowhere */
#define NOWHERE 3

#define ENDER 0 /* watchers: parked until the function has ended, ... */
#define TELL 1  /* ... and to be told when it is settled */
#define WAITER 2 /* parked until it is settled */
#define WATCHERS 3

/* The block. */
byte phase, holds;
bit watched, runs, has_result;
bit linked[WATCHERS];
bit has_notify, stop;
byte place, top;  /* top: the worker that has it on its stack, 0: none */
bit freed;

/* What is to be so. */
byte settled, arguments_freed, told;
byte results_made, results_taken, results_freed;
bit token[WATCHERS];

#define touch() assert(!freed)

/* Whether what one waits for has come: it is settled, and its function has ENDED, if that is waited
 * for as well. */
#define has_come(ended) (phase >= BOTHY_DONE && phase <= BOTHY_THREAD_EXITED && !(ended && runs))

inline check_legal(from, to)
{
	assert((legal[from] & TO(to)) != 0);
#ifdef REACH_FROM
	assert(!(from == REACH_FROM && to == REACH_TO));
#endif
}

/* job_move(): OK says whether it was in FROM; RUN also sets RUNS. */
inline job_move(from, to, begins, ok)
{
	atomic {
		touch();
		check_legal(from, to);
		ok = (phase == from);
		if
		:: ok -> phase = to; runs = runs | begins
		:: else
		fi
	}
}

/* job_publish(); STATE is what it made: whether it is watched, and whether it runs. */
inline job_publish(to, drop_runs, saw_watched, saw_runs)
{
	atomic {
		touch();
		check_legal(phase, to);
		phase = to;
		settled++;
		assert(settled == 1);
		runs = runs & !drop_runs;
		saw_watched = watched;
		saw_runs = runs
	}
}

/* wake_watchers() and tell_watchers(), by the state that was made. */
inline tell_watchers(saw_runs, call)
{
	d_step {
		touch();
		call = 0;
		if
		:: linked[WAITER] -> linked[WAITER] = 0; token[WAITER] = 1
		:: else
		fi;
		if
		:: linked[ENDER] && !saw_runs -> linked[ENDER] = 0; token[ENDER] = 1
		:: else
		fi;
		if
		:: linked[TELL] -> linked[TELL] = 0; call = 1
		:: else
		fi
	}
	told = told + call
}

/* settle_publish(). */
inline settle_publish(to, drop_runs)
{
	job_publish(to, drop_runs, saw_watched, saw_runs);
	if
	:: saw_watched -> tell_watchers(saw_runs, call)
	:: else
	fi
}

/* job_release(): the last one frees the result, if nobody took it, and the block. */
inline job_release()
{
	atomic {
		touch();
		last = (holds == 1)
	}
	if
	:: !last ->
		atomic {
			touch();
			holds--;
			last = (holds == 0)
		}
	:: else
	fi;
	if
	:: last ->
		d_step {
			touch();
			if
			:: has_result -> has_result = 0; results_freed++
			:: else
			fi;
			freed = 1
		}
	:: else
	fi
}

/* settle_chain() of a job that never ran, which this one has claimed. */
inline settle_unrun(to)
{
	d_step { /* project_unlink_locked(), hand_drop_locked() */
		touch();
		arguments_freed++;
		place = NOWHERE
	}
	settle_publish(to, 0);
	job_release()
}

/* run_taken(), run_all(): the function, and all that follows; the worker ME has started it. */
inline run_job(me)
{
	atomic {
		if
		:: outcome = BOTHY_DONE; made_result = 1
		:: outcome = BOTHY_FAILED
		:: outcome = BOTHY_THREAD_EXITED
		:: stop -> outcome = BOTHY_CANCELED
		fi;
		arguments_freed++;
		results_made = results_made + made_result
	}
	job_move(BOTHY_RUNNING, JOB_CLAIMED, 0, ok);
	atomic {
		if
		:: ok -> has_result = made_result
		:: else -> results_freed = results_freed + made_result
		fi;
		made_result = 0;
		touch();
		top = 0 /* hand_end(): the watchdog sees it no more */
	}
	if
	:: ok -> settle_publish(outcome, 1)
	:: else ->
		atomic { /* settle_ended() */
			touch();
			runs = 0;
			saw_watched = watched && has_come(1); /* if not, who publishes will come */
			saw_runs = 0
		}
		if
		:: saw_watched -> tell_watchers(saw_runs, call)
		:: else
		fi
	fi;
	job_release()
}

/* hand_start(): if the job is still in the hand, and nobody has claimed it. */
inline hand_start(me)
{
#if MISTAKE == START_NOT_ATOMIC
	atomic {
		ok = (place == me);
		if
		:: ok -> touch(); ok = (phase == BOTHY_QUEUED)
		:: else
		fi
	}
	if
	:: ok -> touch(); phase = BOTHY_RUNNING; runs = 1
	:: else
	fi;
	atomic {
		if
		:: ok -> top = me; place = NOWHERE
		:: else
		fi
	}
#else
	atomic {
		if
		:: place == me ->
			job_move(BOTHY_QUEUED, BOTHY_RUNNING, 1, ok);
			if
			:: ok -> top = me; place = NOWHERE
			:: else
			fi
		:: else -> ok = 0
		fi
	}
#endif
}

proctype worker(byte me)
{
	bit ok, saw_watched, saw_runs, call, last, made_result;
	byte outcome;

end_idle:
	do
	:: atomic { place == QUEUE -> touch(); place = me } /* take_locked(), with the pool's lock */
		hand_start(me);
		if
		:: ok -> run_job(me); break
		:: else
		fi
	:: place == NOWHERE -> break
	od
}

/* settle_watch(), by one that waits for ENDED (its function's end) or not. */
inline settle_watch(who, ended, watching)
{
#if MISTAKE == LOOKED_TOO_EARLY
	atomic {
		touch();
		watching = !has_come(ended)
	}
	atomic {
		touch();
		linked[who] = watching;
		watched = 1
	}
#else
	atomic {
		touch();
		watched = 1;
		watching = !has_come(ended);
		linked[who] = watching
	}
#endif
}

inline settle_unwatch(who)
{
	d_step {
		touch();
		linked[who] = 0
	}
}

inline take_result()
{
	d_step {
		touch();
		results_taken = results_taken + has_result;
		has_result = 0
	}
}

/* A worker whose job waits for this one: wait_all(). */
proctype waiter()
{
	bit ok, saw_watched, saw_runs, call, last, made_result, watching;
	byte outcome;

	if
	:: phase == BOTHY_QUEUED -> /* may_run_in_place(), run_in_place() */
		atomic {
			job_move(BOTHY_QUEUED, BOTHY_RUNNING, 1, ok);
			if
			:: ok -> top = 4; place = NOWHERE
			:: else
			fi
		}
		if
		:: ok ->
			run_job(4);
			touch();
#if MISTAKE == IN_PLACE_IS_OVER
			goto over
#else
			if
			:: has_come(0) -> goto over
			:: else /* its deadline was faster, and is about to say so */
			fi
#endif
		:: else
		fi
	:: true
	fi;
	settle_watch(WAITER, 0, watching);
	if
	:: watching ->
		token[WAITER] == 1;
		settle_unwatch(WAITER)
	:: else
	fi;
over:
	touch();
	assert(has_come(0));
	take_result();
	job_release()
}

/* A thread that waits for the end of the function: wait_end(). */
proctype ender()
{
	bit last, watching;

	settle_watch(ENDER, 1, watching);
	if
	:: watching ->
		token[ENDER] == 1;
		settle_unwatch(ENDER)
	:: else
	fi;
	touch();
	assert(has_come(1));
	job_release()
}

/* bothy_future_notify(): settle_notify(), and the call if it is too late. */
proctype notifier()
{
	bit last, watching;

	atomic {
		touch();
		assert(!has_notify);
		has_notify = 1;
		watched = 1;
		watching = !has_come(0);
		linked[TELL] = watching
	}
	if
	:: !watching -> told++
	:: else
	fi;
	job_release()
}

/* bothy_future_cancel(). */
proctype canceler()
{
	bit ok, saw_watched, saw_runs, call, last;

	job_move(BOTHY_QUEUED, JOB_CLAIMED, 0, ok);
	if
	:: ok -> settle_unrun(BOTHY_CANCELED)
	:: else ->
		touch();
		stop = 1 /* stop_request() */
	fi;
	job_release()
}

/* The watchdog: what is in a hand is recalled, what is queued expires, what runs times out; each of
 * them once at most, at any time. */
proctype watchdog()
{
	bit ok, saw_watched, saw_runs, call, last;

	atomic { /* hand_recall_locked() */
		if
		:: place == 1 || place == 2 ->
			if
			:: phase == BOTHY_QUEUED -> place = QUEUE
			:: else
			fi
		:: else
		fi
	}
	atomic { /* sweep_some_locked() */
		if
		:: place == QUEUE ->
			job_move(BOTHY_QUEUED, JOB_CLAIMED, 0, ok);
			if
			:: ok -> place = NOWHERE
			:: else
			fi
		:: ok = 0
		fi
	}
	if
	:: ok -> settle_unrun(BOTHY_EXPIRED); goto over
	:: else
	fi;
	atomic { /* check_job_locked(), time_out_locked() */
		if
		:: top != 0 ->
			job_move(BOTHY_RUNNING, JOB_CLAIMED, 0, ok);
			if
			:: ok ->
#if MISTAKE != NO_HOLD
				holds++ /* job_hold() */
#else
				skip
#endif
			:: else
			fi;
			stop = 1
		:: else
		fi
	}
	if
	:: ok -> /* settle_timed_out() */
		settle_publish(BOTHY_TIMED_OUT, 0);
#if MISTAKE != NO_HOLD
		job_release()
#endif
	:: else
	fi;
over:
	skip
}

init
{
	d_step {
#define ROW(from, followers) legal[from] = followers;
		TRANSITIONS
#undef ROW
#if MISTAKE == TABLE_TOO_NARROW
		legal[BOTHY_RUNNING] = 0;
#endif
	}
	phase = JOB_NEW;
	holds = 4; /* the execution's, the waiter's, the canceler's, and one more */
	atomic {
		check_legal(JOB_NEW, BOTHY_QUEUED); /* job_accept() */
		phase = BOTHY_QUEUED;
		run worker(1);
		run worker(2);
		run waiter();
#ifdef TOLD
		run notifier();
#else
		run ender();
#endif
		run canceler();
		run watchdog()
	}
	_nr_pr == 1; /* all have ended */
	assert(freed && settled == 1 && arguments_freed == 1);
#ifdef TOLD
	assert(told == 1);
#endif
	assert(results_made == results_freed + results_taken)
}
