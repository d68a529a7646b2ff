/*
 * cmd_verify.c - check every block of a stick. With any kind of key, name the damaged files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "cli.h"
#include "faultsay.h"
#include "fence.h"
#include "grant.h"
#include "human.h"
#include "issuer.h"
#include "issuing.h"
#include "keytree.h"
#include "opt.h"
#include "progress.h"
#include "prompt_code.h"
#include "secret.h"
#include "segment.h"
#include "slots.h"
#include "stick.h"
#include "stickarg.h"
#include "stop.h"
#include "text.h"
#include "verify.h"

#define PRINTED 50

struct verify {
	const struct cli *c;
	struct place at;
	struct stick *s;
	struct stick_grants grants;
	uint8_t *seed;		    /* of the issuer, or NULL */
	uint8_t issuer[KEY_SIZE];   /* whose seed it is */
	char symbols[CODE_SYMBOLS]; /* of the code */
	bool code;
	struct verify_found *all; /* count of them */
	size_t count;
	struct progress bar;
};

/* ---- keys ------------------------------------------------------------------------------------------------------------------ */

static enum err
read_seed(struct verify *v, struct fault *f)
{
	struct issuer i = {.dir_fd = -1};
	enum err e = issuing_open(&i, v->c, f);

	if (e == E_OK)
		e = issuing_unlock(&i, v->c, f);
	if (e == E_OK) {
		memcpy(v->issuer, i.pk, KEY_SIZE);
		v->seed = i.seed;
		i.seed = NULL;
	}
	issuer_close(&i);
	return e;
}

static enum err
read_code(struct verify *v, struct fault *f)
{
	enum err e = prompt_code_symbols(v->c, NULL, true, v->symbols, f);

	v->code = e == E_OK;
	return e;
}

/* ---- checking -------------------------------------------------------------------------------------------------------------- */

static void
on_start(void *arg)
{
	struct verify *v = arg;

	progress_start(&v->bar, v->c, "verifying");
}

static int
on_update(void *arg, uint64_t done, uint64_t all)
{
	struct verify *v = arg;

	progress_update(&v->bar, done, all);
	return stop_asked();
}

static void
on_end(void *arg, bool ok)
{
	struct verify *v = arg;

	progress_end(&v->bar, ok);
}

static enum err
run(struct verify *v, const char *arg, struct fault *f)
{
	enum err e = E_OK;

	if ((e = stickarg_open(v->c, &v->at, arg, f)) != E_OK)
		return e;
	if (v->c->passphrase_file != NULL && (e = read_seed(v, f)) != E_OK)
		return e;
	if (v->c->code_file != NULL && (e = read_code(v, f)) != E_OK)
		return e;
	fence_reader(v->at.fd);
	if ((e = stick_open(&v->s, v->at.fd, f)) != E_OK || (e = stick_load_grants(v->s, &v->grants, f)) != E_OK)
		return e;
	if (v->seed != NULL && memcmp(v->issuer, v->grants.grants[0].issuer, KEY_SIZE) != 0)
		return say_fault(v->c, f, E_ISSUER,
		    _("the stick at %s belongs to another issuer: this passphrase cannot name its files."), v->at.path);
	return verify_all(&v->all, &v->count,
	    &(struct verify_task){v->s, &v->grants, v->seed, v->code ? v->symbols : NULL, on_start, on_update, on_end, v}, f);
}

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

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

static enum err
report_json(const struct verify *v)
{
	char name[STICK_NAME_SIZE];
	json_t *list = json_array();

	keytree_stick_name(name, v->s->id);
	for (size_t i = 0; i < v->count; i++)
		json_array_append_new(list, json_checked(&v->all[i]));
	return say_json(v->c, json_pack("{s:s, s:o, s:o, s:i}", "stick", name, "path", say_json_text(v->at.path), "bundles", list,
				  "unreadable_lectures", (int)v->grants.skipped));
}

static void
print_damage(const struct verify_found *x, const struct verify_damage *d)
{
	char segment[SEGMENT_NAME_SIZE], id[2 * ID_SIZE + 1];
	char *path = d->path != NULL ? human_escape(d->path, strlen(d->path)) : NULL;
	unsigned long long from = d->d.segment_off;

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

/* What a refusal needs to know about the stick: that the description of some lectures on it is damaged. */
static struct unlock_info
info_of(const struct verify *v)
{
	return (struct unlock_info){
	    .grants = (unsigned)v->grants.count, .skipped = v->grants.skipped, .newer = v->grants.newer};
}

static void
report_checked(const struct verify *v, const struct verify_found *x)
{
	char bytes[HUMAN_SHOWN], label[2 * LABEL_MAX];

	human_bytes(bytes, sizeof bytes, x->bytes);
	if (x->result == E_OK) {
		/* TRANSLATORS: a label and a size: nothing in it is damaged */
		printf(_("whole: \"%s\", %s\n"), say_safe(label, sizeof label, x->grant->label), bytes);
		if (!x->direct)
			say_info(v->c, "read through this PC's cache, because the file system allows no other way");
		return;
	}
	for (size_t i = 0; i < x->count && i < PRINTED; i++)
		print_damage(x, &x->list[i]);
	if (x->damaged > PRINTED)
		printf(ngettext("... and %llu more block\n", "... and %llu more blocks\n", (unsigned long)(x->damaged - PRINTED)),
		    (unsigned long long)(x->damaged - PRINTED));
	if (x->damaged > 0 && x->unlocked && !x->named)
		say_info(v->c, "the table of files is itself damaged, so not every file can be named");
	else if (x->damaged > 0 && v->seed != NULL && !x->unlocked)
		say_info(v->c, "the passphrase does not open this, so its files cannot be named");
	else if (x->damaged > 0 && v->code && !x->unlocked)
		say_info(v->c, "the code does not open this, so its files cannot be named");
	else if (x->damaged > 0 && !x->unlocked)
		say_info(v->c, "with the issuer's --passphrase-file, or an unused code in --code-file, the files are named too");
}

static void
warn_unread(const struct verify *v, const struct grant *g, const struct slots_count *n)
{
	char label[2 * LABEL_MAX];

	/* TRANSLATORS: a label, how many codes, how many there are: the form is that of the last; a file, and why it cannot be read
	 */
	say_warn(v->c,
	    ngettext("\"%s\": we cannot tell whether %u of %u code is used, because %s cannot be read: %s",
		"\"%s\": we cannot tell whether %u of %u codes are used, because %s cannot be read: %s", g->slots),
	    say_safe(label, sizeof label, g->label), n->unread, g->slots, n->why.object, strerror(n->why.sys));
}

static void
warn_slots(const struct verify *v)
{
	char label[2 * LABEL_MAX];

	for (size_t i = 0; i < v->grants.count; i++) {
		struct slots_count n = slots_count(v->s, &v->grants.grants[i]);

		if (n.unread > 0)
			warn_unread(v, &v->grants.grants[i], &n);
		if (n.damaged > 0)
			/* TRANSLATORS: a label, how many codes are unusable, how many there are: the form is that of the last */
			say_warn(v->c,
			    ngettext("\"%s\": %u of %u code is unusable, its record is damaged",
				"\"%s\": %u of %u codes are unusable, their records are damaged", v->grants.grants[i].slots),
			    say_safe(label, sizeof label, v->grants.grants[i].label), n.damaged, v->grants.grants[i].slots);
	}
	if (v->grants.skipped > 0)
		say_warn(v->c,
		    ngettext("%u lecture on the stick cannot be read: damaged, or made by a newer oncestick",
			"%u lectures on the stick cannot be read: damaged, or made by a newer oncestick", v->grants.skipped),
		    v->grants.skipped);
}

/* The exit status. A damaged bundle comes before a grant that cannot be read. */
static enum err
conclude(const struct verify *v)
{
	const struct unlock_info info = info_of(v);
	struct faultsay_about about = {.object = v->at.path, .info = &info};
	struct fault f = {0};
	char label[2 * LABEL_MAX];

	for (size_t i = 0; i < v->count; i++) {
		const struct verify_found *x = &v->all[i];

		if (x->result == E_OK)
			continue;
		if (x->damaged == 0 || x->result != E_BUNDLE)
			return faultsay_error(v->c, &x->fault, &about);
		if (x->unreadable == x->damaged)
			return say_refuse(v->c, E_BUNDLE,
			    ngettext(
				"%llu block of \"%s\" cannot be read; the rest of it can be played. Try another USB port; if that "
				"fails too, prepare another stick.",
				"%llu blocks of \"%s\" cannot be read; the rest of it can be played. Try another USB port; if that "
				"fails too, prepare another stick.",
				(unsigned long)x->damaged),
			    (unsigned long long)x->damaged, say_safe(label, sizeof label, x->grant->label));
		return say_refuse(v->c, E_BUNDLE,
		    ngettext(
			"%llu block of \"%s\" is damaged; the rest of it can be played. Prepare the stick again, or another one.",
			"%llu blocks of \"%s\" are damaged; the rest of it can be played. Prepare the stick again, or another one.",
			(unsigned long)x->damaged),
		    (unsigned long long)x->damaged, say_safe(label, sizeof label, x->grant->label));
	}
	if (v->grants.skipped == 0)
		return E_OK;
	if (v->grants.beyond > 0)
		fault_why(&f, E_NO_GRANT, 0, WHY_CROWDED_GRANTS, "%s/%s", STICK_ONCE, STICK_GRANTS);
	else
		fault_set(&f, E_NO_GRANT, 0, "", "%s", "");
	return faultsay_error(v->c, &f, &about);
}

static enum err
report(const struct verify *v)
{
	enum err e = E_OK, printed = E_OK;

	if (v->c->json)
		printed = report_json(v);
	for (size_t i = 0; i < v->count && !v->c->json; i++)
		report_checked(v, &v->all[i]);
	printed = v->c->json ? printed : say_stdout(v->c);
	warn_slots(v);
	e = conclude(v);
	return e != E_OK ? e : printed;
}

static enum err
say_failed(const struct verify *v, const struct fault *f, const char *arg)
{
	const struct unlock_info info = info_of(v);

	return faultsay_error(v->c, f, &(struct faultsay_about){.object = arg, .info = &info});
}

static void
verify_end(struct verify *v)
{
	verify_free(&v->all, v->count);
	sodium_memzero(v->symbols, sizeof v->symbols);
	secret_free(&v->seed);
	stick_grants_free(&v->grants);
	stick_close(&v->s);
	place_close(&v->at);
}

enum err
cmd_verify(struct cli *c, int argc, char **argv)
{
	struct verify v = {.c = c, .at = {.fd = -1}};
	const struct opt_verb verb = {"verify [STICK] [--passphrase-file FILE | --code-file FILE]",
	    N_("Check every signature and read every block of a stick. No code is needed, and none is spent. Damage is reported by "
	       "file and byte\n"
	       "range on the stick; with the issuer's passphrase or an unused code, also by the lecture's own file that it is "
	       "in.\n"),
	    OPT_PASSPHRASE | OPT_CODE | OPT_JSON | OPT_PROGRESS, NULL, 0, 1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	e = run(&v, words.count > 0 ? words.list[0] : NULL, &f);
	e = e == E_OK ? report(&v) : say_failed(&v, &f, words.count > 0 ? words.list[0] : NULL);
	verify_end(&v);
	return e;
}
