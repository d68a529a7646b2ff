#include "erase.h"

#include <errno.h>
#include <stdlib.h>

static enum err
check_loss(struct erase *r, struct fault *f)
{
	enum err e = E_OK;

	if (r->discard)
		return E_OK;
	e = collect_unexplained(r->report, r->issuer, r->p->stick, &r->p->grants, &r->loss, f);
	if (e != E_OK)
		return e;
	return r->loss.used + r->loss.lectures + r->loss.damaged > 0 ? fault_why(f, E_USAGE, 0, WHY_LOSS, "%s", r->path) : E_OK;
}

enum err
erase_take(struct erase *r, int fd, struct fault *f)
{
	enum err e = provision_begin(&r->p, fd, r->issuer->seed, r->issuer->pk, f);

	if (e != E_OK)
		return e;
	if (r->p->once_fd < 0)
		return fault_why(f, E_NO_STICK, 0, WHY_NO_ONCE, "%s", r->path);
	return r->p->stick != NULL ? check_loss(r, f) : E_OK;
}

enum err
erase_hold(struct erase *r, struct fault *f)
{
	enum err e = E_OK;

	if (r->p->stick == NULL)
		return E_OK;
	return (e = provision_hold(r->p, f)) == E_OK ? check_loss(r, f) : e;
}

static enum err
change_books(struct erase *r, struct fault *f)
{
	struct issuer *i = r->issuer;
	enum err e = E_OK;

	if ((e = issuer_merge_notice(i, r->p->stick, f)) != E_OK ||
	    (e = issuer_revoke_stick(i, r->p->stick->id, "erase", &r->revoked, f)) != E_OK ||
	    (e = issuer_drop_lectures(i, r->p->stick->id, "erase", f)) != E_OK)
		return e;
	return issuer_publish(i, &r->notice, &r->notice_n, &r->number, f);
}

enum err
erase_commit(struct erase *r, struct fault *f)
{
	enum err e = E_OK;

	if (r->p->stick == NULL)
		return E_OK;
	e = books_begin(r->issuer->books, f);
	return e == E_OK ? books_end(r->issuer->books, change_books(r, f), f) : e;
}

enum err
erase_destroy(struct erase *r, struct fault *f)
{
	enum err e = provision_destroy_grants(r->p, f);

	for (size_t i = 0; i < r->p->grants.count && e == E_OK; i++)
		e = provision_remove_bundle(r->p, r->p->grants.grants[i].bundles[0].id, f);
	return e;
}

enum err
erase_remove(struct erase *r, int fd, int (*foreign)(void *arg, const char *path), void *arg, struct fault *f)
{
	enum err e = provision_remove_once(r->p, f);

	if (e != E_OK)
		return e;
	return provision_each_foreign(fd, foreign, arg) == 0 ? E_OK : fault_set(f, E_STICK_IO, errno, "list", "%s", STICK_ONCE);
}

void
erase_free(struct erase *r)
{
	provision_end(&r->p);
	free(r->notice);
	r->notice = NULL;
}
