#include "trace/cli/listing.h"

#include "trace/cli/say.h"

bool listing_takes(struct listing *listing)
{
	if (paging_skips(&listing->paging))
		return false;
	listing->found++;
	return true;
}

int listing_went_on(struct listing *listing, int result)
{
	listing->stopped = result != 0;
	return listing->stopped ? SCREEN_STOP : paging_count(&listing->paging);
}

static void list_project(struct listing *listing, const struct listing_kind *kind)
{
	size_t limit, offset;
	int error;

	paging_ask(&listing->paging, listing->session->source.n == 1, &limit, &offset);
	error = kind->ask(listing, limit, offset);
	if (error < 0)
		say_error(error);
}

void listing_run(struct session *session, const struct listing_kind *kind,
                 const struct grid_column *columns, size_t n_columns)
{
	struct listing listing = {.session = session};

	paging_init(&listing.paging, session->options);
	if (!session->options->json)
		listing.grid = grid_new(&session->screen, columns, n_columns);
	for (size_t i = 0; i < session->source.n && !paging_is_over(&listing.paging); i++) {
		listing.project = &session->source.projects[i];
		if (!listing.stopped)
			list_project(&listing, kind);
	}
	if (listing.grid != NULL)
		grid_end(listing.grid);
	if (listing.found == 0 && !said())
		say("%s: no such %s", session->options->file, kind->what);
}
