/*
 * cmd_verify.c - check every block of a stick; with a key of any kind, name the files that damage hits.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "bundle.h"
#include "cli.h"
#include "fence.h"
#include "grant.h"
#include "human.h"
#include "image.h"
#include "issuer.h"
#include "issuing.h"
#include "kdf.h"
#include "keytree.h"
#include "opt.h"
#include "progress.h"
#include "prompt_code.h"
#include "say.h"
#include "seal.h"
#include "secret.h"
#include "segment.h"
#include "slots.h"
#include "stick.h"
#include "stickarg.h"
#include "stop.h"
#include "text.h"

#define LISTED 10000 /* damaged blocks that are remembered; all are counted */
#define PRINTED 50
#define PATH_SIZE 4096

/* One damaged block, and the file it is in. */
struct damage {
	struct bundle_damage d;
	char *path; /* escaped, NULL if unknown */
};

/* One bundle, as it was found. */
struct checked {
	const struct grant *grant;
	char id[2 * ID_SIZE + 1];
	enum err result;
	struct fault fault;
	uint64_t bytes; /* of content */
	bool direct;
	bool unlocked, named; /* a key fitted; the table of files could be read with it */
	uint64_t damaged;     /* blocks, */
	uint64_t unreadable;  /* these of them */
	struct damage *list;
	size_t count;
};

struct verify {
	const struct cli *c;
	struct place at;
	struct stick *s;
	struct stick_grants grants;
	uint8_t *seed;		    /* of the issuer, or NULL */
	uint8_t issuer[KEY_SIZE];   /* whose seed it is */
	char symbols[CODE_SYMBOLS]; /* of the code */
	bool code;
	struct checked *all;
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

/* The content key out of the cell of the code, which stays as it is. */
static enum err
open_cell(const struct verify *v, const struct grant *g, uint32_t slot, const uint8_t a[KEY_SIZE], uint8_t ck[KEY_SIZE])
{
	uint8_t factors[FACTORS_SIZE], kek[KEY_SIZE];
	struct stick_slot s;
	enum err e = E_SLOT_DAMAGED;

	keytree_factors(factors, g->hash, slot, NULL, NULL, NULL);
	keytree_wrap(kek, a, factors);
	if (stick_read_slot(v->s, g, slot, false, &s, NULL) == E_OK && s.merged == RECORD_IS_LIVE) {
		struct bytes body = s.a == RECORD_IS_LIVE ? s.body_a : s.body_b;

		if (body.n == CELL_SIZE(1) && seal_open(ck, kek, body.p, body.n, BYTES(NULL, 0)) == 0)
			e = E_OK;
	} else if (s.merged == RECORD_IS_SPENT) {
		e = E_SPENT;
	}
	sodium_memzero(&s, sizeof s);
	sodium_memzero(kek, sizeof kek);
	sodium_memzero(factors, sizeof factors);
	return e;
}

static bool
no_factors(const struct grant *g)
{
	return !g->policy.usb && !g->policy.station && !g->policy.ledger && g->bundle_count == 1;
}

static enum err
key_from_code(const struct verify *v, const struct grant *g, uint8_t ck[KEY_SIZE])
{
	uint8_t a[KEY_SIZE], locator[LOCATOR_SIZE];
	enum err e = E_CODE_UNKNOWN;
	int slot = -1;

	if (kdf_stretch(a, v->symbols, CODE_SYMBOLS, g->stick_id) != 0)
		return E_MEMORY;
	keytree_locator(locator, a);
	slot = grant_slot(g, locator);
	if (slot >= 0)
		e = no_factors(g) ? open_cell(v, g, (uint32_t)slot, a, ck) : E_USAGE;
	sodium_memzero(a, sizeof a);
	return e;
}

/* Unlock b if any key at hand fits. A key that does not fit costs nothing but the names of files. */
static bool
unlock(const struct verify *v, const struct grant *g, struct bundle *b)
{
	uint8_t *ck = v->seed != NULL || v->code ? secret_new(KEY_SIZE) : NULL;
	bool ok = ck != NULL;

	if (ok && v->seed != NULL)
		keytree_content(ck, v->seed, g->bundles[0].id);
	else if (ok)
		ok = key_from_code(v, g, ck) == E_OK;
	ok = ok && bundle_unlock(b, ck) == E_OK;
	secret_free(&ck);
	return ok;
}

/* ---- checking -------------------------------------------------------------------------------------------------------------- */

struct check {
	struct verify *v;
	struct checked *x;
};

static int
on_progress(void *arg, uint64_t done, uint64_t all)
{
	struct check *k = arg;

	progress_update(&k->v->bar, done, all);
	return stop_asked();
}

static void
on_damage(void *arg, const struct bundle_damage *d)
{
	struct check *k = arg;
	struct damage *grown = NULL;

	k->x->damaged++;
	k->x->unreadable += d->io;
	if (k->x->count >= LISTED)
		return;
	if ((k->x->count & (k->x->count - 1)) == 0) {
		grown = realloc(k->x->list, (k->x->count == 0 ? 1 : 2 * k->x->count) * sizeof *grown);
		if (grown == NULL)
			return;
		k->x->list = grown;
	}
	k->x->list[k->x->count++] = (struct damage){*d, NULL};
}

static void
name_files(struct checked *x, struct bundle *b)
{
	struct image img;
	char path[PATH_SIZE];

	if (bundle_image(b, &img) != 0)
		return;
	x->named = true;
	for (size_t i = 0; i < x->count; i++) {
		int got = image_path_at(&img, x->list[i].d.image_off, x->list[i].d.image_len, path, sizeof path);

		if (got == 1)
			x->list[i].path = human_escape(path, strlen(path));
		x->named = x->named && got >= 0;
	}
}

static enum err
check_bundle(struct verify *v, struct checked *x)
{
	const struct grant_bundle *gb = &x->grant->bundles[0];
	struct check k = {v, x};
	struct bundle_check check = {.direct = true, .progress = on_progress, .damage = on_damage, .arg = &k};
	struct bundle *b = NULL;
	enum err e = bundle_open(&b, v->s->once_fd, gb->id, gb->manifest_hash, &x->fault);

	if (e != E_OK)
		return e;
	x->bytes = bundle_manifest(b)->blocks * BLOCK_SIZE;
	progress_start(&v->bar, v->c, "verifying");
	e = bundle_verify(b, &check, &x->fault);
	progress_end(&v->bar, e == E_OK);
	x->direct = check.was_direct;
	x->unlocked = e == E_BUNDLE && unlock(v, x->grant, b);
	if (x->unlocked)
		name_files(x, b);
	bundle_free(&b);
	return e;
}

/* Whether an earlier grant has the same bundle: it need not be read twice. */
static bool
seen_before(const struct verify *v, const struct grant *g)
{
	for (size_t i = 0; i < v->count; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): every one of all has a grant by now */
		if (memcmp(&v->all[i].grant->bundles[0], &g->bundles[0], sizeof g->bundles[0]) == 0)
			return true;
	return false;
}

static enum err
check_all(struct verify *v, struct fault *f)
{
	v->all = calloc(v->grants.count, sizeof *v->all);
	if (v->all == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for bundles");
	for (size_t i = 0; i < v->grants.count; i++) {
		struct checked *x = &v->all[v->count];

		if (seen_before(v, &v->grants.grants[i]))
			continue;
		x->grant = &v->grants.grants[i];
		bytes_to_hex(x->id, x->grant->bundles[0].id, ID_SIZE);
		x->result = check_bundle(v, x);
		v->count++;
		if (x->result == E_INTERRUPTED)
			return fault_set(f, E_INTERRUPTED, 0, "verify", "%s", "");
	}
	return E_OK;
}

static enum err
run(struct verify *v, const char *arg, struct fault *f)
{
	enum err e = E_OK;

	if ((e = stickarg_open(&v->at, arg, f)) != E_OK)
		return e;
	if (v->c->passphrase_file != NULL && (e = read_seed(v, f)) != E_OK)
		return e;
	if (v->c->code_file != NULL && (e = read_code(v, f)) != E_OK)
		return e;
	fence_reader(v->at.fd);
	if ((e = stick_open(&v->s, v->at.fd, f)) != E_OK || (e = stick_load_grants(v->s, &v->grants, f)) != E_OK)
		return e;
	if (v->seed != NULL && memcmp(v->issuer, v->grants.grants[0].issuer, KEY_SIZE) != 0)
		return fault_set(f, E_ISSUER, 0, "",
		    _("the stick at %s belongs to another issuer: this passphrase cannot name its files."), SHORT(v->at.path));
	return check_all(v, f);
}

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

static json_t *
json_damage(const struct damage *x)
{
	char segment[SEGMENT_NAME_SIZE];
	json_t *v = NULL;

	segment_name(segment, x->d.segment);
	v = json_pack("{s:s, s:I, s:I, s:i, s:I, s:I, s:I, s:b}", "segment", segment, "offset", (json_int_t)x->d.segment_off,
	    "length", (json_int_t)BLOCK_SIZE, "level", (int)x->d.level, "block", (json_int_t)x->d.index, "image_offset",
	    (json_int_t)x->d.image_off, "image_length", (json_int_t)x->d.image_len, "unreadable", (int)x->d.io);
	if (x->path != NULL)
		json_object_set_new(v, "file", json_string(x->path));
	return v;
}

static json_t *
json_checked(const struct checked *x)
{
	json_t *list = json_array();
	char text[1400];
	json_t *v = NULL;

	for (size_t i = 0; i < x->count; i++)
		json_array_append_new(list, json_damage(&x->list[i]));
	v = json_pack("{s:s, s:s, s:b, s:I, s:I, s:o, s:b}", "bundle", x->id, "label", x->grant->label, "ok", x->result == E_OK,
	    "bytes", (json_int_t)x->bytes, "damaged_blocks", (json_int_t)x->damaged, "damage", list, "read_from_device",
	    (int)x->direct);
	if (x->result != E_OK && x->damaged == 0) {
		say_explain_english(text, sizeof text, &x->fault, NULL);
		json_object_set_new(v, "message", say_json_text(text));
	}
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
print_damage(const struct checked *x, const struct damage *d)
{
	char segment[SEGMENT_NAME_SIZE];
	unsigned long long from = d->d.segment_off;

	segment_name(segment, d->d.segment);
	/* TRANSLATORS: which bytes of which file on the stick; one of the parts that begin with a comma may follow */
	printf(d->d.io ? _("unreadable: ONCE/b/%s/%s, bytes %llu to %llu") : _("damaged: ONCE/b/%s/%s, bytes %llu to %llu"), x->id,
	    segment, from, from + BLOCK_SIZE - 1);
	if (d->path != NULL && d->d.level == 0)
		printf(_(", in \"%s\"\n"), d->path);
	else if (d->path != NULL)
		printf(_(", and with it %llu bytes from \"%s\" on\n"), (unsigned long long)d->d.image_len, d->path);
	else if (d->d.level > 0)
		printf(_(", and with it %llu bytes of content\n"), (unsigned long long)d->d.image_len);
	else
		printf("%s\n", x->named ? _(", in no file") : "");
}

/* What a refusal has to know of the stick: that it has lectures whose description is damaged. */
static struct unlock_info
info_of(const struct verify *v)
{
	return (struct unlock_info){
	    .grants = (unsigned)v->grants.count, .skipped = v->grants.skipped, .newer = v->grants.newer};
}

static void
report_checked(const struct verify *v, const struct checked *x)
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

/* The exit status: a damaged bundle before a grant that nobody can read. */
static enum err
conclude(const struct verify *v)
{
	const struct unlock_info info = info_of(v);
	struct say_about about = {.object = v->at.path, .info = &info};
	struct fault f = {0};
	char label[2 * LABEL_MAX];

	for (size_t i = 0; i < v->count; i++) {
		const struct checked *x = &v->all[i];

		if (x->result == E_OK)
			continue;
		if (x->damaged == 0 || x->result != E_BUNDLE)
			return say_error(v->c, &x->fault, &about);
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
	return say_error(v->c, &f, &about);
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

	return say_error(v->c, f, &(struct say_about){.object = arg, .info = &info});
}

static void
verify_end(struct verify *v)
{
	for (size_t i = 0; i < v->count; i++) {
		for (size_t k = 0; k < v->all[i].count; k++)
			free(v->all[i].list[k].path);
		free(v->all[i].list);
	}
	free(v->all);
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
