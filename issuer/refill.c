#include "refill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bundle.h"
#include "envelope.h"
#include "granting.h"
#include "keytree.h"
#include "mint.h"
#include "refillfile.h"
#include "secret.h"
#include "stickio.h"

#define MARGIN (1u << 20) /* directories, the grant, file ends in clusters */

/* ---- looking --------------------------------------------------------------------------------------------------------------- */

static enum err
load_manifest(struct refill *r, const struct grant_bundle *b, struct fault *f)
{
	char hex[2 * ID_SIZE + 1];
	int fd = stick_bundle_dir(r->p->stick, b->id), sys = fd >= 0 ? 0 : errno;

	bytes_to_hex(hex, b->id, ID_SIZE);
	if (fd >= 0) {
		bool got = stickio_slurp(fd, STICK_MANIFEST_FILE, envelope_limit(ENVELOPE_MANIFEST), &r->manifest_file,
			       &r->manifest_n) == 0;

		sys = got ? 0 : errno;
		close(fd);
	}
	if (sys != 0)
		return fault_set(f, stickio_err(sys, E_BUNDLE), sys, "read", "%s/%s/%s/%s", STICK_ONCE, STICK_BUNDLES, hex,
		    STICK_MANIFEST_FILE);
	if (manifest_open(&r->manifest, BYTES(r->manifest_file, r->manifest_n)) != ENVELOPE_OK ||
	    memcmp(r->manifest.hash, b->manifest_hash, HASH_SIZE) != 0)
		return fault_set(f, E_BUNDLE, 0, "manifest", "%s/%s/%s/%s", STICK_ONCE, STICK_BUNDLES, hex, STICK_MANIFEST_FILE);
	return E_OK;
}

/*
 * Do not make codes for a bundle that nobody can open: all of its files must be there, and its key must be the one from the seed.
 */
static enum err
check_bundle(struct refill *r, const struct grant_bundle *b, struct fault *f)
{
	struct bundle *opened = NULL;
	enum err e = load_manifest(r, b, f);

	if (e != E_OK)
		return e;
	if ((r->ck = secret_new(KEY_SIZE)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the content key");
	keytree_content(r->ck, r->issuer->seed, b->id);
	e = bundle_open(&opened, r->p->once_fd, b->id, b->manifest_hash, f);
	if (e == E_OK && (e = bundle_unlock(opened, r->ck)) != E_OK)
		fault_set(f, e, e == E_FAIL ? ENOMEM : 0, "content key", "the manifest");
	bundle_free(&opened);
	return e;
}

/* New codes must not be a way round the binding of a lecture that opens on one device only. */
static enum err
bind(struct refill *r, const struct lecture *l, struct fault *f)
{
	struct policy *p = &r->grant.policy;
	enum err e = E_OK;

	if (!r->bind_usb && !l->usb)
		return E_OK;
	if ((e = identity_take(&r->identity, r->fd, r->path, r->report, f)) != E_OK)
		return e;
	if (l->usb && memcmp(l->usb_hint, r->identity.hint, USB_HINT_SIZE) != 0)
		return fault_why(f, E_WRONG_STICK, 0, WHY_COPY, "%s", r->path);
	p->usb = true;
	memcpy(p->usb_hint, r->identity.hint, USB_HINT_SIZE);
	return E_OK;
}

static enum err
check_room(const struct refill *r, struct fault *f)
{
	if (r->p->grants.count >= STICK_GRANTS_MAX)
		return fault_why(f, E_SPACE, 0, WHY_NO_ROOM, "%s", r->path);
	return provision_space(r->p, MARGIN + 2ull * RECORD_SIZE * r->codes, f);
}

static void
fill(struct refill *r, const struct lecture *l)
{
	struct grant *g = &r->grant;

	memcpy(g->label, l->label, sizeof g->label);
	g->slots = r->codes;
	g->policy.not_before = r->not_before;
	g->policy.expires = r->expires;
	g->policy.session_s = r->session_s;
}

enum err
refill_take(struct refill *r, struct fault *f)
{
	enum err e = provision_begin(&r->p, r->fd, r->issuer->seed, r->issuer->pk, f);

	if (e != E_OK)
		return e;
	if (r->p->stick == NULL)
		return fault_set(f, E_NO_STICK, 0, "stick record", "%s", STICK_ONCE);
	if (r->p->fs_name[0] != '\0')
		report_tell(
		    r->report, &(struct report_news){.kind = REPORT_FILE_SYSTEM, .path = r->path, .name = r->p->fs_name});
	if ((e = lecture_find(&r->lectures, &r->p->grants, r->path, f)) != E_OK || (e = bind(r, &r->lectures.list[0], f)) != E_OK ||
	    (e = check_bundle(r, &r->lectures.list[0].bundle, f)) != E_OK || (e = check_room(r, f)) != E_OK)
		return e;
	memcpy(r->grant.stick_id, r->p->stick->id, ID_SIZE);
	fill(r, &r->lectures.list[0]);
	return E_OK;
}

/* ---- making ---------------------------------------------------------------------------------------------------------------- */

static int
on_stretch(void *arg, uint64_t done, uint64_t all)
{
	const struct refill *r = arg;

	report_update(r->report, done, all);
	return report_stopped(r->report);
}

static enum err
stretch(struct refill *r, struct fault *f)
{
	const struct mint_codes codes = {r->issuer->seed, r->grant.stick_id, r->grant.id, r->codes};
	enum err e = E_OK;

	if ((r->a = secret_new((size_t)r->codes * KEY_SIZE)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for codes");
	report_start(r->report, REPORT_CODES);
	e = mint_stretch(&codes, r->a, 0, on_stretch, r);
	report_end(r->report, e == E_OK);
	return e == E_OK ? E_OK : fault_why(f, e, 0, WHY_STRETCHING, "codes");
}

/* What the books must know beforehand: the stick, its device, and what is revoked. */
static enum err
write_books(struct refill *r, struct fault *f)
{
	struct issuer *i = r->issuer;
	struct grant *g = &r->grant;
	enum err e = books_add_stick(i->books, g->stick_id, g->label, f);

	if (e == E_OK && g->policy.usb)
		e = identity_book(&r->identity, i->books, g->stick_id, r->path, r->report, f);
	if (e == E_OK)
		e = issuer_merge_notice(i, r->p->stick, f);
	return e == E_OK ? issuer_publish(i, &r->notice, &r->notice_n, &g->notice_min, f) : e;
}

static enum err
commit_intent(struct refill *r, struct fault *f)
{
	enum err e = books_draw_id(r->issuer->books, r->grant.id, f);

	if (e != E_OK || (e = books_begin(r->issuer->books, f)) != E_OK)
		return e;
	return books_end(r->issuer->books, write_books(r, f), f);
}

static enum err
put(struct refill *r, struct fault *f)
{
	const struct granting w = {.issuer = r->issuer, .p = &r->p, .manifest = &r->manifest,
	    .manifest_file = BYTES(r->manifest_file, r->manifest_n), .ck = r->ck, .a = r->a,
	    .usb = r->grant.policy.usb ? r->identity.usb : NULL, .verb = "refill"};
	enum err e = provision_init(r->p, r->grant.stick_id, r->issuer->seed, f);

	if (e != E_OK || (e = provision_clean(r->p, f)) != E_OK)
		return e;
	if (r->p->debris > 0)
		report_tell(r->report, &(struct report_news){.kind = REPORT_DEBRIS, .count = r->p->debris});
	if ((e = provision_notice(r->p, r->issuer->pk, BYTES(r->notice, r->notice_n), f)) != E_OK)
		return e;
	if (report_stopped(r->report))
		return fault_set(f, E_INTERRUPTED, 0, "refill", "%s", "");
	return granting_make(&w, &r->grant, f);
}

enum err
refill_make(struct refill *r, struct fault *f)
{
	enum err e = commit_intent(r, f);

	return e == E_OK && (e = stretch(r, f)) == E_OK ? put(r, f) : e;
}

/* ---- for a stick that is away ---------------------------------------------------------------------------------------------- */

/* A grant of the stick, as the books have it. */
static enum err
look_up(struct refill *r, const uint8_t grant_id[ID_SIZE], struct fault *f)
{
	struct grant g = {0};
	bool found = false;
	enum err e = books_grant(r->issuer->books, grant_id, &g, &found, f);

	if (e == E_OK && found && g.bundle_count == 1) {
		if (g.policy.usb) {
			r->identity.found = true;
			memcpy(r->identity.hint, g.policy.usb_hint, USB_HINT_SIZE);
		}
		e = lecture_means(&r->lectures, &g) ? lecture_add(&r->lectures, &g, f) : E_OK;
	}
	grant_free(&g);
	return e;
}

static enum err
look_up_lecture(struct refill *r, const uint8_t stick_id[ID_SIZE], struct fault *f)
{
	struct books_lecture *list = NULL;
	size_t count = 0, there = 0;
	enum err e = books_lectures(r->issuer->books, stick_id, &list, &count, f);

	for (size_t i = 0; i < count && e == E_OK; i++) {
		if (list[i].gone)
			continue;
		there++;
		e = look_up(r, list[i].grant_id, f);
	}
	free(list);
	if (e == E_OK && there == 0)
		return fault_set(f, E_NO_GRANT, 0, "lectures", "%s", r->path);
	return e == E_OK ? lecture_only(&r->lectures, r->path, f) : e;
}

/* The books have the identity of a stick that something was bound to once; its hint is in what was. */
static enum err
bind_away(struct refill *r, const struct lecture *l, struct fault *f)
{
	struct policy *p = &r->grant.policy;
	bool found = false;
	enum err e = E_OK;

	if (!r->bind_usb && !l->usb)
		return E_OK;
	if ((e = books_get_usb(r->issuer->books, r->grant.stick_id, r->identity.usb, &found, f)) != E_OK)
		return e;
	if (!found || !r->identity.found)
		return fault_why(f, E_WRONG_STICK, 0, WHY_NOT_BOUND, "%s", r->path);
	p->usb = true;
	memcpy(p->usb_hint, r->identity.hint, USB_HINT_SIZE);
	return E_OK;
}

/* R_n, as the stick will have it when it has accepted all refills before this one, or passed them over. */
static uint8_t *
ratchet_of(const struct refill *r)
{
	uint8_t *ratchet = secret_new(KEY_SIZE);

	if (ratchet == NULL)
		return NULL;
	keytree_ratchet(ratchet, r->issuer->seed, r->grant.stick_id);
	for (uint32_t n = 0; n < r->grant.refill; n++)
		keytree_ratchet_next(ratchet);
	return ratchet;
}

static uint8_t *
write_file(const struct refill *r, const struct minted *m, size_t *n)
{
	uint8_t *ratchet = ratchet_of(r), *file = NULL;
	uint8_t *sealed = ratchet != NULL ? refillfile_seal(ratchet, &r->grant, m->cells) : NULL;
	const struct refillfile parts = {BYTES(m->file, m->file_n), BYTES(sealed, refillfile_cells(&r->grant) + TAG_SIZE),
	    BYTES(r->notice, r->notice_n)};

	if (sealed != NULL)
		file = refillfile_encode(&parts, n);
	secret_free(&ratchet);
	free(sealed);
	return file;
}

struct away {
	enum err (*keep)(void *arg, struct bytes file, struct fault *f);
	void *arg;
};

/* Inside a transaction: the number is this refill's alone. */
static enum err
send(struct refill *r, const struct away *to, struct fault *f)
{
	const struct granting w = {.issuer = r->issuer, .manifest = &r->manifest, .ck = r->ck, .a = r->a,
	    .usb = r->grant.policy.usb ? r->identity.usb : NULL, .verb = "refill"};
	struct grant *g = &r->grant;
	struct minted m = {0};
	uint8_t *file = NULL;
	size_t n = 0;
	enum err e = E_OK;

	if ((e = issuer_publish(r->issuer, &r->notice, &r->notice_n, &g->notice_min, f)) != E_OK ||
	    (e = books_next_n(r->issuer->books, g->stick_id, &g->refill, f)) != E_OK || (e = granting_away(&w, g, &m, f)) != E_OK)
		goto out;
	if ((file = write_file(r, &m, &n)) == NULL)
		e = fault_set(f, E_FAIL, ENOMEM, "memory", "for the refill");
	else
		e = to->keep(to->arg, BYTES(file, n), f);
out:
	free(m.file);
	free(m.cells);
	free(file);
	return e;
}

enum err
refill_away(struct refill *r, const uint8_t stick_id[ID_SIZE], enum err (*keep)(void *arg, struct bytes file, struct fault *f),
    void *arg, struct fault *f)
{
	const struct away to = {keep, arg};
	enum err e = look_up_lecture(r, stick_id, f);

	if (e != E_OK)
		return e;
	memcpy(r->grant.stick_id, stick_id, ID_SIZE);
	fill(r, &r->lectures.list[0]);
	memcpy(r->manifest.bundle_id, r->lectures.list[0].bundle.id, ID_SIZE);
	memcpy(r->manifest.hash, r->lectures.list[0].bundle.manifest_hash, HASH_SIZE);
	if ((r->ck = secret_new(KEY_SIZE)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the content key");
	keytree_content(r->ck, r->issuer->seed, r->manifest.bundle_id);
	if ((e = bind_away(r, &r->lectures.list[0], f)) != E_OK || (e = books_draw_id(r->issuer->books, r->grant.id, f)) != E_OK ||
	    (e = stretch(r, f)) != E_OK || (e = books_begin(r->issuer->books, f)) != E_OK)
		return e;
	return books_end(r->issuer->books, send(r, &to, f), f);
}

void
refill_free(struct refill *r)
{
	provision_end(&r->p);
	grant_free(&r->grant);
	secret_free(&r->ck);
	secret_free(&r->a);
	lecture_free(&r->lectures);
	free(r->manifest_file);
	free(r->notice);
	r->manifest_file = r->notice = NULL;
}
