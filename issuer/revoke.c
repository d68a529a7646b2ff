#include "revoke.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "accept.h"
#include "array.h"
#include "keytree.h"
#include "mint.h"
#include "secret.h"
#include "stickio.h"

struct revoke_coded {
	char symbols[CODE_SYMBOLS];
	struct revoke_pick pick;
};

static bool
can_go(const struct books_slot *s)
{
	return s->state == BOOKS_READY || s->state == BOOKS_ISSUED;
}

static bool
usable(const struct revoke *r, const struct books_slot *s)
{
	return can_go(s) && s->expires > r->issuer->now;
}

/* ---- what was named --------------------------------------------------------------------------------------------------------- */

static enum err
pick(struct revoke *r, const struct revoke_pick *p, struct fault *f)
{
	struct revoke_pick *grown = array_grow(r->picks, r->pick_count, &r->pick_room, sizeof *grown);

	if (grown == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the list of codes");
	r->picks = grown;
	grown[r->pick_count++] = *p;
	return E_OK;
}

enum err
revoke_slot(struct revoke *r, const struct books_slot *slot, struct fault *f)
{
	struct revoke_pick p = {.slot = slot->slot};

	memcpy(p.grant_id, slot->grant_id, ID_SIZE);
	return pick(r, &p, f);
}

static int
by_symbols(const void *pa, const void *pb)
{
	const struct revoke_coded *a = pa, *b = pb;

	return memcmp(a->symbols, b->symbols, CODE_SYMBOLS);
}

/* Codes come from the seed, so one can be found without stretching anything. */
static enum err
make_codes(struct revoke *r, struct fault *f)
{
	struct books_range *ranges = NULL;
	size_t range_count = 0, count = 0;
	enum err e = r->codes != NULL ? E_OK : books_ranges(r->issuer->books, &ranges, &range_count, f);

	if (e != E_OK || r->codes != NULL)
		return e;
	for (size_t k = 0; k < range_count; k++)
		count += ranges[k].slots;
	r->codes = secret_new((count + 1) * sizeof *r->codes);
	if (r->codes == NULL) {
		free(ranges);
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for codes");
	}
	for (size_t k = 0; k < range_count; k++) {
		for (uint32_t slot = 0; slot < ranges[k].slots; slot++) {
			struct revoke_coded *x = &r->codes[r->code_count++];

			mint_code(x->symbols, r->issuer->seed, ranges[k].grant_id, slot);
			memcpy(x->pick.grant_id, ranges[k].grant_id, ID_SIZE);
			x->pick.slot = slot;
		}
	}
	qsort(r->codes, count, sizeof *r->codes, by_symbols);
	free(ranges);
	return E_OK;
}

enum err
revoke_symbols(struct revoke *r, const char symbols[CODE_SYMBOLS], struct fault *f)
{
	struct revoke_coded key = {.symbols = ""};
	const struct revoke_coded *found = NULL;
	enum err e = make_codes(r, f);

	if (e != E_OK)
		return e;
	memcpy(key.symbols, symbols, CODE_SYMBOLS);
	found = bsearch(&key, r->codes, r->code_count, sizeof key, by_symbols);
	sodium_memzero(&key, sizeof key);
	return found != NULL ? pick(r, &found->pick, f) : E_CODE_UNKNOWN;
}

/* ---- choosing -------------------------------------------------------------------------------------------------------------- */

static enum err
add_stick(struct revoke_sticks *l, const uint8_t id[ID_SIZE], struct fault *f)
{
	uint8_t (*grown)[ID_SIZE] = array_grow(l->ids, l->count, &l->room, sizeof *grown);

	if (grown == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the list of sticks");
	l->ids = grown;
	memcpy(l->ids[l->count++], id, ID_SIZE);
	return E_OK;
}

enum err
revoke_stick(struct revoke *r, const uint8_t id[ID_SIZE], struct fault *f)
{
	return add_stick(&r->sticks, id, f);
}

static int
by_slot(const void *pa, const void *pb)
{
	const struct revoke_pick *a = pa, *b = pb;
	int order = memcmp(a->grant_id, b->grant_id, ID_SIZE);

	if (order != 0)
		return order;
	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static bool
is_picked(const struct revoke *r, const struct books_slot *s)
{
	struct revoke_pick key = {.slot = s->slot};

	memcpy(key.grant_id, s->grant_id, ID_SIZE);
	return r->pick_count > 0 && bsearch(&key, r->picks, r->pick_count, sizeof key, by_slot) != NULL;
}

bool
revoke_was_gone(const struct revoke *r, const struct books_slot *slot)
{
	return !can_go(slot) && is_picked(r, slot);
}

static bool
of_named_stick(const struct revoke *r, const struct books_slot *s)
{
	for (size_t k = 0; k < r->sticks.count; k++)
		if (memcmp(r->sticks.ids[k], s->stick_id, ID_SIZE) == 0)
			return true;
	return false;
}

static bool
of_holder(const struct revoke *r, const struct books_slot *s)
{
	for (size_t k = 0; k < r->holder_count; k++)
		if (strcmp(s->holder, r->holders[k]) == 0)
			return true;
	return false;
}

static enum err
add_holder(const struct revoke *r, struct revoke_sticks *l, const char *holder, struct fault *f)
{
	struct books_slot *slots = NULL;
	size_t count = 0;
	enum err e = books_slots_of_holder(r->issuer->books, holder, NULL, &slots, &count, f);

	if (e == E_OK && count == 0)
		e = fault_why(f, E_NO_CODES, 0, WHY_NEVER_GIVEN, "%s", holder);
	for (size_t k = 0; k < count && e == E_OK; k++)
		if (k == 0 || memcmp(slots[k].stick_id, slots[k - 1].stick_id, ID_SIZE) != 0)
			e = add_stick(l, slots[k].stick_id, f);
	free(slots);
	return e;
}

/* The sticks on which something was named: no other can lose a code, or its last one. */
static enum err
name_sticks(const struct revoke *r, struct revoke_sticks *l, struct fault *f)
{
	uint8_t id[ID_SIZE];
	bool found = false;
	enum err e = E_OK;

	for (size_t k = 0; k < r->holder_count && e == E_OK; k++)
		e = add_holder(r, l, r->holders[k], f);
	for (size_t k = 0; k < r->sticks.count && e == E_OK; k++)
		e = add_stick(l, r->sticks.ids[k], f);
	for (size_t k = 0; k < r->pick_count && e == E_OK; k++)
		if ((e = books_stick_of(r->issuer->books, r->picks[k].grant_id, id, &found, f)) == E_OK && found)
			e = add_stick(l, id, f);
	return e;
}

static enum err
choose(struct revoke *r, struct fault *f)
{
	struct revoke_sticks sticks = {0};
	enum err e = E_OK;

	free(r->all);
	free(r->chosen);
	r->all = NULL;
	r->chosen = NULL;
	r->all_count = 0;
	if ((e = name_sticks(r, &sticks, f)) == E_OK)
		e = books_slots_of_sticks(r->issuer->books, sticks.ids, sticks.count, &r->all, &r->all_count, f);
	free(sticks.ids);
	if (e != E_OK)
		return e;
	r->chosen = calloc(r->all_count + 1, sizeof *r->chosen);
	if (r->chosen == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the list of codes");
	if (r->pick_count > 1)
		qsort(r->picks, r->pick_count, sizeof *r->picks, by_slot);
	for (size_t k = 0; k < r->all_count; k++) {
		const struct books_slot *s = &r->all[k];

		r->chosen[k] = can_go(s) && (is_picked(r, s) || of_named_stick(r, s) || of_holder(r, s));
	}
	return E_OK;
}

/* ---- the last code of a stick ---------------------------------------------------------------------------------------------- */

/* The name of the next stick, at or after *k, that would be left without a usable code; false if there is none. */
static bool
loses_last(const struct revoke *r, size_t *k, char name[STICK_NAME_SIZE])
{
	while (*k < r->all_count) {
		const uint8_t *id = r->all[*k].stick_id;
		size_t before = 0, after = 0;

		for (; *k < r->all_count && memcmp(r->all[*k].stick_id, id, ID_SIZE) == 0; ++*k) {
			before += usable(r, &r->all[*k]);
			after += usable(r, &r->all[*k]) && !r->chosen[*k];
		}
		if (before > 0 && after == 0) {
			keytree_stick_name(name, id);
			return true;
		}
	}
	return false;
}

static void
name_losers(const struct revoke *r, char names[REVOKE_LOSERS])
{
	char name[STICK_NAME_SIZE];
	size_t k = 0, n = 0;

	while (n + 12 < REVOKE_LOSERS && loses_last(r, &k, name))
		n += (size_t)snprintf(names + n, REVOKE_LOSERS - n, "%s%s", n == 0 ? "" : ", ", name);
}

/* ---- doing it -------------------------------------------------------------------------------------------------------------- */

enum err
revoke_open(const struct revoke *r, struct revoke_target *t, struct fault *f)
{
	char fs[STICKIO_FS_NAME] = "";
	enum err e = E_OK;

	if ((e = stick_open(&t->stick, t->fd, f)) != E_OK || (e = stick_medium(t->stick, fs, f)) != E_OK ||
	    (e = stick_load_grants(t->stick, &t->grants, f)) != E_OK)
		return e;
	if (memcmp(t->grants.grants[0].issuer, r->issuer->pk, KEY_SIZE) != 0)
		return fault_why(f, E_ISSUER, 0, WHY_ANOTHER_ISSUER, "%s", t->path);
	return E_OK;
}

/* Enter the list that a stick carries in the books, unless it cannot be read. */
static enum err
merge_target(struct revoke *r, struct revoke_target *t, struct fault *f)
{
	struct fault why = {0};
	enum err e = issuer_merge_notice(r->issuer, t->stick, &why);

	if (e == E_STICK_IO)
		t->fault = why;
	return e == E_OK || e == E_STICK_IO ? E_OK : fault_pass(f, &why);
}

static enum err
change_books(struct revoke *r, struct fault *f)
{
	struct issuer *i = r->issuer;
	enum err e = E_OK;

	for (size_t k = 0; k < r->target_count && e == E_OK; k++)
		if (r->targets[k].fault.err == E_OK)
			e = merge_target(r, &r->targets[k], f);
	for (size_t k = 0; k < r->all_count && e == E_OK; k++)
		if (r->chosen[k])
			e = books_set_state(i->books, &(struct books_change){.grant_id = r->all[k].grant_id, .slot = r->all[k].slot,
			    .state = BOOKS_REVOKED, .now = i->now, .verb = "revoke", .detail = ""}, f);
	return e == E_OK ? issuer_publish(i, &r->notice, &r->notice_n, &r->number, f) : e;
}

enum err
revoke_commit(struct revoke *r, const char *agreed, char losers[REVOKE_LOSERS], struct fault *f)
{
	enum err e = books_begin(r->issuer->books, f);

	losers[0] = '\0';
	if (e != E_OK)
		return e;
	if ((e = choose(r, f)) == E_OK && agreed != NULL)
		name_losers(r, losers);
	if (agreed != NULL && strcmp(losers, agreed) == 0)
		losers[0] = '\0';
	if (e == E_OK && losers[0] == '\0')
		e = change_books(r, f);
	return books_end(r->issuer->books, e, f);
}

void
revoke_put(struct revoke *r)
{
	for (size_t k = 0; k < r->target_count; k++) {
		struct revoke_target *t = &r->targets[k];

		if (t->fault.err == E_OK)
			accept_notice(t->stick, &t->grants, r->issuer->pk, BYTES(r->notice, r->notice_n), &t->written, &t->fault);
	}
}

void
revoke_target_close(struct revoke_target *t)
{
	stick_grants_free(&t->grants);
	stick_close(&t->stick);
}

void
revoke_free(struct revoke *r)
{
	secret_free(&r->codes);
	free(r->picks);
	free(r->sticks.ids);
	free(r->all);
	free(r->chosen);
	free(r->notice);
}
