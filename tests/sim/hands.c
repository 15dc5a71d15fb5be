/*
 * Scenarios of hands: several short jobs that a worker has taken at once, and who else wants them.
 */
#include <errno.h>

#include "tests/sim/fixture.h"
#include "tests/sim/scenario.h"

enum { JOBS = 3 };

static bothy_future *futures[JOBS];

/* A pool that knows that the jobs of ann's project p are short. */
static void pool_with_short_jobs(struct bothy_pool_options options)
{
	pool_with(options);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = run_once))) == 0);
	atomic_store(&ran, 0);
}

static void pool_of_short_jobs(unsigned workers)
{
	pool_with_short_jobs((struct bothy_pool_options){.workers = workers});
}

/* Hold the one worker until the gate opens, by a job of another project's. */
static void hold_worker(void)
{
	bothy_future_release(start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = until_gate)));
}

static void let_go(void *arg)
{
	(void)arg;
	parker_wake(&gate);
}

/* Jobs that a worker will take together, once it is let go. */
static void start_some(bothy_group *group)
{
	for (int i = 0; i < JOBS; i++)
		futures[i] = start(BOTHY_JOB(.fn = run_once, .arg = &freed, .arg_free = count,
		                             .group = group));
}

/* Each has run, or was canceled, and its argument is freed. */
static void check_some(void)
{
	int done = 0;

	for (int i = 0; i < JOBS; i++) {
		int code = outcome(futures[i]);

		SIM_CHECK(code == 0 || code == -ECANCELED);
		done += code == 0;
	}
	SIM_CHECK(atomic_load(&ran) == done);
	SIM_CHECK(atomic_load(&freed) == JOBS);
}

static void cancel_in_a_hand(void)
{
	struct thread opener;

	pool_of_short_jobs(1);
	hold_worker();
	start_some(NULL);
	opener = client(let_go, NULL);
	(void)bothy_future_cancel(futures[1]);
	(void)bothy_future_cancel(futures[2]);
	check_some();
	thread_join(&opener);
	finish();
}

static void group_cancel_in_a_hand(void)
{
	struct thread opener;
	bothy_group *group;

	SIM_CHECK(bothy_group_new(&group) == 0);
	pool_of_short_jobs(1);
	hold_worker();
	start_some(group);
	opener = client(let_go, NULL);
	SIM_CHECK(bothy_group_cancel(group) == 0);
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	check_some();
	thread_join(&opener);
	bothy_group_release(group);
	finish();
}

static void project_cancel_in_a_hand(void)
{
	bothy_project *project;
	struct thread opener;

	pool_of_short_jobs(1);
	SIM_CHECK(bothy_project_open(pool, "ann", "p", NULL, &project) == 0);
	hold_worker();
	start_some(NULL);
	opener = client(let_go, NULL);
	SIM_CHECK(bothy_project_cancel(project) == 0);
	check_some();
	thread_join(&opener);
	bothy_project_release(project);
	finish();
}

static void close_against_a_hand(void)
{
	struct thread opener;

	pool_of_short_jobs(1);
	hold_worker();
	start_some(NULL);
	opener = client(let_go, NULL);
	(void)!bothy_pool_close(pool, BOTHY_NOW);
	check_some();
	thread_join(&opener);
	finish();
}

/* Wait for the first of those that were started, in place if it has not begun. */
static int wait_for_first(void *arg, void **ret_result)
{
	bothy_future *child[2];

	(void)arg;
	(void)ret_result;
	for (int i = 0; i < 2; i++)
		SIM_CHECK(bothy_spawn(&BOTHY_JOB(.fn = run_once), &child[i]) == 0);
	SIM_CHECK(bothy_future_wait_all(child, 2, BOTHY_FOREVER) == 0);
	for (int i = 0; i < 2; i++)
		bothy_future_release(child[i]);
	return 0;
}

static void in_place_of_a_job_in_a_hand(void)
{
	pool_of_short_jobs(2);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = wait_for_first))) == 0);
	SIM_CHECK(atomic_load(&ran) == 2);
	finish();
}

static void read_books(void *arg)
{
	(void)arg;
	for (int i = 0; i < 3; i++) {
		struct bothy_pool_stats s = {.size = sizeof(s)};

		SIM_CHECK(bothy_pool_stats(pool, &s) == 0);
		SIM_CHECK(s.submitted == s.done + s.failed + s.canceled + s.queued + s.running);
	}
}

static void books_are_read_beside_a_hand(void)
{
	struct thread reader;

	pool_of_short_jobs(1);
	hold_worker();
	start_some(NULL);
	reader = client(read_books, NULL);
	parker_wake(&gate);
	check_some();
	thread_join(&reader);
	finish();
}

static struct parker held_up;

static void hold_up(void *arg)
{
	(void)arg;
	parker_wake(&held_up);
	(void)parker_park(&gate, BOTHY_FOREVER);
}

static int give_result(void *arg, void **ret_result)
{
	(void)arg;
	*ret_result = &held_up;
	return 0;
}

/* By the books the project has no job that runs any more: so its next one may start. */
static void books_that_are_read_let_a_job_start(void)
{
	struct bothy_project_options one = {.size = sizeof(one), .max_running = 1};
	bothy_project *project;

	pool_of(2);
	parker_init(&held_up);
	SIM_CHECK(bothy_project_open(pool, "ann", "p", &one, &project) == 0);
	SIM_CHECK(bothy_submit(
			  pool,
			  &BOTHY_JOB(.handle = project, .fn = give_result, .result_free = hold_up),
			  NULL) == 0);
	(void)parker_park(&held_up, BOTHY_FOREVER);
	futures[0] = start(BOTHY_JOB(.fn = open_gate));
	read_books(NULL);
	SIM_CHECK(outcome(futures[0]) == 0);
	bothy_project_release(project);
	finish();
}

static int wait_for_group(void *group, void **ret_result)
{
	(void)ret_result;
	return bothy_group_wait(group, BOTHY_FOREVER);
}

static void a_hand_behind_one_that_waits(void)
{
	bothy_group *group;
	bothy_future *waiting;

	SIM_CHECK(bothy_group_new(&group) == 0);
	pool_of_short_jobs(1);
	hold_worker();
	waiting = start(BOTHY_JOB(.fn = wait_for_group, .arg = group));
	start_some(group);
	parker_wake(&gate);
	SIM_CHECK(outcome(waiting) == 0);
	check_some();
	bothy_group_release(group);
	finish();
}

/* The second can only run on the other worker, which nobody need have woken. */
static void a_hand_behind_one_that_is_long(void)
{
	bothy_future *second;

	pool_of_short_jobs(2);
	futures[0] = start(BOTHY_JOB(.fn = until_gate));
	second = start(BOTHY_JOB(.fn = open_gate));
	SIM_CHECK(outcome(futures[0]) == 0);
	SIM_CHECK(outcome(second) == 0);
	finish();
}

static struct parker apart;

static int until_apart(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	(void)parker_park(&apart, BOTHY_FOREVER);
	return 0;
}

static int wake_apart(void *arg, void **ret_result)
{
	(void)arg;
	(void)ret_result;
	parker_wake(&apart);
	return 0;
}

static int tell_and_wait(void *arg, void **ret_result)
{
	parker_wake(&held_up);
	return until_stopped(arg, ret_result);
}

/* The same while the watchdog, which would look after it, is in a callback. */
static void a_hand_that_nobody_looks_after(void)
{
	struct bothy_project_options one = {.size = sizeof(one), .max_running = 1};
	bothy_project *project, *known;
	bothy_future *first, *late;

	pool_of(3);
	SIM_CHECK(bothy_project_open(pool, "ann", "p", NULL, &known) == 0);
	SIM_CHECK(outcome(start(BOTHY_JOB(.fn = run_once))) == 0);
	parker_init(&held_up);
	parker_init(&apart);
	SIM_CHECK(bothy_project_open(pool, "bob", "p", &one, &project) == 0);
	first = start(BOTHY_JOB(.handle = project, .fn = tell_and_wait));
	(void)parker_park(&held_up, BOTHY_FOREVER);
	late = start(BOTHY_JOB(.handle = project, .fn = run_once, .deadline = bothy_after_ms(1),
	                       .arg = &held_up, .arg_free = hold_up));
	(void)parker_park(&held_up, BOTHY_FOREVER);
	futures[0] = start(BOTHY_JOB(.fn = until_apart));
	futures[1] = start(BOTHY_JOB(.fn = wake_apart));
	SIM_CHECK(outcome(futures[0]) == 0);
	SIM_CHECK(outcome(futures[1]) == 0);
	parker_wake(&gate);
	SIM_CHECK(outcome(late) == -ETIMEDOUT);
	(void)bothy_future_cancel(first);
	SIM_CHECK(outcome(first) == -ECANCELED);
	bothy_project_release(project);
	bothy_project_release(known);
	finish();
}

/* What ran before one that is long has ended, also for a limit that its project has since then. */
static void ended_before_one_that_is_long(void)
{
	struct bothy_project_options two = {.size = sizeof(two), .max_running = 2};
	bothy_project *project;

	pool_of_short_jobs(2);
	SIM_CHECK(bothy_project_open(pool, "ann", "p", NULL, &project) == 0);
	futures[0] = start(BOTHY_JOB(.fn = run_once));
	futures[1] = start(BOTHY_JOB(.fn = until_gate));
	SIM_CHECK(outcome(futures[0]) == 0);
	SIM_CHECK(bothy_project_configure(project, &two) == 0);
	futures[2] = start(BOTHY_JOB(.fn = open_gate));
	SIM_CHECK(outcome(futures[1]) == 0);
	SIM_CHECK(outcome(futures[2]) == 0);
	bothy_project_release(project);
	finish();
}

static int wait_for_job(void *future, void **ret_result)
{
	(void)ret_result;
	return bothy_future_wait(future, BOTHY_FOREVER);
}

/* The third runs on the other worker, and ends when the gate is opened from within the hand. */
static void a_hand_behind_one_that_waits_for_a_third(void)
{
	bothy_future *third, *opens;

	pool_of_short_jobs(2);
	third = start(BOTHY_JOB(.entity = "bob", .project = "p", .fn = until_gate));
	futures[0] = start(BOTHY_JOB(.fn = wait_for_job, .arg = third));
	opens = start(BOTHY_JOB(.fn = open_gate));
	SIM_CHECK(outcome(futures[0]) == 0);
	SIM_CHECK(outcome(opens) == 0);
	SIM_CHECK(outcome(third) == 0);
	finish();
}

/* Its deadline comes while it is in the hand, or runs. */
static void a_deadline_in_a_hand(void)
{
	pool_of_short_jobs(1);
	hold_worker();
	bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	futures[0] = start(BOTHY_JOB(.fn = until_stopped, .deadline = bothy_after_ms(1),
	                             .arg = &freed, .arg_free = count));
	parker_wake(&gate);
	SIM_CHECK(outcome(futures[0]) == -ETIMEDOUT);
	finish();
	SIM_CHECK(atomic_load(&freed) == 1);
}

/* The first job, which is long, leaves room, of which there is too little to wake anybody for. */
static void room_that_is_not_passed_on_at_once(void)
{
	enum { ROOM = 8, ALL = ROOM + 2 };

	pool_with((struct bothy_pool_options){
		.workers = 1, .queue_max = ROOM, .when_full = BOTHY_BLOCK});
	for (int i = 0; i < ROOM + 1; i++)
		bothy_future_release(start(BOTHY_JOB(.fn = i == 0 ? until_gate : run_once)));
	parker_wake(&gate);
	for (int i = ROOM + 1; i < ALL; i++)
		bothy_future_release(start(BOTHY_JOB(.fn = run_once)));
	finish();
	SIM_CHECK(atomic_load(&ran) == ALL - 1);
}

static void wait_for_all(void *group)
{
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	SIM_CHECK(atomic_load(&ran) == JOBS);
	SIM_CHECK(atomic_load(&freed) == JOBS);
}

/* Members that are settled have yet to leave the group when the waits for them are over. */
static void two_wait_while_members_settle(void)
{
	struct thread opener, waiter;
	bothy_group *group;

	SIM_CHECK(bothy_group_new(&group) == 0);
	pool_of_short_jobs(1);
	hold_worker();
	start_some(group);
	waiter = client(wait_for_all, group);
	opener = client(let_go, NULL);
	wait_for_all(group);
	thread_join(&waiter);
	thread_join(&opener);
	bothy_group_release(group);
	check_some();
	finish();
}

/* Those before it in the hand are over, but not in the books; those behind it are for others. */
static void a_hand_behind_one_that_ends_its_thread(void)
{
	bothy_future *before, *ends;
	bothy_group *group;

	SIM_CHECK(bothy_group_new(&group) == 0);
	pool_of_short_jobs(1);
	hold_worker();
	before = start(BOTHY_JOB(.fn = run_once, .group = group));
	ends = start(BOTHY_JOB(.fn = end_thread, .group = group));
	start_some(group);
	parker_wake(&gate);
	SIM_CHECK(bothy_group_wait(group, BOTHY_FOREVER) == 0);
	SIM_CHECK(outcome(before) == 0);
	SIM_CHECK(outcome(ends) == -EOWNERDEAD);
	SIM_CHECK(atomic_load(&ran) == JOBS + 1);
	atomic_store(&ran, JOBS);
	check_some();
	bothy_group_release(group);
	finish();
}

/* The gate opens for it once those behind it have run. */
static void a_hand_behind_one_whose_worker_is_lost(void)
{
	bothy_future *stuck;
	int code;

	pool_with_short_jobs((struct bothy_pool_options){.workers = 1, .lost_per_project = 2});
	hold_worker();
	stuck = start(BOTHY_JOB(.fn = until_gate, .deadline = bothy_after_ms(1)));
	start_some(NULL);
	parker_wake(&gate);
	check_some();
	parker_wake(&gate);
	code = outcome(stuck);
	SIM_CHECK(code == -ETIMEDOUT);
	finish();
}

static const struct scenario scenarios[] = {
	{"cancel_in_a_hand", cancel_in_a_hand, "HAND_NOT_EMPTIED"},
	{"group_cancel_in_a_hand", group_cancel_in_a_hand, "CANCEL_NOT_ATOMIC"},
	{"project_cancel_in_a_hand", project_cancel_in_a_hand, "RECALL_FORGETS"},
	{"close_against_a_hand", close_against_a_hand, "RECALL_FORGETS"},
	{"in_place_of_a_job_in_a_hand", in_place_of_a_job_in_a_hand, "START_NOT_ATOMIC"},
	{"books_are_read_beside_a_hand", books_are_read_beside_a_hand, "FOLDED_TWICE"},
	{"books_that_are_read_let_a_job_start", books_that_are_read_let_a_job_start,
	 "WORKER_WAKE_DROPPED"},
	{"a_hand_behind_one_that_waits", a_hand_behind_one_that_waits, "HAND_KEPT"},
	{"a_hand_behind_one_that_is_long", a_hand_behind_one_that_is_long, "TICK_BLIND"},
	{"a_hand_behind_one_that_waits_for_a_third", a_hand_behind_one_that_waits_for_a_third,
	 "HAND_KEPT"},
	{"a_hand_that_nobody_looks_after", a_hand_that_nobody_looks_after, "TICK_BLIND"},
	{"ended_before_one_that_is_long", ended_before_one_that_is_long, "ENDED_KEPT"},
	{"a_deadline_in_a_hand", a_deadline_in_a_hand, "STOP_NOT_SENT"},
	{"room_that_is_not_passed_on_at_once", room_that_is_not_passed_on_at_once, "TICK_BLIND"},
	{"two_wait_while_members_settle", two_wait_while_members_settle, "ONE_WAKE_ALONE"},
	{"a_hand_behind_one_that_ends_its_thread", a_hand_behind_one_that_ends_its_thread,
	 "SETTLED_NOT_LEFT"},
	{"a_hand_behind_one_whose_worker_is_lost", a_hand_behind_one_whose_worker_is_lost,
	 "HAND_KEPT"},
};

SCENARIOS(scenarios)
