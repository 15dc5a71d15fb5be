#include "trace/cli/paging.h"

void paging_init(struct paging *paging, const struct options *options)
{
	*paging = (struct paging){options->offset, options->limit, options->limit > 0};
}

void paging_ask(struct paging *paging, bool only, size_t *ret_limit, size_t *ret_offset)
{
	*ret_offset = only ? paging->skip : 0;
	if (only)
		paging->skip = 0;
	*ret_limit = paging->limited ? paging->skip + paging->left : 0;
}

bool paging_skips(struct paging *paging)
{
	if (paging->skip == 0)
		return false;
	paging->skip--;
	return true;
}

int paging_count(struct paging *paging)
{
	if (paging->limited)
		paging->left--;
	return paging_is_over(paging) ? SCREEN_STOP : 0;
}

bool paging_is_over(const struct paging *paging)
{
	return paging->limited && paging->left == 0;
}
