/*
 * cmd_verify.c - check every block of a stick. With any kind of key, name the damaged files.
 */
#include <errno.h>
#include <stdatomic.h>
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
#include "several.h"
#include "slots.h"
#include "stick.h"
#include "stickarg.h"
#include "stop.h"
#include "text.h"
#include "verify.h"

#define PRINTED 50

/* What names damaged files, if there is anything. */
struct keys {
	uint8_t *seed;		    /* of the issuer, or NULL */
	uint8_t issuer[KEY_SIZE];   /* whose seed it is */
	char symbols[CODE_SYMBOLS]; /* of the code */
	bool code;
};

/* One stick. */
struct verify {
	struct cli c; /* for what is said of it */
	char about[STICKARG_ABOUT];
	const char *arg; /* operand or NULL */
	struct place at;
	struct stick *s;
	struct stick_grants grants;
	const struct keys *keys;
	struct verify_found *all; /* count of them */
	size_t count;
	bool checked; /* it was read to its end */
	struct fault fault; /* it could not be checked; or what is wrong with it */

	struct progress *bar; /* NULL: one bar for all, of which this is the part: */
	uint64_t before;      /* bytes of lectures that are done */
	_Alignas(8) _Atomic uint64_t done, bytes;
};

struct run {
	const struct cli *c;
	struct keys keys;
	struct verify *sticks;
	struct several_place *places;
	size_t count;
	struct progress bar;
};

/* ---- keys ------------------------------------------------------------------------------------------------------------------ */

static enum err
read_seed(struct keys *k, const struct cli *c, struct fault *f)
{
	struct issuer i = {.dir_fd = -1};
	enum err e = issuing_open(&i, c, f);

	if (e == E_OK)
		e = issuing_unlock(&i, c, f);
	if (e == E_OK) {
		memcpy(k->issuer, i.pk, KEY_SIZE);
		k->seed = i.seed;
		i.seed = NULL;
	}
	issuer_close(&i);
	return e;
}

static enum err
read_keys(struct keys *k, const struct cli *c, struct fault *f)
{
	enum err e = c->passphrase_file != NULL ? read_seed(k, c, f) : E_OK;

	if (e == E_OK && c->code_file != NULL) {
		e = prompt_code_symbols(c, NULL, true, k->symbols, f);
		k->code = e == E_OK;
	}
	return e;
}

/* ---- checking -------------------------------------------------------------------------------------------------------------- */

static void
on_start(void *arg)
{
	struct verify *v = arg;

	if (v->bar != NULL)
		progress_start(v->bar, &v->c, "verifying");
}

static int
on_update(void *arg, uint64_t done, uint64_t all)
{
	struct verify *v = arg;

	if (v->bar != NULL) {
		progress_update(v->bar, done, all);
	} else {
		atomic_store(&v->done, v->before + done);
		atomic_store(&v->bytes, v->before + all);
	}
	return stop_asked();
}

static void
on_end(void *arg, bool ok)
{
	struct verify *v = arg;

	if (v->bar != NULL)
		progress_end(v->bar, ok);
	v->before = atomic_load(&v->bytes);
}

/* Find it before this process gives up looking for anything. */
static enum err
find(struct run *r, size_t k)
{
	struct verify *v = &r->sticks[k];
	enum err e = stickarg_open(&v->c, &v->at, v->arg, &v->fault);

	if (r->count > 1) {
		stickarg_about(v->about, e == E_OK ? v->at.path : v->arg, NULL);
		v->c.about = v->about;
	}
	return several_look(r->places, k, v->at.fd, v->at.path, &v->fault) == E_OK ? e : v->fault.err;
}

/* Read what it says about itself. */
static void
load(struct verify *v, struct fault *f)
{
	enum err e = stick_open(&v->s, v->at.fd, f);

	if (e == E_OK && v->c.about != NULL)
		stickarg_about(v->about, v->at.path, v->s->id);
	if (e == E_OK)
		e = stick_load_grants(v->s, &v->grants, f);
	if (e == E_OK && v->keys->seed != NULL && memcmp(v->keys->issuer, v->grants.grants[0].issuer, KEY_SIZE) != 0)
		say_fault(&v->c, f, E_ISSUER,
		    _("the stick at %s belongs to another issuer: this passphrase cannot name its files."), v->at.path);
}

static void
check_stick(void *arg, size_t k)
{
	struct run *r = arg;
	struct verify *v = &r->sticks[k];
	const struct verify_task task = {v->s, &v->grants, r->keys.seed, r->keys.code ? r->keys.symbols : NULL, on_start, on_update,
	    on_end, v};

	v->checked = verify_all(&v->all, &v->count, &task, &v->fault) == E_OK;
}

static void
show(void *arg)
{
	struct run *r = arg;
	uint64_t done = 0, bytes = 0;

	for (size_t k = 0; k < r->count; k++) {
		done += atomic_load(&r->sticks[k].done);
		bytes += atomic_load(&r->sticks[k].bytes);
	}
	if (bytes > 0)
		progress_update(&r->bar, done, bytes);
}

static enum err
check_all(struct run *r, struct fault *f)
{
	const struct several_work work = {check_stick, show, r};
	int failed = 0;

	for (size_t k = 0; k < r->count; k++)
		r->places[k].there = r->sticks[k].fault.err == E_OK;
	if (r->count == 1) {
		r->sticks[0].bar = &r->bar;
		if (r->places[0].there)
			check_stick(r, 0);
		return E_OK;
	}
	progress_start(&r->bar, r->c, "verifying");
	failed = several_run(&work, r->places, r->count);
	show(r);
	progress_end(&r->bar, !stop_asked());
	return failed == 0 ? E_OK : fault_set(f, E_FAIL, ENOMEM, "memory", "for sticks");
}

static enum err
fence(const struct run *r, struct fault *f)
{
	int *fds = calloc(r->count, sizeof *fds);

	if (fds == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for sticks");
	for (size_t k = 0; k < r->count; k++)
		fds[k] = r->sticks[k].at.fd;
	fence_reader(fds, r->count);
	free(fds);
	return E_OK;
}

/* What is wrong with one stick becomes its fault; what stops all is returned. */
static enum err
run(struct run *r, struct fault *f)
{
	size_t found = 0;
	locale_t before = (locale_t)0;
	enum err e = E_OK;

	before = r->c->json ? text_english() : (locale_t)0;
	for (size_t k = 0; k < r->count; k++)
		found += find(r, k) == E_OK;
	if (r->c->json)
		text_again(before);
	for (size_t k = 0; k < r->count; k++) {
		if (r->sticks[k].fault.err != E_OK && several_stops(&r->sticks[k].fault))
			return fault_pass(f, &r->sticks[k].fault);
	}
	if (found == 0)
		return E_OK;
	if ((e = read_keys(&r->keys, r->c, f)) != E_OK || (e = fence(r, f)) != E_OK)
		return e;
	for (size_t k = 0; k < r->count; k++)
		if (r->sticks[k].fault.err == E_OK)
			load(&r->sticks[k], &r->sticks[k].fault);
	return check_all(r, f);
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

static json_t *
json_stick(const struct verify *v)
{
	char name[STICK_NAME_SIZE];
	json_t *list = json_array();

	keytree_stick_name(name, v->s->id);
	for (size_t i = 0; i < v->count; i++)
		json_array_append_new(list, json_checked(&v->all[i]));
	return json_pack("{s:s, s:o, s:o, s:i}", "stick", name, "path", say_json_text(v->at.path), "bundles", list,
	    "unreadable_lectures", (int)v->grants.skipped);
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
report_checked(const struct verify *v, const struct verify_found *x)
{
	char bytes[HUMAN_SHOWN], label[2 * LABEL_MAX];

	human_bytes(bytes, sizeof bytes, x->bytes);
	if (x->result == E_OK) {
		say_lead(&v->c);
		/* TRANSLATORS: a label and a size: nothing in it is damaged */
		printf(_("whole: \"%s\", %s\n"), say_safe(label, sizeof label, x->grant->label), bytes);
		if (!x->direct)
			say_info(&v->c, "read through this PC's cache, because the file system allows no other way");
		return;
	}
	for (size_t i = 0; i < x->count && i < PRINTED; i++)
		print_damage(&v->c, x, &x->list[i]);
	if (x->damaged > PRINTED) {
		say_lead(&v->c);
		printf(ngettext("... and %llu more block\n", "... and %llu more blocks\n", (unsigned long)(x->damaged - PRINTED)),
		    (unsigned long long)(x->damaged - PRINTED));
	}
	if (x->damaged > 0 && x->unlocked && !x->named)
		say_info(&v->c, "the table of files is itself damaged, so not every file can be named");
	else if (x->damaged > 0 && v->keys->seed != NULL && !x->unlocked)
		say_info(&v->c, "the passphrase does not open this, so its files cannot be named");
	else if (x->damaged > 0 && v->keys->code && !x->unlocked)
		say_info(&v->c, "the code does not open this, so its files cannot be named");
	else if (x->damaged > 0 && !x->unlocked)
		say_info(&v->c, "with the issuer's --passphrase-file, or an unused code in --code-file, the files are named too");
}

static void
warn_unread(const struct verify *v, const struct grant *g, const struct slots_count *n)
{
	char label[2 * LABEL_MAX];

	/* TRANSLATORS: a label, how many codes, how many there are: the form is that of the last; a file, and why it cannot be read
	 */
	say_warn(&v->c,
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
			say_warn(&v->c,
			    ngettext("\"%s\": %u of %u code is unusable, its record is damaged",
				"\"%s\": %u of %u codes are unusable, their records are damaged", v->grants.grants[i].slots),
			    say_safe(label, sizeof label, v->grants.grants[i].label), n.damaged, v->grants.grants[i].slots);
	}
	if (v->grants.skipped > 0)
		say_warn(&v->c,
		    ngettext("%u lecture on the stick cannot be read: damaged, or made by a newer oncestick",
			"%u lectures on the stick cannot be read: damaged, or made by a newer oncestick", v->grants.skipped),
		    v->grants.skipped);
}

/* What is wrong with the stick, if anything is. A damaged bundle comes before a grant that cannot be read. */
static void
conclude(const struct verify *v, struct fault *f)
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
			say_fault(&v->c, f, E_BUNDLE,
			    ngettext(
				"%llu block of \"%s\" cannot be read; the rest of it can be played. Try another USB port; if that "
				"fails too, prepare another stick.",
				"%llu blocks of \"%s\" cannot be read; the rest of it can be played. Try another USB port; if that "
				"fails too, prepare another stick.",
				(unsigned long)x->damaged),
			    (unsigned long long)x->damaged, label);
		else
			say_fault(&v->c, f, E_BUNDLE,
			    ngettext(
				"%llu block of \"%s\" is damaged; the rest of it can be played. Prepare the stick again, or another one.",
				"%llu blocks of \"%s\" are damaged; the rest of it can be played. Prepare the stick again, or another one.",
				(unsigned long)x->damaged),
			    (unsigned long long)x->damaged, label);
		return;
	}
	if (v->grants.beyond > 0)
		fault_why(f, E_NO_GRANT, 0, WHY_CROWDED_GRANTS, "%s/%s", STICK_ONCE, STICK_GRANTS);
	else if (v->grants.skipped > 0)
		fault_set(f, E_NO_GRANT, 0, "", "%s", "");
}

/* What a refusal needs to know about the stick: that the description of some lectures on it is damaged. */
static enum err
say_failed(const struct verify *v)
{
	const struct unlock_info info = {
	    .grants = (unsigned)v->grants.count, .skipped = v->grants.skipped, .newer = v->grants.newer};

	return faultsay_error(
	    &v->c, &v->fault, &(struct faultsay_about){.object = v->checked ? v->at.path : v->arg, .info = &info});
}

static enum err
report_json(const struct run *r)
{
	json_t *list = NULL;

	if (r->count == 1)
		return r->sticks[0].checked ? say_json(r->c, json_stick(&r->sticks[0])) : E_OK;
	list = json_array();
	for (const struct verify *v = r->sticks; v < r->sticks + r->count; v++)
		json_array_append_new(list, faultsay_json_stick(v->arg, v->checked ? json_stick(v) : NULL, &v->fault));
	return say_json(r->c, json_pack("{s:o}", "sticks", list));
}

/* For people, one stick after the other, in the order of the arguments. */
static void
report_stick(const struct verify *v)
{
	for (size_t i = 0; v->checked && i < v->count && !v->c.json; i++)
		report_checked(v, &v->all[i]);
	if (v->checked)
		warn_slots(v);
	if (v->fault.err != E_OK)
		say_failed(v);
}

static enum err
report(struct run *r)
{
	locale_t before = r->c->json ? text_english() : (locale_t)0;
	enum err sum = E_OK, printed = E_OK;

	for (size_t k = 0; k < r->count; k++)
		if (r->sticks[k].checked)
			conclude(&r->sticks[k], &r->sticks[k].fault);
	if (r->c->json) {
		text_again(before);
		printed = report_json(r);
	}
	for (size_t k = 0; k < r->count; k++) {
		report_stick(&r->sticks[k]);
		sum = several_first(sum, r->sticks[k].fault.err);
	}
	if (!r->c->json)
		printed = say_stdout(r->c);
	return several_first(sum, printed);
}

static enum err
take_sticks(struct run *r, const struct opt_words *words)
{
	size_t count = words->count > 0 ? (size_t)words->count : 1;

	r->sticks = calloc(count, sizeof *r->sticks);
	r->places = calloc(count, sizeof *r->places);
	if (r->sticks == NULL || r->places == NULL)
		return say_refuse(r->c, E_FAIL, "there is not enough memory");
	for (; r->count < count; r->count++) {
		struct verify *v = &r->sticks[r->count];

		v->c = *r->c;
		v->arg = words->count > 0 ? words->list[r->count] : NULL;
		v->at.fd = -1;
		v->keys = &r->keys;
	}
	return E_OK;
}

static void
run_end(struct run *r)
{
	for (size_t k = 0; k < r->count; k++) {
		struct verify *v = &r->sticks[k];

		verify_free(&v->all, v->count);
		stick_grants_free(&v->grants);
		stick_close(&v->s);
		place_close(&v->at);
	}
	free(r->sticks);
	free(r->places);
	sodium_memzero(r->keys.symbols, sizeof r->keys.symbols);
	secret_free(&r->keys.seed);
}

enum err
cmd_verify(struct cli *c, int argc, char **argv)
{
	struct run r = {.c = c};
	const struct opt_verb verb = {"verify [STICK]... [--passphrase-file FILE | --code-file FILE]",
	    N_("Check every signature and read every block of a stick. No code is needed, and none is spent. Damage is reported by "
	       "file and byte\n"
	       "range on the stick; with the issuer's passphrase or an unused code, also by the lecture's own file that it is "
	       "in.\n"
	       "Several sticks are read at the same time.\n"),
	    OPT_PASSPHRASE | OPT_CODE | OPT_JSON | OPT_PROGRESS, NULL, 0, -1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	if ((e = take_sticks(&r, &words)) == E_OK) {
		e = run(&r, &f);
		e = e == E_OK ? report(&r) : faultsay_error(c, &f, &(struct faultsay_about){.object = r.sticks[0].arg});
	}
	run_end(&r);
	return e;
}
