#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "books_pc.h"
#include "cli.h"
#include "dcbor.h"
#include "enrolment.h"
#include "envelope.h"
#include "faultsay.h"
#include "filearg.h"
#include "issuing.h"
#include "keytree.h"
#include "newfile.h"
#include "opt.h"
#include "settings.h"
#include "station.h"
#include "stick.h"
#include "stickio.h"
#include "text.h"
#include "when.h"

static const char about_text[] =
    N_("What this PC remembers: its own identity, the issuers it knows, the codes it has seen used.\n"
       "  show           identity, issuers, counts\n"
       "  name TEXT      call this PC so, in its receipts (--pc ID: another PC, in the issuer's books)\n"
       "  enrol FILE     write the enrolment request for an issuer (--label NAME)\n"
       "  receipts FILE  write this PC's receipts, for the issuer's 'oncestick collect'\n"
       "  pin FILE       trust the issuer of a stick or a signed file from now on\n"
       "  pin --only     trust known issuers only; --any trusts new ones again\n"
       "  reset-clock    forget the latest time this PC has seen\n");

struct station_args {
	bool only, any;
	const char *label, *pc;
	char dir[PATH_MAX];
};

typedef enum err action(struct cli *c, const struct station_args *a, struct station *s, const char *file, struct fault *f);

/* ---- show ----------------------------------------------------------------------------------------------------------------- */

static json_t *
issuer_json(const struct station_issuer *i)
{
	char shown[FINGERPRINT_SIZE], floor[WHEN_SHOWN];

	keytree_fingerprint(shown, i->pk);
	when_rfc3339(floor, sizeof floor, i->floor);
	return json_pack("{s:s, s:b, s:I, s:s}", "issuer", shown, "pinned", (int)i->pinned, "notice", (json_int_t)i->notice_no,
	    "newest_signed_time", floor);
}

static enum err
show_json(struct cli *c, const struct station_summary *s, const char *id, const char *name)
{
	json_t *issuers = json_array();

	for (size_t i = 0; i < s->issuer_count; i++)
		json_array_append_new(issuers, issuer_json(&s->issuers[i]));
	return say_json(
	    c, json_pack("{s:s, s:o, s:b, s:b, s:{s:I, s:I, s:I}, s:o}", "station", s->has_key ? id : "", "name",
		   name[0] != '\0' ? say_json_text(name) : json_null(), "only_known_issuers",
		   (int)s->closed_list, "forgets_at_power_off", (int)s->volatile_memory, "codes", "begun", (json_int_t)s->claimed,
		   "open", (json_int_t)s->open, "used", (json_int_t)s->closed, "issuers", issuers));
}

static void
show_text(const struct station_summary *s, const char *id, const char *name, const char *dir)
{
	char shown[FINGERPRINT_SIZE], path[PATH_MAX];

	/* TRANSLATORS: keep the second column straight in the four lines that begin with station, directory, codes and issuers */
	printf(_("station     %s\n"), s->has_key ? id : _("none yet (made at the first mount)"));
	if (name[0] != '\0')
		/* TRANSLATORS: a line like those; what the PC is called */
		printf(_("name        %s\n"), say_safe(path, sizeof path, name));
	say_safe(path, sizeof path, dir);
	printf(s->volatile_memory ? _("directory   %s (forgets at power-off)\n") : _("directory   %s\n"), path);
	printf(_("codes       %llu used, %llu open or paused, %llu begun\n"), (unsigned long long)s->closed,
	    (unsigned long long)s->open, (unsigned long long)s->claimed);
	printf("%s\n",
	    s->closed_list	? _("issuers     only these:") :
	    s->issuer_count > 0 ? _("issuers     known, others are shown and accepted:") :
				  _("issuers     none known yet, any is shown and accepted"));
	for (size_t i = 0; i < s->issuer_count; i++) {
		keytree_fingerprint(shown, s->issuers[i].pk);
		/* TRANSLATORS: an issuer's fingerprint, and the number of its newest list of revoked codes */
		printf(s->issuers[i].pinned ? _("  %s  pinned, notice %u\n") : _("  %s  first seen with a code, notice %u\n"),
		    shown, s->issuers[i].notice_no);
	}
}

static enum err
show(struct cli *c, const struct station_args *a, struct station *st, const char *file, struct fault *f)
{
	struct station_summary s = {0};
	char id[2 * ID_SIZE + 1], name[LABEL_MAX + 1];
	enum err err;

	(void)file;
	if ((err = station_name(st, name, f)) != E_OK || (err = station_summarise(st, &s, f)) != E_OK)
		return err;
	bytes_to_hex(id, s.id, ID_SIZE);
	if (c->json)
		err = show_json(c, &s, id, name);
	else
		show_text(&s, id, name, a->dir);
	station_summary_free(&s);
	return err != E_OK ? err : say_stdout(c);
}

/* ---- files ---------------------------------------------------------------------------------------------------------------- */

static enum err
enrol(struct cli *c, const struct station_args *a, struct station *st, const char *file, struct fault *f)
{
	struct enrolment e = {.label = ""};
	char shown[PATH_MAX];
	uint8_t *data = NULL;
	size_t n = 0;
	enum err err;

	if (a->label != NULL) {
		if (!dcbor_text_ok(a->label, strlen(a->label)))
			return say_usage(c, "--label: 1 to %u bytes of printable text", LABEL_MAX);
		memcpy(e.label, a->label, strlen(a->label) + 1);
	}
	if ((err = memory_station_pk(station_memory(st), e.station_pk, f)) != E_OK)
		return err;
	if ((data = enrolment_encode(&e, &n)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "encode", "%s", file);
	if ((err = newfile_write(c, file, BYTES(data, n), f)) == E_OK)
		say_info(c, "written: %s; give it to the issuer, and compare the station's id by telephone: oncestick station show",
		    say_safe(shown, sizeof shown, file));
	free(data);
	return err;
}

static enum err
receipts(struct cli *c, const struct station_args *a, struct station *st, const char *file, struct fault *f)
{
	char shown[PATH_MAX];
	uint8_t *data = NULL;
	size_t n = 0;
	enum err err;

	(void)a;
	if ((err = station_receipts(st, &data, &n, f)) != E_OK)
		return err;
	if ((err = newfile_write(c, file, BYTES(data, n), f)) == E_OK)
		say_info(
		    c, "written: %s; the issuer reads it: oncestick collect --receipts FILE", say_safe(shown, sizeof shown, file));
	free(data);
	return err;
}

/* ---- names ---------------------------------------------------------------------------------------------------------------- */

/* "" removes a name. */
static bool
name_fits(const struct cli *c, const char *name)
{
	if (name[0] == '\0' || dcbor_text_ok(name, strlen(name)))
		return true;
	say_usage(c, "a name is up to %u bytes of plain text", LABEL_MAX);
	return false;
}

static enum err
name(struct cli *c, const struct station_args *a, struct station *st, const char *text, struct fault *f)
{
	enum err err = E_OK;

	(void)a;
	if (!name_fits(c, text))
		return E_USAGE;
	if ((err = station_set_name(st, text, f)) != E_OK)
		return err;
	if (text[0] != '\0')
		say_info(c, "this PC is called so in its receipts from now on: oncestick station receipts FILE");
	else
		say_info(c, "this PC has no name any more");
	return E_OK;
}

static enum err
find_pc(const struct cli *c, const struct issuer *i, const char *digits, uint8_t id[ID_SIZE], struct fault *f)
{
	unsigned count = 0;
	enum err err = E_OK;

	if (strlen(digits) < 8 || strspn(digits, "0123456789abcdefABCDEF") != strlen(digits))
		return say_fault(c, f, E_USAGE,
		    _("--pc is how a PC's id begins, at least 8 hexadecimal digits, as 'oncestick report' shows it."));
	if ((err = books_pc_find(i->books, digits, id, &count, f)) != E_OK || count == 1)
		return err;
	if (count > 1)
		return say_fault(c, f, E_USAGE,
		    _("several PCs have an id that begins with %s: give more digits ('oncestick report --json' has them all)."),
		    digits);
	return say_fault(c, f, E_USAGE,
	    _("no code was opened on a PC with the id %s, by the books; 'oncestick report' shows PCs."), digits);
}

/* Name a PC in the issuer's books, where this name counts, whatever the PC calls itself. */
static enum err
name_there(struct cli *c, const struct station_args *a, const char *text)
{
	struct issuer i = {.dir_fd = -1};
	uint8_t id[ID_SIZE];
	struct fault f = {0};
	enum err err = E_OK;

	if (!name_fits(c, text))
		return E_USAGE;
	if ((err = issuing_open(&i, c, &f)) == E_OK && (err = find_pc(c, &i, a->pc, id, &f)) == E_OK)
		err = settings_pc_name(&i, id, text, &f);
	if (err != E_OK)
		err = faultsay_error(c, &f, NULL);
	else
		say_info(c, "it is in the books");
	issuer_close(&i);
	return err;
}

/* ---- issuers -------------------------------------------------------------------------------------------------------------- */

static enum err
issuer_of_stick(int fd, uint8_t pk[KEY_SIZE], struct fault *f)
{
	struct stick_grants g = {0};
	struct stick *s = NULL;
	enum err err;

	if ((err = stick_open(&s, fd, f)) == E_OK && (err = stick_load_grants(s, &g, f)) == E_OK)
		memcpy(pk, g.grants[0].issuer, KEY_SIZE);
	stick_grants_free(&g);
	stick_close(&s);
	return err;
}

static enum err
issuer_of_object(const struct cli *c, const char *file, uint8_t pk[KEY_SIZE], struct fault *f)
{
	enum envelope_type type = ENVELOPE_MANIFEST;
	enum envelope_result opened = ENVELOPE_MALFORMED;
	struct bytes payload;
	uint8_t *data = NULL;
	size_t n = 0;
	enum err err = E_OK;

	if (stickio_slurp_named(file, envelope_limit(ENVELOPE_NOTICE), &data, &n) != 0) {
		if (errno == EFBIG)
			return say_fault(c, f, E_USAGE,
			    _("%s is longer than anything that an issuer signs. Name the stick, or a grant or manifest on it."),
			    file);
		return filearg_unread(c, file, f);
	}
	if (envelope_guess(BYTES(data, n), &type) == 0)
		opened = envelope_open(type, BYTES(data, n), &payload, pk);
	if (opened == ENVELOPE_NO_MEMORY)
		err = fault_set(f, E_FAIL, ENOMEM, "memory", "%s", file);
	else if (opened != ENVELOPE_OK)
		err = say_fault(c, f, E_ISSUER,
		    _("no issuer signed %s, or it was changed. Name the stick, or a grant or manifest on it."), file);
	else if (type == ENVELOPE_NOTICE) /* the person wants its contents accepted, which this verb does not do */
		err = say_fault(c, f, E_USAGE,
		    _("%s is a list of revoked codes: 'oncestick accept FILE' takes it in. To trust its issuer, name a stick, or a "
		      "grant or manifest on it."),
		    file);
	free(data);
	return err;
}

static enum err
pin_one(struct cli *c, struct station *st, const char *file, struct fault *f)
{
	uint8_t pk[KEY_SIZE];
	char shown[FINGERPRINT_SIZE];
	int fd = open(file, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err err = fd >= 0 ? issuer_of_stick(fd, pk, f) : issuer_of_object(c, file, pk, f);

	if (fd >= 0)
		close(fd);
	if (err != E_OK || (err = station_pin(st, pk, f)) != E_OK)
		return err;
	keytree_fingerprint(shown, pk);
	say_info(c, "issuer %s is known on this PC now; compare this fingerprint with the one the issuer got from init", shown);
	return E_OK;
}

static enum err
pin(struct cli *c, const struct station_args *a, struct station *st, const char *file, struct fault *f)
{
	enum err err = E_OK;

	if (file == NULL && !a->only && !a->any)
		return say_usage(c, "station pin: name a signed file or a stick, or give --only or --any");
	if (a->only && a->any)
		return say_usage(c, "use either --only or --any, not both");
	if (file != NULL && (err = pin_one(c, st, file, f)) != E_OK)
		return err;
	if ((a->only || a->any) && (err = station_pin_only(st, a->only, f)) == E_OK)
		say_info(c, "%s",
		    a->only ? _("only the issuers known now are accepted on this PC: oncestick station show") :
			      _("new issuers are shown and accepted on this PC again"));
	return err;
}

static enum err
reset_clock(struct cli *c, const struct station_args *a, struct station *st, const char *file, struct fault *f)
{
	char now[WHEN_SHOWN];
	enum err err;

	(void)a, (void)file;
	if ((err = station_reset_clock(st, when_now(), f)) != E_OK)
		return err;
	when_show(now, sizeof now, when_now());
	say_info(c, "the latest time this PC has seen is now its clock's: %s; the next receipt will say so", now);
	return E_OK;
}

/* ---- the verb ------------------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	action *run;
	enum station_mode mode;
	int min, max;
} actions[] = {
    {"show", show, STATION_READ, 0, 0},
    {"name", name, STATION_WRITE, 1, 1},
    {"enrol", enrol, STATION_WRITE, 1, 1},
    {"receipts", receipts, STATION_READ, 1, 1},
    {"pin", pin, STATION_WRITE, 0, 1},
    {"reset-clock", reset_clock, STATION_WRITE, 0, 0},
};

static enum err
usage(const struct cli *c, const char *what, int max)
{
	if (strcmp(what, "name") == 0)
		return say_usage(c, "station name takes one TEXT, in quotation marks if there is a blank in it");
	return max == 0 ? say_usage(c, "station %s takes no more operands", what) : say_usage(c, "station %s takes one FILE", what);
}

static enum err
run(struct cli *c, struct station_args *a, const struct opt_words *words)
{
	const char *name = words->list[0], *file = words->count > 1 ? words->list[1] : NULL;
	struct station *s = NULL;
	struct fault f = {0};
	char word[80];
	enum err err = E_OK;

	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (strcmp(name, actions[i].name) != 0)
			continue;
		if (words->count - 1 < actions[i].min || words->count - 1 > actions[i].max)
			return usage(c, name, actions[i].max);
		if (a->pc != NULL)
			return file != NULL && strcmp(name, "name") == 0 ? name_there(c, a, file)
									 : say_usage(c, "--pc is for station name");
		if (station_open(&s, a->dir, actions[i].mode, &f) == E_OK)
			err = actions[i].run(c, a, s, file, &f);
		station_close(&s);
		if (f.err == E_OK)
			return err;
		return faultsay_error(c, &f, &(struct faultsay_about){.object = file != NULL ? file : a->dir});
	}
	return say_usage(
	    c, "station: show, name, enrol, receipts, pin or reset-clock, not '%s'", say_safe(word, sizeof word, name));
}

enum err
cmd_station(struct cli *c, int argc, char **argv)
{
	struct station_args a = {0};
	const struct opt rows[] = {
	    {OPT_TEXT, "label", 0, "NAME", N_("enrol: what people call this PC"), &a.label, 0, 0},
	    {OPT_TEXT, "pc", 0, "ID", N_("name: of the PC with this id, in the issuer's books"), &a.pc, 0, 0},
	    {OPT_FLAG, "only", 0, NULL, N_("pin: trust known issuers only"), &a.only, 0, 0},
	    {OPT_FLAG, "any", 0, NULL, N_("pin: trust new issuers again"), &a.any, 0, 0}, {.kind = OPT_END}};
	const struct opt_verb v = {
	    "station show\nstation name TEXT [--pc ID]\nstation enrol FILE\nstation receipts FILE\nstation pin FILE|STICK\n"
	    "station pin --only\nstation reset-clock",
	    about_text, OPT_JSON, rows, 1, 2};
	struct opt_words words = {argv, argc};
	enum err err = E_OK;

	if (!opt_parse(c, &v, &words, &err))
		return err;
	if (station_dir(a.dir, sizeof a.dir) != 0)
		return say_refuse(c, E_STATION, "no home directory: set ONCESTICK_STATION_DIR to a directory of yours");
	return run(c, &a, &words);
}
