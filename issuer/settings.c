/*
 * settings.c - the settings of an issuer that can be changed later.
 */
#include "settings.h"

#include <stdio.h>
#include <string.h>

#include "books.h"
#include "books_pc.h"
#include "bytes.h"
#include "keystore.h"

/* The books are locked meanwhile, so that two who change the passphrase come one after the other. */
enum err
settings_passphrase(struct issuer *i, struct bytes was, struct bytes pass, bool *counts, struct fault *f)
{
	const struct keystore_change change = {was, i->seed, pass};
	const struct books_event event = {.now = i->now, .verb = "passwd", .slot = BOOKS_WHOLE};
	struct fault kept = {0};
	enum err e = books_begin(i->books, f);

	*counts = false;
	if (e != E_OK)
		return e;
	if ((e = books_event(i->books, &event, f)) == E_OK) {
		e = keystore_replace(i->dir_fd, &change, &kept);
		*counts = e == E_OK || kept.why == WHY_MAKE_DURABLE;
		if (e != E_OK)
			e = fault_pass(f, &kept);
	}
	return books_end(i->books, e, f);
}

enum err
settings_contact(struct issuer *i, const char *contact, struct fault *f)
{
	const struct books_event event = {.now = i->now, .verb = "contact", .slot = BOOKS_WHOLE};
	enum err e = books_begin(i->books, f);

	if (e != E_OK)
		return e;
	if ((e = books_get(i->books, "contact", i->contact, sizeof i->contact, f)) == E_OK && strcmp(i->contact, contact) != 0 &&
	    (e = books_set(i->books, "contact", contact, f)) == E_OK)
		e = books_event(i->books, &event, f);
	if ((e = books_end(i->books, e, f)) == E_OK)
		snprintf(i->contact, sizeof i->contact, "%s", contact);
	return e;
}

enum err
settings_pc_name(struct issuer *i, const uint8_t id[ID_SIZE], const char *name, struct fault *f)
{
	char hex[2 * ID_SIZE + 1];
	const struct books_event event = {.now = i->now, .verb = "station name", .slot = BOOKS_WHOLE, .detail = hex};
	enum err e = books_begin(i->books, f);

	if (e != E_OK)
		return e;
	bytes_to_hex(hex, id, ID_SIZE);
	if ((e = books_pc_call(i->books, id, name, f)) == E_OK)
		e = books_event(i->books, &event, f);
	return books_end(i->books, e, f);
}
