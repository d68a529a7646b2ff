/*
 * cmd_verify.c - check every block of a stick. With any kind of key, name the damaged files.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "cli.h"
#include "faultsay.h"
#include "fence.h"
#include "issuer.h"
#include "issuing.h"
#include "opt.h"
#include "progress.h"
#include "prompt_code.h"
#include "secret.h"
#include "several.h"
#include "stick.h"
#include "stickarg.h"
#include "stop.h"
#include "text.h"
#include "verify.h"
#include "verifysay.h"

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
	int *fds = calloc(r->count + 1, sizeof *fds); /* none is no failure */

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

static struct verifysay
words_for(const struct verify *v)
{
	return (struct verifysay){.c = &v->c, .path = v->at.path, .stick = v->s, .grants = &v->grants, .all = v->all,
	    .count = v->count, .seed = v->keys->seed != NULL, .code = v->keys->code};
}

static json_t *
json_stick(const struct verify *v)
{
	const struct verifysay words = words_for(v);

	return verifysay_json(&words);
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
	const struct verifysay words = words_for(v);

	if (v->checked && !v->c.json)
		verifysay_text(&words);
	if (v->checked)
		verifysay_warn(&words);
	if (v->fault.err != E_OK)
		say_failed(v);
}

static enum err
report(struct run *r)
{
	locale_t before = r->c->json ? text_english() : (locale_t)0;
	enum err sum = E_OK, printed = E_OK;

	for (size_t k = 0; k < r->count; k++) {
		const struct verifysay words = words_for(&r->sticks[k]);

		if (r->sticks[k].checked)
			verifysay_fault(&words, &r->sticks[k].fault);
	}
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
	       "range on the stick; with the issuer's passphrase or an unused code, also by the file of the lecture that it "
	       "is in.\n"
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
