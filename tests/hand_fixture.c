#include "pool/pool.h"
#include "pool/worker.h"
#include "tests/hand_fixture.h"

struct hand *hand_locked(void)
{
	lock_acquire(&pool->lock);
	ck_assert_ptr_nonnull(pool->workers);
	ck_assert_ptr_null(pool->workers->next);
	lock_acquire(&pool->workers->hand.lock);
	return &pool->workers->hand;
}

void hand_unlock(struct hand *hand)
{
	lock_release(&hand->lock);
	lock_release(&pool->lock);
}

unsigned hand_over(bothy_project *of, unsigned n)
{
	struct hand *hand = hand_locked();
	unsigned to_start;

	hand_add_locked(hand, of, n);
	to_start = hand->count - hand->next;
	hand_unlock(hand);
	return to_start;
}
