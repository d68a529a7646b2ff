#include "homecoming.h"

#include <stdlib.h>
#include <string.h>

#include "accept.h"

static enum err
find_record(struct homecoming *h, int fd, struct fault *f)
{
	enum err e = stick_open(&h->stick, fd, f);
	struct fault none = {0};

	if (e != E_STICK_DAMAGED || stick_open_damaged(&h->stick, fd, &none) != E_OK)
		return e;
	fault_clear(f);
	h->no_record = true;
	return E_OK;
}

enum err
homecoming_read(struct homecoming *h, int fd, const char *path, struct fault *f)
{
	struct fault loading = {0};
	bool known = false;
	enum err e = find_record(h, fd, f), looked = E_OK;

	if (e != E_OK)
		return e;
	e = stick_load_grants(h->stick, &h->grants, &loading);
	if (e == E_OK && memcmp(h->grants.grants[0].issuer, h->collect.issuer->pk, KEY_SIZE) != 0)
		return fault_why(f, E_ISSUER, 0, WHY_ANOTHER_ISSUER, "%s", path);
	h->collect.stick = h->stick;
	h->collect.grants = &h->grants;
	if ((e == E_OK || e == E_NO_GRANT) && (looked = collect_known(&h->collect, &known, f)) != E_OK)
		return looked;
	return e == E_OK || (e == E_NO_GRANT && known) ? E_OK : fault_pass(f, &loading);
}

enum err
homecoming_commit(struct homecoming *h, struct fault *f)
{
	struct issuer *i = h->collect.issuer;
	enum err e = books_begin(i->books, f);

	if (e != E_OK)
		return e;
	if ((e = collect_book(&h->collect, f)) == E_OK)
		e = issuer_publish(i, &h->notice, &h->notice_n, &h->number, f);
	return books_end(i->books, e, f);
}

void
homecoming_put(struct homecoming *h)
{
	if (h->stick != NULL && !h->no_record && !h->collect.issuer->behind)
		accept_notice(h->stick, &h->grants, h->collect.issuer->pk, BYTES(h->notice, h->notice_n), &h->written, &h->put);
}

void
homecoming_free(struct homecoming *h)
{
	collect_free(&h->collect);
	stick_grants_free(&h->grants);
	stick_close(&h->stick);
	free(h->notice);
	h->notice = NULL;
}
