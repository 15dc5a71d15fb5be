#ifndef TESTS_SIM_HANDS_H
#define TESTS_SIM_HANDS_H

void cancel_in_a_hand(void);
void group_cancel_in_a_hand(void);
void project_cancel_in_a_hand(void);
void close_against_a_hand(void);
void in_place_of_a_job_in_a_hand(void);
void books_are_read_beside_a_hand(void);
void books_that_are_read_let_a_job_start(void);
void a_hand_behind_one_that_waits(void);
void a_hand_behind_one_that_is_long(void);
void a_hand_behind_one_that_waits_for_a_third(void);
void a_hand_that_nobody_looks_after(void);
void ended_before_one_that_is_long(void);
void a_deadline_in_a_hand(void);
void room_that_is_not_passed_on_at_once(void);
void two_wait_while_members_settle(void);
void a_hand_behind_one_that_ends_its_thread(void);
void a_hand_behind_one_whose_worker_is_lost(void);

#endif
