/*
 * granting.c - minting a grant, writing it, booking it.
 */
#include "granting.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "books.h"
#include "envelope.h"

static void
fill(const struct granting *w, struct grant *g)
{
	memcpy(g->issuer, w->issuer->pk, KEY_SIZE);
	g->issued = w->issuer->now;
	g->bundle_count = 1;
	memcpy(g->bundles[0].id, w->manifest->bundle_id, ID_SIZE);
	memcpy(g->bundles[0].manifest_hash, w->manifest->hash, HASH_SIZE);
	snprintf(g->contact, sizeof g->contact, "%s", w->issuer->contact);
}

static enum err
mint(const struct granting *w, struct grant *g, struct minted *m, struct fault *f)
{
	const struct mint_secrets s = {.seed = w->issuer->seed, .a = w->a, .cks = w->ck, .usb = w->usb};
	enum err e = mint_grant(g, &s, m, f);

	if (e != E_OK)
		return e;
	e = mint_check_cells(g, &s, m->cells);
	return e == E_OK ? E_OK : fault_set(f, e, 0, "opening", "a cell");
}

static enum err
forgets(struct fault *f)
{
	fault_clear(f);
	return fault_why(f, E_STICK_IO, 0, WHY_FORGETS, "%s", "");
}

/* Whether the grant is among those that were read from the stick. */
static bool
is_there(const struct provision *p, const struct grant *g)
{
	for (size_t i = 0; i < p->grants.count; i++)
		if (memcmp(p->grants.grants[i].id, g->id, ID_SIZE) == 0)
			return true;
	return false;
}

static enum err
write_grant(const struct granting *w, const struct grant *g, const struct minted *m, struct fault *f)
{
	struct fault why = {0};
	enum err e = provision_grant(*w->p, g, BYTES(m->file, m->file_n), BYTES(m->cells, g->slots * CELL_SIZE(1)), &why);

	if (e == E_STICK_IO && why.sys == EBADMSG)
		return forgets(f);
	return e == E_OK ? E_OK : fault_pass(f, &why);
}

static enum err
look(const struct granting *w, const struct grant *g, struct fault *f)
{
	enum err e = w->look != NULL ? w->look(w->look_arg, f) : E_OK;

	return e == E_OK && w->look != NULL && !is_there(*w->p, g) ? forgets(f) : e;
}

/* Inside a transaction. */
static enum err
add(const struct granting *w, const struct grant *g, const struct minted *m, struct fault *f)
{
	struct books *b = w->issuer->books;
	struct bytes payload;
	uint8_t issuer[KEY_SIZE];
	enum envelope_result opened = envelope_open(ENVELOPE_GRANT, BYTES(m->file, m->file_n), &payload, issuer);
	enum err e = E_OK;

	if (opened == ENVELOPE_NO_MEMORY)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the grant");
	if (opened != ENVELOPE_OK)
		return fault_set(f, E_FAIL, 0, "signature", "the grant");
	if (w->manifest_file.n > 0)
		e = books_bundle_manifest(b, w->manifest->bundle_id, w->manifest_file, f);
	return e == E_OK ? books_add_grant(b, &(struct books_new){g, payload, BOOKS_READY, w->issuer->now, w->verb}, f) : e;
}

static enum err
book(const struct granting *w, const struct grant *g, const struct minted *m, struct fault *f)
{
	enum err e = books_begin(w->issuer->books, f);

	return e == E_OK ? books_end(w->issuer->books, add(w, g, m, f), f) : e;
}

enum err
granting_away(const struct granting *w, struct grant *g, struct minted *m, struct fault *f)
{
	enum err e = E_OK;

	fill(w, g);
	if ((e = mint(w, g, m, f)) != E_OK)
		return e;
	return add(w, g, m, f);
}

enum err
granting_make(const struct granting *w, struct grant *g, struct fault *f)
{
	struct minted m = {0};
	struct fault ignored = {0};
	enum err e = E_OK;

	fill(w, g);
	if ((e = mint(w, g, &m, f)) != E_OK || (e = write_grant(w, g, &m, f)) != E_OK)
		goto out;
	if ((e = look(w, g, f)) == E_OK)
		e = book(w, g, &m, f);
	if (e != E_OK && *w->p != NULL)
		provision_destroy_grant(*w->p, g, &ignored);
out:
	free(m.file);
	free(m.cells);
	return e;
}
