#include "pool/callback.h"

#include "pool/dirt.h"
#include "pool/hygiene.h"
#include "pool/worker.h"
#include "sync/cleanup.h"
#include "sync/clock.h"
#include "sync/testing.h"
#include "tls/context.h"

/* Also on the way out of a thread that FN ends: what it was called in has yet to be ended.
 * Between jobs, nobody else would put a worker's thread right, and the next job's time begins
 * after FN's. */
static void resume(void *suspended)
{
	struct worker *worker = worker_current();
	uint32_t found;

	context_resume(suspended);
	if (worker == NULL || worker->hand.top != NULL)
		return;
	found = hygiene_reset();
	if (dirt_wants_look(worker, found))
		dirt_look(worker, found, NULL, 0);
	worker->now = clock_stamp();
}

void callback_run(void (*fn)(void *), void *arg)
{
	if (fn == NULL)
		return;
	if (PLANTED(CALLBACK_IN_CONTEXT)) {
		fn(arg);
		return;
	}
	cleanup_push(resume, context_suspend());
	fn(arg);
	cleanup_pop(1);
}
