#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "cli.h"
#include "fusefs.h"
#include "human.h"
#include "kdf.h"
#include "keytree.h"
#include "mounting.h"
#include "mountpoint.h"
#include "opt.h"
#include "progress.h"
#include "prompt.h"
#include "say.h"
#include "station.h"
#include "stick.h"
#include "stickarg.h"
#include "stop.h"
#include "text.h"
#include "unlock.h"
#include "usb.h"
#include "usbsay.h"
#include "when.h"

/* One rehearsal. Every check that passed becomes a line. */
struct rehearsal {
	struct cli *c;
	bool ask, full;
	struct stickarg at;
	struct usb_dir usb;
	struct station *station;
	struct unlock *unlock;
	struct unlock_info info;
	struct say_about about;
	json_t *passed;
};

static const char about_text[] =
    N_("Try everything that `mount` needs on this PC, and spend nothing: stick, signatures, notices, clock, memory, FUSE, the place for\n"
    "the folder, and with a code that it will open. --full also reads and checks every block of the stick.\n");

#define NAME_WIDTH 12

/* For programs in English, for people in their language. */
static void
pass(struct rehearsal *r, const char *name, const char *text)
{
	size_t width = human_width(_(name)), pad = width < NAME_WIDTH ? NAME_WIDTH - width : 0;
	size_t column = human_width(_("ok")) + 2 + width + pad + 1;
	char *wrapped = NULL;

	if (r->c->json) {
		json_array_append_new(r->passed, json_pack("{s:s, s:s}", "check", name, "result", text));
		return;
	}
	wrapped = human_wrap(_(text), human_columns(STDOUT_FILENO), column, column);
	printf("%s  %s%*s %s\n", _("ok"), _(name), (int)pad, "", wrapped != NULL ? wrapped : _(text));
	free(wrapped);
}

/* What is said in words that differ from stick to stick. */
static void
pass_words(struct rehearsal *r, const char *name, void (*words)(const struct rehearsal *r, char *out, size_t size))
{
	char text[512];
	locale_t before = r->c->json ? text_english() : (locale_t)0;

	words(r, text, sizeof text);
	if (r->c->json)
		text_again(before);
	pass(r, name, text);
}

/* ---- the checks ----------------------------------------------------------------------------------------------------------- */

static void
stick_words(const struct rehearsal *r, char *out, size_t size)
{
	char stick[STICK_NAME_SIZE], issuer[FINGERPRINT_SIZE], label[LABEL_MAX + 8] = "";

	keytree_stick_name(stick, r->info.stick_id);
	keytree_fingerprint(issuer, r->info.issuer);
	if (r->info.label[0] != '\0')
		snprintf(label, sizeof label, ", \"%s\"", r->info.label);
	/* TRANSLATORS: a stick's name; "" or a comma and the label in quotes; the issuer's fingerprint */
	snprintf(out, size, r->info.issuer_known ? _("%s%s, issuer %s") : _("%s%s, issuer %s (new to this PC)"), stick, label, issuer);
}

static enum err
rehearse_stick(struct rehearsal *r, struct fault *f)
{
	struct unlock_env env = {.clock = clock_system(), .rehearsal = true};
	char dir[PATH_MAX];
	enum err err;

	if (station_dir(dir, sizeof dir) != 0)
		return fault_set(f, E_STATION, 0, "no home directory", "station memory");
	if ((err = station_open(&r->station, dir, STATION_READ, f)) != E_OK)
		return err;
	if ((err = station_writable(r->station, f)) != E_OK)
		return err;
	env.memory = station_memory(r->station);
	r->usb = (struct usb_dir){USB_SYSFS, r->at.fd};
	env.factors = (struct unlock_factors){.usb = usb_dir_factor, .arg = &r->usb};
	if ((err = unlock_look(&r->unlock, r->at.fd, &env, &r->info, f)) != E_OK)
		return err;
	mounting_about(r->c, &r->info);
	pass_words(r, N_("stick"), stick_words);
	if ((err = unlock_check(r->unlock, &r->info, f)) != E_OK)
		return err;
	pass(r, N_("bundle"), N_("signatures, sizes and notices are right"));
	return E_OK;
}

static enum err
rehearse_machine(struct rehearsal *r, struct fault *f)
{
	enum err err;

	if (!kdf_stretch_possible())
		return fault_set(f, E_MEMORY, 0, "Argon2id", "code");
	pass(r, N_("memory"), N_("enough to check a code"));
	if ((err = fusefs_possible(f)) != E_OK || (err = mountpoint_home(f)) != E_OK)
		return err;
	pass(r, N_("folder"), N_("can be made in the home directory"));
	if (r->info.memory_volatile)
		say_warn(r->c, "this PC forgets what it knows when it is switched off; keep a second code at hand");
	return E_OK;
}

static void
code_words(const struct rehearsal *r, char *out, size_t size)
{
	char left[WHEN_SHOWN];

	when_show_duration(left, sizeof left, r->info.remaining_s);
	/* TRANSLATORS: after the word "code" in a list of checks that passed; %s is a duration */
	snprintf(out, size,
	    r->info.resume ? _("is in use here; its session goes on for %s. Nothing was spent") :
			     _("is good: it opens the folder for %s. Nothing was spent"),
	    left);
}

static enum err
rehearse_code(struct rehearsal *r, struct fault *f)
{
	char code[CODE_SYMBOLS];
	enum err err;

	r->about.code = true;
	if ((err = prompt_symbols(r->c, NULL, true, code, f)) == E_OK)
		err = unlock_try(r->unlock, code, &r->info, f);
	sodium_memzero(code, sizeof code);
	if (err != E_OK)
		return err;
	pass_words(r, N_("code"), code_words);
	return E_OK;
}

static int
read_progress(void *arg, uint64_t done, uint64_t all)
{
	progress_update(arg, done, all);
	return stop_asked();
}

static enum err
check_all_blocks(struct rehearsal *r, const struct grant *g, int once_fd, struct fault *f)
{
	struct bundle_check check = {.direct = true, .progress = read_progress};
	struct progress bar;
	struct bundle *b = NULL;
	enum err err;

	if ((err = bundle_open(&b, once_fd, g->bundles[0].id, g->bundles[0].manifest_hash, f)) != E_OK)
		return err;
	progress_start(&bar, r->c, "reading");
	check.arg = &bar;
	err = bundle_verify(b, &check, f);
	progress_end(&bar, err == E_OK);
	bundle_free(&b);
	return err;
}

static enum err
rehearse_blocks(struct rehearsal *r, struct fault *f)
{
	struct stick_grants grants = {0};
	struct stick *s = NULL;
	enum err err;

	if ((err = stick_open(&s, r->at.fd, f)) == E_OK)
		err = stick_load_grants(s, &grants, f);
	for (size_t i = 0; i < grants.count && err == E_OK; i++)
		err = check_all_blocks(r, &grants.grants[i], s->once_fd, f);
	stick_grants_free(&grants);
	stick_close(&s);
	if (err == E_OK)
		pass(r, N_("content"), N_("every block was read and is right"));
	return err;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------ */

static enum err
rehearse(struct rehearsal *r, const char *stick, struct fault *f)
{
	enum err err;

	if ((err = stickarg_open(&r->at, stick, f)) != E_OK || (err = rehearse_stick(r, f)) != E_OK ||
	    (err = rehearse_machine(r, f)) != E_OK)
		return err;
	if ((r->ask || r->c->code_file != NULL) && (err = rehearse_code(r, f)) != E_OK)
		return err;
	return r->full ? rehearse_blocks(r, f) : E_OK;
}

static enum err
conclude(struct rehearsal *r, enum err err, const struct fault *f)
{
	char usb[USB_SHOWN_SIZE];

	if (r->c->json)
		say_json(r->c, json_pack("{s:b, s:s, s:O}", "ready", (int)(err == E_OK), "error", err == E_OK ? "" : err_name(err),
		    "passed", r->passed));
	if (err == E_WRONG_STICK)
		r->about.usb = usbsay_at(usb, r->at.path);
	if (err != E_OK)
		return say_error(r->c, f, &r->about);
	if (r->about.code)
		say_info(r->c, "rehearsed: mount will work with this code");
	else
		say_info(r->c, "rehearsed: everything but the code is ready");
	return say_stdout(r->c);
}

enum err
cmd_rehearse(struct cli *c, int argc, char **argv)
{
	struct rehearsal r = {.c = c, .at = {.fd = -1}};
	const struct opt rows[] = {
	    {OPT_FLAG, "code", 0, NULL, N_("ask for the code and try it, without spending it"), &r.ask, 0, 0},
	    {OPT_FLAG, "full", 0, NULL, N_("read and check every block (as long as the stick takes)"), &r.full, 0, 0}, {.kind = OPT_END}};
	const struct opt_verb v = {"rehearse [STICK]", about_text, OPT_JSON | OPT_PROGRESS | OPT_CODE | OPT_PINENTRY, rows, 0, 1};
	struct fault f = {0};
	char **operand;
	enum err err;
	int n;

	if (!opt_parse(c, &v, argc, argv, &operand, &n, &err))
		return err;
	r.passed = json_array();
	r.about = (struct say_about){.object = n > 0 ? operand[0] : NULL, .info = &r.info};
	err = rehearse(&r, n > 0 ? operand[0] : NULL, &f);
	err = conclude(&r, err, &f);
	json_decref(r.passed);
	unlock_free(&r.unlock);
	station_close(&r.station);
	stickarg_close(&r.at);
	return err;
}
