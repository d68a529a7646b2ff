/*
 * cmd_accept.c - accept what an issuer sent after a stick. It takes no code and no passphrase.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "accept.h"
#include "cli.h"
#include "envelope.h"
#include "faultsay.h"
#include "filearg.h"
#include "keytree.h"
#include "notice.h"
#include "opt.h"
#include "refillfile.h"
#include "station.h"
#include "stickarg.h"
#include "stickio.h"
#include "text.h"
#include "when.h"

struct run {
	const struct cli *c;
	const char *name;  /* the file */
	const char *where; /* STICK, or NULL */
	uint8_t *file;
	size_t file_n;

	struct place at;
	struct stick *stick; /* for a list; NULL: no stick was named */
	struct stick_grants grants;
	struct notice notice;
	struct accept codes; /* for a refill */
	bool known;   /* this PC knows the issuer, and now has the list */
	bool written; /* the stick did not have it before */
};

/* ---- what was sent --------------------------------------------------------------------------------------------------------- */

static enum err
read_file(struct run *r, struct fault *f)
{
	if (stickio_slurp_named(r->name, REFILLFILE_MAX, &r->file, &r->file_n) == 0)
		return E_OK;
	if (errno == EFBIG)
		return say_fault(r->c, f, E_USAGE, _("%s is longer than anything that an issuer sends. Is it the right file?"),
		    r->name);
	return filearg_unread(r->c, r->name, f);
}

static enum err
none_of_ours(const struct run *r, struct fault *f)
{
	return say_fault(r->c, f, E_USAGE,
	    _("%s is not what an issuer sends to be accepted. Is it the right file? If it is, it was damaged on the way: ask for it "
	      "again."),
	    r->name);
}

/* ---- a list ---------------------------------------------------------------------------------------------------------------- */

static enum err
open_list(struct run *r, struct fault *f)
{
	switch (notice_open(&r->notice, BYTES(r->file, r->file_n))) {
	case ENVELOPE_OK:
		return E_OK;
	case ENVELOPE_NO_MEMORY:
		return fault_set(f, E_FAIL, ENOMEM, "memory", "%s", r->name);
	case ENVELOPE_NEWER:
		return say_fault(r->c, f, E_USAGE, _("%s was made by a newer program. Install the newest version."), r->name);
	default:
		return say_fault(r->c, f, E_ISSUER, _("no issuer signed %s, or it was changed on the way. Ask for it again."),
		    r->name);
	}
}

static enum err
open_stick(struct run *r, struct fault *f)
{
	enum err e = stickarg_open(r->c, &r->at, r->where, f);

	if (e != E_OK || (e = stick_open(&r->stick, r->at.fd, f)) != E_OK ||
	    (e = stick_load_grants(r->stick, &r->grants, f)) != E_OK)
		return e;
	if (memcmp(r->grants.grants[0].issuer, r->notice.issuer, KEY_SIZE) != 0)
		return say_fault(r->c, f, E_ISSUER,
		    _("%s is the list of another issuer than the one of the stick at %s. Nothing was changed."),
		    r->name, r->at.path);
	return E_OK;
}

/* An unknown issuer gets no room in this PC's memory, but a stick of that issuer still takes the list. */
static enum err
learn(struct run *r, const struct notice *notice, struct bytes file, struct fault *f)
{
	struct station *s = NULL;
	struct fault why = {0};
	char dir[PATH_MAX];
	enum err e = E_OK;

	if (station_dir(dir, sizeof dir) != 0)
		return fault_why(f, E_STATION, 0, WHY_NO_HOME, "%s", "");
	if ((e = station_open(&s, dir, STATION_WRITE, &why)) == E_OK)
		e = station_learn_notice(s, notice, file, &why);
	station_close(&s);
	r->known = e == E_OK;
	return e == E_OK || e == E_ISSUER ? E_OK : fault_pass(f, &why);
}

static enum err
accept_list(struct run *r, struct fault *f)
{
	char shown[FINGERPRINT_SIZE];
	enum err e = open_list(r, f);

	if (e != E_OK || (r->where != NULL && (e = open_stick(r, f)) != E_OK) ||
	    (e = learn(r, &r->notice, BYTES(r->file, r->file_n), f)) != E_OK)
		return e;
	if (r->stick != NULL)
		return accept_notice(
		    r->stick, &r->grants, r->notice.issuer, BYTES(r->file, r->file_n), &r->written, f);
	if (r->known)
		return E_OK;
	keytree_fingerprint(shown, r->notice.issuer);
	return say_fault(r->c, f, E_ISSUER,
	    _("%s is from issuer %s, which this PC does not know; nothing was taken in. Name a stick of theirs as well, or let this PC "
	      "know them first: oncestick station pin STICK."),
	    r->name, shown);
}

static enum err
report_list(const struct run *r)
{
	char shown[FINGERPRINT_SIZE], path[512];

	keytree_fingerprint(shown, r->notice.issuer);
	if (r->c->json)
		return say_json(r->c, json_pack("{s:s, s:s, s:I, s:b, s:o, s:b}", "accepted", "list", "issuer", shown, "notice",
					  (json_int_t)r->notice.number, "known_here", (int)r->known, "path",
					  r->stick != NULL ? say_json_text(r->at.path) : json_null(), "written", (int)r->written));
	if (r->known)
		say_info(r->c, "list number %u of issuer %s is known on this PC now: the codes in it open nothing here any more",
		    r->notice.number, shown);
	else
		say_info(r->c, "this PC does not know issuer %s, and keeps no list of theirs until it does", shown);
	if (r->stick == NULL) {
		say_info(r->c, "next, with a stick of theirs in hand: oncestick accept FILE STICK");
		return E_OK;
	}
	say_safe(path, sizeof path, r->at.path);
	if (r->written)
		say_info(r->c, "it is on the stick at %s now, and goes with it to every PC", path);
	else
		say_info(r->c, "the stick at %s has it already, or a newer one", path);
	return E_OK;
}

/* ---- new codes ------------------------------------------------------------------------------------------------------------- */

/* What the speaker can do, who neither prepares sticks nor has a larger one. */
static enum err
no_room(const struct run *r, const struct fault *why, struct fault *f)
{
	if (why->why == WHY_ENTRIES)
		return say_fault(r->c, f, E_SPACE,
		    _("the stick at %s has been given new codes as often as it can be. Nothing on it was changed; tell whoever sent "
		      "%s: only they can make room, by preparing the stick anew."),
		    r->at.path, r->name);
	return say_fault(r->c, f, E_SPACE,
	    _("there is too little room on the stick at %s for %s, and none of it counts yet. Remove files of your own from the stick, but "
	      "nothing in ONCE, and give the same command again."),
	    r->at.path, r->name);
}

/* Put f into words, with the names that it is about. */
static enum err
word(const struct run *r, const struct fault *why, struct fault *f)
{
	char wanted[STICK_NAME_SIZE], here[STICK_NAME_SIZE];

	keytree_stick_name(wanted, r->codes.grant.stick_id);
	if (why->why == WHY_OTHER_STICK) {
		keytree_stick_name(here, r->codes.p->stick->id);
		return say_fault(r->c, f, E_REFILL,
		    _("%s is for stick %s; the one at %s is %s. Nothing was done."), r->name, wanted, r->at.path, here);
	}
	if (why->why == WHY_ANOTHER_ISSUER)
		return say_fault(r->c, f, E_ISSUER, _("%s is from another issuer than the stick at %s. Nothing was done."),
		    r->name, r->at.path);
	if (why->err == E_NOTICE_MISSING)
		return say_fault(r->c, f, E_NOTICE_MISSING,
		    _("%s needs the newest list of revoked codes, which is neither in it nor on the stick. Nothing was done; ask whoever "
		      "sent it for the list, and accept that first."),
		    r->name);
	return why->err == E_SPACE ? no_room(r, why, f) : fault_pass(f, why);
}

/* The list that comes with the codes is for this PC, too. If this PC cannot keep it, the stick still has it. */
static enum err
accept_codes(struct run *r, struct fault *f)
{
	struct accept *a = &r->codes;
	struct fault why = {0};
	enum err e = E_OK;

	if ((e = accept_open(a, BYTES(r->file, r->file_n), f)) != E_OK || (e = stickarg_open(r->c, &r->at, r->where, f)) != E_OK)
		return e;
	if (accept_fits(a, r->at.fd, &why) != E_OK || accept_install(a, &r->written, &why) != E_OK)
		return word(r, &why, f);
	if (a->file.notice.n > 0)
		(void)learn(r, &a->notice, a->file.notice, NULL);
	return E_OK;
}

static enum err
report_codes(const struct run *r)
{
	const struct grant *g = &r->codes.grant;
	char name[STICK_NAME_SIZE], grant[2 * ID_SIZE + 1], from[WHEN_SHOWN], until[WHEN_SHOWN], label[2 * LABEL_MAX];
	int64_t now = when_now();

	keytree_stick_name(name, g->stick_id);
	if (r->c->json) {
		bytes_to_hex(grant, g->id, ID_SIZE);
		return say_json(r->c,
		    json_pack("{s:s, s:s, s:o, s:s, s:s, s:i, s:o, s:o, s:I, s:b, s:b}", "accepted", "codes", "stick", name, "path",
			say_json_text(r->at.path), "grant", grant, "label", g->label, "codes", (int)g->slots, "not_before",
			say_json_time(g->policy.not_before), "expires", say_json_time(g->policy.expires), "notice",
			(json_int_t)r->codes.notice.number, "known_here", (int)r->known, "written", (int)r->written));
	}
	when_show_short(from, sizeof from, g->policy.not_before, now);
	when_show_short(until, sizeof until, g->policy.expires, now);
	say_safe(label, sizeof label, g->label);
	/* TRANSLATORS: how many codes; label; stick's name; from when to when they open */
	say_info(r->c,
	    ngettext("%u new code for \"%s\" opens stick %s now, from %s to %s", "%u new codes for \"%s\" open stick %s now, from %s to %s",
		g->slots),
	    g->slots, label, name, from, until);
	say_info(r->c, "the file is used up; the codes themselves come another way, from whoever sent it");
	return E_OK;
}

/* ---- the verb -------------------------------------------------------------------------------------------------------------- */

static enum err
run(struct run *r, struct fault *f)
{
	enum envelope_type type = ENVELOPE_MANIFEST;
	enum err e = read_file(r, f);

	if (e != E_OK)
		return e;
	if (envelope_guess(BYTES(r->file, r->file_n), &type) == 0 && type == ENVELOPE_NOTICE)
		return accept_list(r, f);
	return refillfile_guess(BYTES(r->file, r->file_n)) ? accept_codes(r, f) : none_of_ours(r, f);
}

/* What a fault is about, if the fault itself does not say. */
static const char *
about(const struct run *r, enum err e)
{
	if (e == E_REFILL || e == E_REFILL_USED || (r->where == NULL && r->at.path[0] == '\0'))
		return r->name;
	return r->at.path[0] != '\0' ? r->at.path : r->where;
}

static void
end(struct run *r)
{
	accept_free(&r->codes);
	notice_free(&r->notice);
	stick_grants_free(&r->grants);
	stick_close(&r->stick);
	place_close(&r->at);
	free(r->file);
}

enum err
cmd_accept(struct cli *c, int argc, char **argv)
{
	struct run r = {.c = c, .at = {.fd = -1}};
	const struct opt_verb verb = {"accept FILE [STICK]",
	    N_("Take in FILE, which an issuer sent: new codes for a lecture, onto STICK; or the list of revoked codes, into this PC's "
	       "memory, and,\n"
	       "with STICK, onto that stick. It needs no code and no passphrase: FILE is signed.\n"),
	    OPT_JSON, NULL, 1, 2};
	struct opt_words words = {argv, argc};
	struct fault f = {0};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	r.name = words.list[0];
	r.where = words.count > 1 ? words.list[1] : NULL;
	e = run(&r, &f);
	if (e == E_OK)
		e = r.codes.p != NULL ? report_codes(&r) : report_list(&r);
	else
		e = faultsay_error(c, &f, &(struct faultsay_about){.object = about(&r, f.err)});
	end(&r);
	return e;
}
