/*
 * handout.c - choosing codes from the books.
 */
#include "handout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "array.h"
#include "mint.h"
#include "secret.h"

static bool
usable(const struct books_slot *s, enum books_slot_state state, int64_t now)
{
	return s->state == state && s->expires > now;
}

static enum err
find_lecture(struct issuer *i, const struct handout_order *o, uint8_t grant_id[ID_SIZE], struct fault *f)
{
	const struct books_wanted wanted = {o->stick_id, o->lecture, i->now, o->n};
	unsigned count = 0;
	enum err e = books_find_lecture(i->books, &wanted, grant_id, &count, f);

	if (e != E_OK || count > 0)
		return e;
	return o->lecture == NULL ? fault_why(f, E_NO_CODES, 0, WHY_NONE_LEFT, "%s", "") :
				    fault_why(f, E_NO_GRANT, 0, WHY_NO_LECTURE, "%s", o->lecture);
}

/* Count what the lecture has left, and whether the stick has others, and whether they have anything left. */
static enum err
count_left(struct handout *h, struct issuer *i, const uint8_t stick_id[ID_SIZE], const uint8_t grant_id[ID_SIZE], struct fault *f)
{
	struct books_slot *all = NULL;
	size_t count = 0;
	enum err e = books_slots(i->books, stick_id, &all, &count, f);

	h->left = 0;
	h->others = h->several = false;
	for (size_t k = 0; k < count; k++) {
		bool of_it = memcmp(all[k].grant_id, grant_id, ID_SIZE) == 0;

		h->several = h->several || (!of_it && all[k].state != BOOKS_REVOKED);
		if (!usable(&all[k], BOOKS_READY, i->now))
			continue;
		h->left += of_it;
		h->others = h->others || !of_it;
	}
	free(all);
	return e;
}

enum err
handout_take(struct handout *h, struct issuer *i, const struct handout_order *o, struct fault *f)
{
	uint8_t grant_id[ID_SIZE];
	const struct books_take wanted = {.grant_id = grant_id, .n = o->n, .holder = o->holder, .now = i->now};
	struct fault why = {0};
	enum err e = find_lecture(i, o, grant_id, f);

	if (e != E_OK)
		return e;
	e = books_take(i->books, &wanted, &h->slots, &h->have, &why);
	if (e == E_NO_CODES) {
		(void)count_left(h, i, o->stick_id, grant_id, NULL);
		return fault_why(f, E_NO_CODES, 0, WHY_TOO_FEW, "%s", "");
	}
	if (e != E_OK)
		return fault_pass(f, &why);
	h->count = o->n;
	return count_left(h, i, o->stick_id, grant_id, f);
}

/* List it once, even if it is one of the first known and was already named. */
static enum err
add_again(struct handout *h, const struct books_slot *slot, size_t known, struct fault *f)
{
	struct books_slot *grown = NULL;

	for (size_t k = 0; k < known; k++)
		if (h->slots[k].slot == slot->slot && memcmp(h->slots[k].grant_id, slot->grant_id, ID_SIZE) == 0)
			return E_OK;
	grown = array_grow(h->slots, h->count, &h->room, sizeof *grown);
	if (grown == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for codes");
	h->slots = grown;
	grown[h->count++] = *slot;
	return E_OK;
}

enum err
handout_again_code(struct handout *h, const struct issuer *i, const struct books_slot *slot, struct fault *f)
{
	char name[ISSUER_SLOT_NAME];

	issuer_slot_name(name, slot);
	h->again = true;
	switch (slot->state) {
	case BOOKS_READY:
		return fault_why(f, E_USAGE, 0, WHY_NOT_HANDED_OUT, "%s", name);
	case BOOKS_SPENT:
		return fault_why(f, E_SPENT, 0, WHY_OVER, "%s", name);
	case BOOKS_REVOKED:
		return fault_why(f, E_REVOKED, 0, WHY_OVER, "%s", name);
	case BOOKS_ISSUED:
		break;
	}
	if (slot->expires <= i->now)
		return fault_why(f, E_EXPIRED, 0, WHY_OVER, "%s", name);
	return add_again(h, slot, h->count, f);
}

enum err
handout_again_holder(struct handout *h, struct issuer *i, const struct handout_order *o, struct fault *f)
{
	struct books_slot *list = NULL;
	uint8_t grant_id[ID_SIZE];
	size_t count = 0, found = 0, known = h->count;
	enum err e = o->lecture != NULL ? find_lecture(i, o, grant_id, f) : E_OK;

	h->again = true;
	if (e == E_OK)
		e = books_slots_of_holder(i->books, o->holder, o->stick_id, &list, &count, f);
	for (size_t k = 0; e == E_OK && k < count; k++) {
		if (!usable(&list[k], BOOKS_ISSUED, i->now) ||
		    (o->lecture != NULL && memcmp(list[k].grant_id, grant_id, ID_SIZE) != 0))
			continue;
		found++;
		e = add_again(h, &list[k], known, f);
	}
	free(list);
	return e == E_OK && found == 0 ? fault_why(f, E_NO_CODES, 0, WHY_HOLDS_NONE, "%s", o->holder) : e;
}

enum err
handout_join(struct handout *to, struct handout *part, struct fault *f)
{
	size_t room = to->count + part->count;
	struct books_slot *grown = part->count > 0 ? reallocarray(to->slots, room, sizeof *grown) : to->slots;

	if (part->count > 0 && grown == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for codes");
	if (part->count > 0)
		memcpy(grown + to->count, part->slots, part->count * sizeof *grown);
	to->slots = grown;
	to->count = to->room = room;
	to->again = to->again || part->again;
	free(part->slots);
	part->slots = NULL;
	part->room = 0;
	return E_OK;
}

static enum err
record_again(const struct handout *h, struct issuer *i, struct fault *f)
{
	enum err e = E_OK;

	for (size_t k = 0; k < h->count && e == E_OK; k++) {
		const struct books_slot *s = &h->slots[k];

		const struct books_event again = {.now = i->now, .verb = "issue again", .grant_id = s->grant_id, .slot = s->slot,
		    .holder = s->holder, .detail = ""};

		e = books_event(i->books, &again, f);
	}
	return e;
}

enum err
handout_codes(struct handout *h, struct issuer *i, struct fault *f)
{
	char symbols[CODE_SYMBOLS];
	enum err e = h->again ? record_again(h, i, f) : E_OK;

	if (e != E_OK)
		return e;
	h->codes = secret_new(h->count * CODE_SHOWN_SIZE);
	if (h->codes == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for codes");
	for (size_t k = 0; k < h->count; k++) {
		mint_code(symbols, i->seed, h->slots[k].grant_id, h->slots[k].slot);
		code_show(h->codes[k], symbols);
	}
	sodium_memzero(symbols, sizeof symbols);
	return E_OK;
}

void
handout_free(struct handout *h)
{
	secret_free(&h->codes);
	free(h->slots);
	h->slots = NULL;
	h->count = h->room = 0;
}
