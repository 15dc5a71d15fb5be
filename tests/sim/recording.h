#ifndef TESTS_SIM_RECORDING_H
#define TESTS_SIM_RECORDING_H

void hand_over_wakes_the_writer(void);
void flush_against_hand_over(void);
void full_queue_against_the_writer(void);
void who_leaves_the_line_for_room_holds_up_nobody(void);

#endif
