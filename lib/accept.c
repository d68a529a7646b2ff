#include "accept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle.h"
#include "hold.h"
#include "keytree.h"
#include "record.h"
#include "secret.h"
#include "stickio.h"

#define AHEAD_MAX 4096u /* refills that may have been passed over */

enum err
accept_notice(const struct stick *s, const struct stick_grants *grants, const uint8_t issuer[KEY_SIZE], struct bytes file,
    bool *written, struct fault *f)
{
	char fs[STICKIO_FS_NAME] = "";
	struct hold *hold = NULL;
	enum err e = E_OK;
	int got = 0;

	if (file.n > 0 && ((e = stick_medium(s, fs, f)) != E_OK || (e = hold_stick(&hold, s, grants, f)) != E_OK))
		return e;
	if (file.n > 0 && (got = stick_store_notice(s, issuer, file.p, file.n)) < 0) {
		bool locked = errno == EROFS || errno == EACCES || errno == EPERM;

		e = fault_set(
		    f, locked ? E_READONLY : stickio_err(errno, E_STICK_IO), errno, "write", "%s/%s", STICK_ONCE, STICK_NOTICE);
		stickio_blame(f, s->once_fd, ".");
	}
	hold_release(&hold);
	if (e == E_OK && written != NULL)
		*written = got == 1;
	return e;
}

/* ---- a refill: the file ---------------------------------------------------------------------------------------------------- */

static enum err
opened(enum envelope_result r, const char *what, struct fault *f)
{
	switch (r) {
	case ENVELOPE_OK:
		return E_OK;
	case ENVELOPE_NO_MEMORY:
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the refill");
	case ENVELOPE_NEWER:
		return fault_why(f, E_REFILL, 0, WHY_NEWER, "%s", what);
	default:
		return fault_why(f, E_REFILL, 0, WHY_CHANGED, "%s", what);
	}
}

enum err
accept_open(struct accept *a, struct bytes file, struct fault *f)
{
	const struct grant *g = &a->grant;
	enum err e = E_OK;

	if (refillfile_parse(&a->file, file) != 0)
		return fault_why(f, E_REFILL, 0, WHY_CHANGED, "%s", "");
	if ((e = opened(grant_open(&a->grant, a->file.grant), STICK_GRANT_FILE, f)) != E_OK ||
	    (a->file.notice.n > 0 && (e = opened(notice_open(&a->notice, a->file.notice), STICK_NOTICE, f)) != E_OK))
		return e;
	if (g->bundle_count != 1)
		return fault_why(f, E_REFILL, 0, WHY_NEWER, "%s", STICK_GRANT_FILE);
	if (g->refill == 0 || (a->file.notice.n > 0 && memcmp(a->notice.issuer, g->issuer, KEY_SIZE) != 0))
		return fault_why(f, E_REFILL, 0, WHY_CHANGED, "%s", STICK_GRANT_FILE);
	return E_OK;
}

/* ---- whether it fits ------------------------------------------------------------------------------------------------------- */

static const struct grant *
find(const struct accept *a, const uint8_t id[ID_SIZE])
{
	const struct stick_grants *g = &a->p->grants;

	for (size_t i = 0; i < g->count; i++)
		if (memcmp(g->grants[i].id, id, ID_SIZE) == 0)
			return &g->grants[i];
	return NULL;
}

static enum err
used(const struct accept *a, struct fault *f)
{
	return fault_set(f, E_REFILL_USED, 0, "refill", "%u, %u", a->grant.refill, a->p->stick->n);
}

/*
 * Check the number. A refill behind the stick was accepted, or passed over; but one that was cut short at the very end is
 * finished.
 */
static enum err
check_number(struct accept *a, struct fault *f)
{
	const struct stick *s = a->p->stick;
	const struct grant *there = find(a, a->grant.id);
	uint32_t n = a->grant.refill;

	if (n >= s->n)
		return n - s->n > AHEAD_MAX ? fault_why(f, E_REFILL, 0, WHY_CHANGED, "%s", "number") :
		       there != NULL || provision_has_receipt(a->p, a->grant.id) ? used(a, f) : E_OK;
	a->there = n + 1 == s->n && there != NULL && memcmp(there->hash, a->grant.hash, HASH_SIZE) == 0 &&
	    !provision_record_whole(a->p);
	return a->there ? E_OK : used(a, f);
}

static enum err
check_issuer(const struct accept *a, struct fault *f)
{
	const struct stick_grants *g = &a->p->grants;

	if (g->count > 0 && memcmp(g->grants[0].issuer, a->grant.issuer, KEY_SIZE) != 0)
		return fault_why(f, E_ISSUER, 0, WHY_ANOTHER_ISSUER, "%s", STICK_ONCE);
	return E_OK;
}

/* Check that the lecture is there, and is the very one that was meant. */
static enum err
check_bundle(const struct accept *a, struct fault *f)
{
	const struct grant_bundle *want = &a->grant.bundles[0];
	struct bundle *b = NULL;
	enum err e = E_OK;
	int fd = stick_bundle_dir(a->p->stick, want->id);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return fault_why(f, E_REFILL, 0, WHY_LECTURE_GONE, "%s", a->grant.label);
	if (fd >= 0)
		close(fd);
	e = bundle_open(&b, a->p->once_fd, want->id, want->manifest_hash, f);
	if (e == E_OK && memcmp(bundle_manifest(b)->issuer, a->grant.issuer, KEY_SIZE) != 0)
		e = fault_why(f, E_ISSUER, 0, WHY_ANOTHER_ISSUER, "%s", STICK_ONCE);
	bundle_free(&b);
	return e;
}

/* Without the list that the grant demands none of its codes would open anything. */
static enum err
check_notice(const struct accept *a, struct fault *f)
{
	struct notice n = {0};
	uint32_t number = a->notice.number;
	int got = 0;

	if (a->grant.notice_min <= number)
		return E_OK;
	got = stick_load_notice(a->p->stick, a->grant.issuer, &n, NULL, NULL);
	if (got < 0 && !stickio_failing(errno))
		return stickio_fault(f, E_STICK_IO, "read", a->p->once_fd, STICK_ONCE, STICK_NOTICE);
	number = got == 1 ? n.number : 0;
	notice_free(&n);
	return a->grant.notice_min <= number ? E_OK : fault_set(f, E_NOTICE_MISSING, 0, "notice", "%u", a->grant.notice_min);
}

/* R_n, reached in n - m steps, opens the cells; nobody without the seed, or R_m, can have made them. */
static enum err
unseal(struct accept *a, struct fault *f)
{
	a->ratchet = secret_new(KEY_SIZE);
	a->cells = malloc(refillfile_cells(&a->grant));
	if (a->ratchet == NULL || a->cells == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the refill");
	memcpy(a->ratchet, a->p->stick->ratchet, KEY_SIZE);
	for (uint32_t m = a->p->stick->n; m < a->grant.refill; m++)
		keytree_ratchet_next(a->ratchet);
	if (refillfile_open(a->cells, a->ratchet, &a->grant, a->file.sealed) != 0)
		return fault_why(f, E_REFILL, 0, WHY_CHANGED, "%s", "cells");
	return E_OK;
}

static enum err
check_room(const struct accept *a, struct fault *f)
{
	if (a->p->grants.count >= STICK_GRANTS_MAX)
		return fault_why(f, E_SPACE, 0, WHY_ENTRIES, "%s/%s is full", STICK_ONCE, STICK_GRANTS);
	return provision_space(a->p, 2ull * RECORD_SIZE * a->grant.slots + a->file.grant.n + a->file.notice.n, f);
}

enum err
accept_fits(struct accept *a, int dir_fd, struct fault *f)
{
	enum err e = provision_take(&a->p, dir_fd, f);

	if (e != E_OK)
		return e;
	if (memcmp(a->grant.stick_id, a->p->stick->id, ID_SIZE) != 0)
		return fault_why(f, E_REFILL, 0, WHY_OTHER_STICK, "%s", STICK_ONCE);
	if ((e = check_issuer(a, f)) != E_OK || (e = check_number(a, f)) != E_OK || a->there)
		return e;
	if ((e = check_bundle(a, f)) != E_OK || (e = check_notice(a, f)) != E_OK || (e = unseal(a, f)) != E_OK)
		return e;
	return check_room(a, f);
}

/* ---- onto the stick -------------------------------------------------------------------------------------------------------- */

enum err
accept_install(struct accept *a, bool *written, struct fault *f)
{
	const struct grant *g = &a->grant;
	enum err e = E_OK;

	*written = false;
	if (a->there)
		return provision_move_on(a->p, a->p->stick->n, a->p->stick->ratchet, f);
	if ((e = accept_notice(a->p->stick, &a->p->grants, g->issuer, a->file.notice, written, f)) != E_OK ||
	    (e = provision_refill(a->p, g, a->file.grant, BYTES(a->cells, refillfile_cells(g)), f)) != E_OK)
		return e;
	keytree_ratchet_next(a->ratchet);
	return provision_move_on(a->p, g->refill + 1, a->ratchet, f);
}

void
accept_free(struct accept *a)
{
	grant_free(&a->grant);
	notice_free(&a->notice);
	provision_end(&a->p);
	secret_free(&a->ratchet);
	free(a->cells);
	a->cells = NULL;
}
