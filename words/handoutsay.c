/*
 * handoutsay.c - printing codes to standard output. It writes to the descriptor, because stdio would keep a copy.
 */
#include "handoutsay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "csvcell.h"
#include "faultsay.h"
#include "human.h"
#include "issuer.h"
#include "keytree.h"
#include "stop.h"
#include "text.h"
#include "when.h"
#include "wiping.h"

#define LINE_MAX_CSV 2048 /* an id, a code, two times, twice the label and the holder, and what is between them */

int
handoutsay_format(enum handoutsay_format *out, const char *word)
{
	static const char *const words[] = {[HANDOUTSAY_TEXT] = "text", [HANDOUTSAY_CSV] = "csv", [HANDOUTSAY_JSON] = "json"};

	for (unsigned k = 0; k < sizeof words / sizeof words[0]; k++) {
		if (strcmp(word, words[k]) == 0) {
			*out = (enum handoutsay_format)k;
			return 0;
		}
	}
	return -1;
}

static int
write_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t got = write(STDOUT_FILENO, p, n);

		if (got < 0 && errno == EINTR && !stop_asked())
			continue;
		if (got <= 0)
			return -1;
		p += got;
		n -= (size_t)got;
	}
	return 0;
}

static int
print_text(const struct handout *h)
{
	char line[CODE_SHOWN_SIZE + 1];
	int failed = 0;

	for (size_t k = 0; k < h->count && !failed; k++) {
		int n = snprintf(line, sizeof line, "%s\n", h->codes[k]);

		failed = write_all(line, (size_t)n);
	}
	sodium_memzero(line, sizeof line);
	return failed;
}

/* ---- CSV ----------------------------------------------------------------------------------------------------------------- */

static int
print_row(char line[LINE_MAX_CSV], const struct handout *h, size_t k)
{
	const struct books_slot *s = &h->slots[k];
	char id[ISSUER_SLOT_NAME], from[WHEN_SHOWN], until[WHEN_SHOWN], *end = line;

	issuer_slot_name(id, s);
	when_rfc3339(from, sizeof from, s->not_before);
	when_rfc3339(until, sizeof until, s->expires);
	end = csvcell(end, id, ',');
	end = csvcell(end, h->codes[k], ',');
	end = csvcell(end, s->label, ',');
	end = csvcell(end, s->holder, ',');
	end = csvcell(end, from, ',');
	end = csvcell(end, until, '\r');
	*end++ = '\n';
	return write_all(line, (size_t)(end - line));
}

static int
print_csv(const struct handout *h)
{
	static const char head[] = "id,code,label,holder,not_before,expires\r\n";
	char line[LINE_MAX_CSV];
	int failed = write_all(head, sizeof head - 1);

	for (size_t k = 0; k < h->count && !failed; k++)
		failed = print_row(line, h, k);
	sodium_memzero(line, sizeof line);
	return failed;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------- */

static json_t *
json_of(const struct handout *h)
{
	json_t *list = json_array();
	char name[STICK_NAME_SIZE], grant[2 * ID_SIZE + 1];
	char id[ISSUER_SLOT_NAME];

	for (size_t k = 0; k < h->count; k++) {
		const struct books_slot *s = &h->slots[k];

		issuer_slot_name(id, s);
		json_array_append_new(
		    list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", id, "code", h->codes[k], "holder", s->holder, "label",
			      s->label, "not_before", say_json_time(s->not_before), "expires", say_json_time(s->expires)));
	}
	keytree_stick_name(name, h->slots[0].stick_id);
	if (h->again)
		return json_pack("{s:o}", "codes", list);
	bytes_to_hex(grant, h->slots[0].grant_id, ID_SIZE);
	return json_pack("{s:s, s:s, s:s, s:o, s:i}", "stick", name, "lecture", h->slots[0].label, "grant", grant, "codes", list,
	    "left", (int)h->left);
}

/* Takes v. */
static int
print_json(json_t *v)
{
	char *text = v != NULL ? json_dumps(v, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	char *safe = text != NULL ? human_json(text) : NULL;
	int failed = safe == NULL || write_all(safe, strlen(safe)) != 0 || write_all("\n", 1) != 0;

	json_decref(v);
	if (safe != NULL)
		sodium_memzero(safe, strlen(safe));
	free(safe);
	wiping_free(text);
	return failed;
}

int
handoutsay_sticks(const struct handoutsay_stick *list, size_t count)
{
	json_t *sticks = NULL;

	wiping_json();
	sticks = json_array();
	for (size_t k = 0; k < count; k++)
		json_array_append_new(sticks,
		    faultsay_json_stick(list[k].path, list[k].fault.err == E_OK ? json_of(&list[k].out) : NULL, &list[k].fault));
	return print_json(json_pack("{s:o}", "sticks", sticks));
}

int
handoutsay_print(const struct handout *h, enum handoutsay_format format)
{
	switch (format) {
	case HANDOUTSAY_TEXT:
		return print_text(h);
	case HANDOUTSAY_CSV:
		return print_csv(h);
	case HANDOUTSAY_JSON:
		wiping_json();
		return print_json(json_of(h));
	}
	return -1;
}

/* ---- names --------------------------------------------------------------------------------------------------------------- */

/* How many slots, starting with the k-th, are on one stick and have consecutive numbers. Two in a row are named one by one. */
static size_t
row_of(const struct handout *h, size_t k)
{
	const struct books_slot *s = &h->slots[k];
	size_t n = 1;

	while (k + n < h->count && memcmp(s[n].stick_id, s->stick_id, ID_SIZE) == 0 && s[n].number == s->number + n)
		n++;
	return n > 2 ? n : 1;
}

void
handoutsay_names(const struct handout *h, char *out, size_t size)
{
	const uint8_t *last = NULL;
	size_t n = 0, row = 0;

	out[0] = '\0';
	for (size_t k = 0; k < h->count; k += row) {
		const struct books_slot *s = &h->slots[k];
		char id[ISSUER_SLOT_NAME];
		bool same = last != NULL && memcmp(last, s->stick_id, ID_SIZE) == 0;

		if (n + 100 >= size) {
			/* TRANSLATORS: the end of a list of codes that is too long to be printed */
			snprintf(out + n, size - n, _(" and %zu more"), h->count - k);
			return;
		}
		row = row_of(h, k);
		issuer_slot_name(id, s);
		/* TRANSLATORS: before the last of a list of codes: "7kq241/1, /2 and /5" */
		n += (size_t)snprintf(out + n, size - n, "%s", k == 0 ? "" : k + row == h->count ? _(" and ") : ", ");
		if (row > 1)
			/* TRANSLATORS: the first and the last of several codes one after the other, as 7kq241/1 and 40 */
			/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): where count is not 0 there are slots */
			n += (size_t)snprintf(out + n, size - n, _("%s to /%u"), same ? strchr(id, '/') : id, s[row - 1].number);
		else
			n += (size_t)snprintf(out + n, size - n, "%s", same ? strchr(id, '/') : id);
		last = s->stick_id;
	}
}
