/*
 * inspect.c - files of ours, and a stick with all that it says.
 */
#include "inspect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "refillfile.h"

/* ---- files ------------------------------------------------------------------------------------------------------------------ */

static enum envelope_result
open_signed(struct inspect *i, enum envelope_type type, struct bytes file)
{
	switch (type) {
	case ENVELOPE_MANIFEST:
		i->kind = INSPECT_MANIFEST;
		return manifest_open(&i->manifest, file);
	case ENVELOPE_GRANT:
		i->kind = INSPECT_GRANT;
		return grant_open(&i->grant, file);
	case ENVELOPE_NOTICE:
		i->kind = INSPECT_NOTICE;
		return notice_open(&i->notice, file);
	}
	return ENVELOPE_MALFORMED;
}

static enum envelope_result
open_refill(struct inspect *i, struct bytes file)
{
	struct refillfile parts;

	i->kind = INSPECT_REFILL;
	return refillfile_parse(&parts, file) == 0 ? grant_open(&i->grant, parts.grant) : ENVELOPE_MALFORMED;
}

enum envelope_result
inspect_file(struct inspect *i, struct bytes file)
{
	enum envelope_type type = ENVELOPE_MANIFEST;

	if (envelope_guess(file, &type) == 0)
		return open_signed(i, type, file);
	if (refillfile_guess(file))
		return open_refill(i, file);
	if (enrolment_parse(&i->station, file) == 0)
		i->kind = INSPECT_STATION;
	else if (receipts_parse(file, &i->rows, &i->row_count) == 0)
		i->kind = INSPECT_RECEIPTS;
	else
		return errno == ENOMEM ? ENVELOPE_NO_MEMORY : ENVELOPE_MALFORMED;
	if (i->kind == INSPECT_RECEIPTS)
		receipts_from(file, &i->from);
	return ENVELOPE_OK;
}

/* ---- sticks ----------------------------------------------------------------------------------------------------------------- */

/* Read g's manifest. m is the manifest if it is INSPECT_SIGNED; f says why it is INSPECT_UNREADABLE. */
static enum inspect_media
read_manifest(const struct stick *s, const struct grant *g, struct manifest *m, struct fault *f)
{
	char hex[2 * ID_SIZE + 1], path[sizeof STICK_BUNDLES "//" STICK_MANIFEST_FILE + sizeof hex];
	enum inspect_media media = INSPECT_DAMAGED;
	uint8_t *file = NULL;
	size_t size = 0;
	enum envelope_result opened = ENVELOPE_MALFORMED;
	int fd = stick_bundle_dir(s, g->bundles[0].id);

	bytes_to_hex(hex, g->bundles[0].id, ID_SIZE);
	snprintf(path, sizeof path, "%s/%s/%s", STICK_BUNDLES, hex, STICK_MANIFEST_FILE);
	if (fd < 0 || stickio_slurp(fd, STICK_MANIFEST_FILE, envelope_limit(ENVELOPE_MANIFEST), &file, &size) != 0)
		media = stickio_fault(f, E_BUNDLE, "read", s->once_fd, STICK_ONCE, path) == E_BUNDLE ? INSPECT_MISSING :
												       INSPECT_UNREADABLE;
	else
		opened = manifest_open(m, BYTES(file, size));
	if (opened == ENVELOPE_OK)
		media = memcmp(m->hash, g->bundles[0].manifest_hash, HASH_SIZE) == 0 ? INSPECT_SIGNED : INSPECT_ANOTHER;
	if (opened == ENVELOPE_NO_MEMORY) {
		(void)fault_set(f, E_FAIL, ENOMEM, "memory", "%s", path);
		media = INSPECT_UNREADABLE;
	}
	if (fd >= 0)
		close(fd);
	free(file);
	return media;
}

/* A medium that fails is part of the answer. */
static enum err
read_lecture(struct inspect_lecture *l, const struct stick *s, const struct grant *g, struct fault *f)
{
	struct manifest m = {0};
	struct fault why = {0};

	l->slots = slots_count(s, g);
	l->media = read_manifest(s, g, &m, &why);
	l->blocks = l->media == INSPECT_SIGNED ? m.blocks : 0;
	if (l->slots.unread > 0 && !stickio_failing(l->slots.why.sys))
		return fault_pass(f, &l->slots.why);
	if (l->media == INSPECT_UNREADABLE && !stickio_failing(why.sys))
		return fault_pass(f, &why);
	return E_OK;
}

static enum err
read_lectures(struct inspect_stick *i, const struct stick *s, struct fault *f)
{
	enum err e = E_OK;

	if (i->grants.count == 0)
		return E_OK;
	if ((i->lectures = calloc(i->grants.count, sizeof *i->lectures)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for lectures");
	for (size_t k = 0; k < i->grants.count && e == E_OK; k++)
		e = read_lecture(&i->lectures[k], s, &i->grants.grants[k], f);
	return e;
}

static enum err
read_notice(struct inspect *i, const struct stick *s, struct fault *f)
{
	int got = stick_load_notice(s, i->stick.grants.grants[0].issuer, &i->notice, NULL, NULL);

	if (got < 0 && !stickio_failing(errno))
		return stickio_fault(f, E_STICK_IO, "read", s->once_fd, STICK_ONCE, STICK_NOTICE);
	i->stick.has_notice = got == 1;
	i->stick.notice_unreadable = got < 0;
	return E_OK;
}

enum err
inspect_stick(struct inspect *i, int fd, struct fault *f)
{
	struct stick *s = NULL;
	struct fault why = {0};
	enum err e = stick_open(&s, fd, f), loaded = E_OK;

	if (e != E_OK)
		return e;
	i->kind = INSPECT_STICK;
	i->stick.refill = s->n;
	memcpy(i->stick.id, s->id, ID_SIZE);
	loaded = stick_load_grants(s, &i->stick.grants, &why);
	i->stick.mixed = loaded == E_ISSUER;
	if (loaded != E_OK && loaded != E_NO_GRANT && loaded != E_ISSUER && !stickio_failing(why.sys))
		e = fault_pass(f, &why);
	if (e == E_OK) {
		stickio_fs_of(fd, i->stick.fs);
		e = read_lectures(&i->stick, s, f);
	}
	if (e == E_OK && loaded == E_OK)
		e = read_notice(i, s, f);
	stick_close(&s);
	return e;
}

void
inspect_free(struct inspect *i)
{
	grant_free(&i->grant);
	notice_free(&i->notice);
	stick_grants_free(&i->stick.grants);
	free(i->stick.lectures);
	free(i->rows);
}
