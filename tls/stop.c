/*
 * Stop requests.
 *
 * Locking: eight process-wide stripes, chosen by the stop's address, guard its descriptor and
 * its sleeper.  They are leaves: only the parker is posted to under them.
 *
 * The reason is written under the stripe too, so a sleeper that attaches either sees it or is
 * woken, and a descriptor that is made either is made readable or will be.  Reading the
 * reason needs no lock.
 */
#include "tls/stop.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sync/atomic.h"
#include "sync/fork.h"
#include "sync/testing.h"

static struct lock stripes[FORK_STRIPES];

__attribute__((constructor)) static void stripes_init(void)
{
	for (int i = 0; i < FORK_STRIPES; i++)
		lock_init(&stripes[i]);
	fork_protect(FORK_RANK_STOP, stripes, FORK_STRIPES);
}

static struct lock *stripe_of(const struct stop *stop)
{
	return &stripes[fork_stripe(stop)];
}

void stop_fini(struct stop *stop)
{
	if (stop->fd_plus_one != 0)
		(void)close(stop->fd_plus_one - 1);
	stop->fd_plus_one = 0;
}

static void set_readable_locked(struct stop *stop)
{
	uint64_t one = 1;

	/* Can't fail: the counter is 0. */
	if (stop->fd_plus_one != 0 && !PLANTED(STOP_FD_SILENT))
		(void)!write(stop->fd_plus_one - 1, &one, sizeof(one));
}

void stop_request(struct stop *stop, int reason)
{
	struct parker *sleeper = NULL;

	if (stop_reason(stop) != 0)
		return;
	lock_acquire(stripe_of(stop));
	if (stop_reason(stop) == 0) {
		/* Release: pairs with the acquire in stop_reason(). */
		atom_store(&stop->reason, reason, release);
		set_readable_locked(stop);
		if (stop->sleeper != NULL && parker_post(stop->sleeper) &&
		    !PLANTED(STOP_WAKE_DROPPED))
			sleeper = stop->sleeper;
	}
	lock_release(stripe_of(stop));
	if (sleeper != NULL)
		parker_kick(sleeper);
}

int stop_reason(struct stop *stop)
{
	return atom_load(&stop->reason, acquire);
}

int stop_fd(struct stop *stop)
{
	int fd;

	lock_acquire(stripe_of(stop));
	if (stop->fd_plus_one == 0) {
		fd = eventfd(stop_reason(stop) != 0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fd < 0)
			fd = -errno;
		else
			stop->fd_plus_one = fd + 1;
	} else {
		fd = stop->fd_plus_one - 1;
	}
	lock_release(stripe_of(stop));
	return fd;
}

int stop_attach(struct stop *stop, struct parker *sleeper)
{
	int reason;

	lock_acquire(stripe_of(stop));
	reason = stop_reason(stop);
	if (PLANTED(STOP_UNHEARD)) {
		lock_release(stripe_of(stop));
		lock_acquire(stripe_of(stop));
	}
	if (reason == 0)
		stop->sleeper = sleeper;
	lock_release(stripe_of(stop));
	return reason;
}

void stop_detach(struct stop *stop)
{
	lock_acquire(stripe_of(stop));
	stop->sleeper = NULL;
	lock_release(stripe_of(stop));
}
