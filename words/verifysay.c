/*
 * verifysay.c - what a check of a stick has found, block by block and file by file.
 */
#include "verifysay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bytes.h"
#include "faultsay.h"
#include "human.h"
#include "keytree.h"
#include "segment.h"
#include "slots.h"
#include "text.h"

#define PRINTED 50 /* damaged blocks of a lecture */

static json_t *
json_damage(const struct verify_damage *x)
{
	char segment[SEGMENT_NAME_SIZE], *safe = NULL;
	json_t *v = NULL;

	segment_name(segment, x->d.segment);
	v = json_pack("{s:s, s:I, s:I, s:i, s:I, s:I, s:I, s:b}", "segment", segment, "offset", (json_int_t)x->d.segment_off,
	    "length", (json_int_t)BLOCK_SIZE, "level", (int)x->d.level, "block", (json_int_t)x->d.index, "image_offset",
	    (json_int_t)x->d.image_off, "image_length", (json_int_t)x->d.image_len, "unreadable", (int)x->d.io);
	if (x->path != NULL && (safe = human_escape(x->path, strlen(x->path))) != NULL)
		json_object_set_new(v, "file", json_string(safe));
	free(safe);
	return v;
}

static json_t *
json_checked(const struct verify_found *x)
{
	json_t *list = json_array();
	char id[2 * ID_SIZE + 1];
	json_t *v = NULL;

	bytes_to_hex(id, x->grant->bundles[0].id, ID_SIZE);
	for (size_t i = 0; i < x->count; i++)
		json_array_append_new(list, json_damage(&x->list[i]));
	v = json_pack("{s:s, s:s, s:b, s:I, s:I, s:o, s:b}", "bundle", id, "label", x->grant->label, "ok", x->result == E_OK,
	    "bytes", (json_int_t)x->bytes, "damaged_blocks", (json_int_t)x->damaged, "damage", list, "read_from_device",
	    (int)x->direct);
	if (x->result != E_OK && x->damaged == 0)
		json_object_set_new(v, "message", faultsay_json(&x->fault, NULL));
	return v;
}

json_t *
verifysay_json(const struct verifysay *v)
{
	char name[STICK_NAME_SIZE];
	json_t *list = json_array();

	keytree_stick_name(name, v->stick->id);
	for (size_t i = 0; i < v->count; i++)
		json_array_append_new(list, json_checked(&v->all[i]));
	return json_pack("{s:s, s:o, s:o, s:i}", "stick", name, "path", say_json_text(v->path), "bundles", list,
	    "unreadable_lectures", (int)v->grants->skipped);
}

static void
print_damage(const struct cli *c, const struct verify_found *x, const struct verify_damage *d)
{
	char segment[SEGMENT_NAME_SIZE], id[2 * ID_SIZE + 1];
	char *path = d->path != NULL ? human_escape(d->path, strlen(d->path)) : NULL;
	unsigned long long from = d->d.segment_off;

	say_lead(c);
	bytes_to_hex(id, x->grant->bundles[0].id, ID_SIZE);
	segment_name(segment, d->d.segment);
	/* TRANSLATORS: which bytes of which file on the stick; one of the parts that begin with a comma may follow */
	printf(d->d.io ? _("unreadable: ONCE/b/%s/%s, bytes %llu to %llu") : _("damaged: ONCE/b/%s/%s, bytes %llu to %llu"), id,
	    segment, from, from + BLOCK_SIZE - 1);
	if (path != NULL && d->d.level == 0)
		printf(_(", in \"%s\"\n"), path);
	else if (path != NULL)
		printf(_(", and with it %llu bytes from \"%s\" on\n"), (unsigned long long)d->d.image_len, path);
	else if (d->d.level > 0)
		printf(_(", and with it %llu bytes of content\n"), (unsigned long long)d->d.image_len);
	else
		printf("%s\n", x->named ? _(", in no file") : "");
	free(path);
}

static void
report_checked(const struct verifysay *v, const struct verify_found *x)
{
	char bytes[HUMAN_SHOWN], label[2 * LABEL_MAX];

	human_bytes(bytes, sizeof bytes, x->bytes);
	if (x->result == E_OK) {
		say_lead(v->c);
		/* TRANSLATORS: a label and a size: nothing in it is damaged */
		printf(_("whole: \"%s\", %s\n"), say_safe(label, sizeof label, x->grant->label), bytes);
		if (!x->direct)
			say_info(v->c, "read through this PC's cache, because the file system allows no other way");
		return;
	}
	for (size_t i = 0; i < x->count && i < PRINTED; i++)
		print_damage(v->c, x, &x->list[i]);
	if (x->damaged > PRINTED) {
		say_lead(v->c);
		printf(ngettext("... and %llu more block\n", "... and %llu more blocks\n", (unsigned long)(x->damaged - PRINTED)),
		    (unsigned long long)(x->damaged - PRINTED));
	}
	if (x->damaged > 0 && x->unlocked && !x->named)
		say_info(v->c, "the table of files is itself damaged, so not every file can be named");
	else if (x->damaged > 0 && v->seed && !x->unlocked)
		say_info(v->c, "the passphrase does not open this, so its files cannot be named");
	else if (x->damaged > 0 && v->code && !x->unlocked)
		say_info(v->c, "the code does not open this, so its files cannot be named");
	else if (x->damaged > 0 && !x->unlocked)
		say_info(v->c, "with the issuer's --passphrase-file, or an unused code in --code-file, the files are named too");
}

void
verifysay_text(const struct verifysay *v)
{
	for (size_t i = 0; i < v->count; i++)
		report_checked(v, &v->all[i]);
}

static void
warn_unread(const struct verifysay *v, const struct grant *g, const struct slots_count *n)
{
	char label[2 * LABEL_MAX];

	/* TRANSLATORS: a label, how many codes, how many there are: the form is that of the last; a file, and why it cannot be read
	 */
	say_warn(v->c,
	    ngettext("\"%s\": we cannot tell whether %u of %u code is used, because %s cannot be read: %s",
		"\"%s\": we cannot tell whether %u of %u codes are used, because %s cannot be read: %s", g->slots),
	    say_safe(label, sizeof label, g->label), n->unread, g->slots, n->why.object, strerror(n->why.sys));
}

void
verifysay_warn(const struct verifysay *v)
{
	char label[2 * LABEL_MAX];

	for (size_t i = 0; i < v->grants->count; i++) {
		struct slots_count n = slots_count(v->stick, &v->grants->grants[i]);

		if (n.unread > 0)
			warn_unread(v, &v->grants->grants[i], &n);
		if (n.damaged > 0)
			/* TRANSLATORS: a label, how many codes are unusable, how many there are: the form is that of the last */
			say_warn(v->c,
			    ngettext("\"%s\": %u of %u code is unusable, its record is damaged",
				"\"%s\": %u of %u codes are unusable, their records are damaged", v->grants->grants[i].slots),
			    say_safe(label, sizeof label, v->grants->grants[i].label), n.damaged, v->grants->grants[i].slots);
	}
	if (v->grants->skipped > 0)
		say_warn(v->c,
		    ngettext("%u lecture on the stick cannot be read: damaged, or made by a newer oncestick",
			"%u lectures on the stick cannot be read: damaged, or made by a newer oncestick", v->grants->skipped),
		    v->grants->skipped);
}

void
verifysay_fault(const struct verifysay *v, struct fault *f)
{
	char label[2 * LABEL_MAX];

	for (size_t i = 0; i < v->count; i++) {
		const struct verify_found *x = &v->all[i];

		if (x->result == E_OK)
			continue;
		say_safe(label, sizeof label, x->grant->label);
		if (x->damaged == 0 || x->result != E_BUNDLE)
			fault_pass(f, &x->fault);
		else if (x->unreadable == x->damaged)
			say_fault(v->c, f, E_BUNDLE,
			    ngettext(
				"%llu block of \"%s\" cannot be read; the rest of it can be played. Try another USB port; if that "
				"fails too, prepare another stick.",
				"%llu blocks of \"%s\" cannot be read; the rest of it can be played. Try another USB port; if that "
				"fails too, prepare another stick.",
				(unsigned long)x->damaged),
			    (unsigned long long)x->damaged, label);
		else
			say_fault(v->c, f, E_BUNDLE,
			    ngettext(
				"%llu block of \"%s\" is damaged; the rest of it can be played. Prepare the stick again, or another one.",
				"%llu blocks of \"%s\" are damaged; the rest of it can be played. Prepare the stick again, or another one.",
				(unsigned long)x->damaged),
			    (unsigned long long)x->damaged, label);
		return;
	}
	if (v->grants->beyond > 0)
		fault_why(f, E_NO_GRANT, 0, WHY_CROWDED_GRANTS, "%s/%s", STICK_ONCE, STICK_GRANTS);
	else if (v->grants->skipped > 0)
		fault_set(f, E_NO_GRANT, 0, "", "%s", "");
}
