/*
 * issuing.c - what the issuer's verbs have in common: what they say, and what they ask.
 */
#include "config.h"

#include "issuing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "books.h"
#include "books_names.h"
#include "calendar.h"
#include "clock.h"
#include "envelope.h"
#include "faultsay.h"
#include "filestat.h"
#include "human.h"
#include "keytree.h"
#include "newfile.h"
#include "passquality.h"
#include "prompt.h"
#include "scrub.h"
#include "station.h"
#include "stick.h"
#include "stickio.h"
#include "text.h"
#include "when.h"

#define SLOW_STICK (10ull << 20) /* bytes per second, for the estimate */
#define PASSPHRASE_TRIES 3

enum err
issuing_dir(const struct cli *c, char *out, size_t size, struct fault *f)
{
	const char *own = getenv("ONCESTICK_ISSUER_DIR");
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	int n = -1;

	if (own != NULL && own[0] != '\0')
		n = snprintf(out, size, "%s", own);
	else if (data != NULL && data[0] == '/')
		n = snprintf(out, size, "%s/oncestick", data);
	else if (home != NULL && home[0] == '/')
		n = snprintf(out, size, "%s/.local/share/oncestick", home);
	if (n < 0 || (size_t)n >= size)
		return say_fault(c, f, E_USAGE, _("where are the issuer's files? Set HOME or ONCESTICK_ISSUER_DIR."));
	return E_OK;
}

void
issuing_warn_rights(const struct issuer *i, const struct cli *c)
{
	enum issuer_rights rights = issuer_rights(i);
	char fs[STICKIO_FS_NAME], safe[512];

	if (rights == ISSUER_PRIVATE)
		return;
	say_safe(safe, sizeof safe, i->dir);
	stickio_fs_of(i->dir_fd, fs);
	if (rights == ISSUER_FILES_OPEN)
		say_warn(c,
		    "others may read what is in %s: the passphrase seals the keystore, but not the books. If 'chmod -R go= "
		    "%s' does not help, its file system (%s) keeps no permissions: move it to this PC's own disk",
		    safe, safe, fs);
	else
		say_warn(c, "others may look into %s, where the issuer's secrets are: chmod 700 %s", safe, safe);
}

/* If that fails, only one thing is lost: this PC does not notice if an older copy is put back. */
static void
remember(struct issuer *i, const struct cli *c)
{
	char dir[ISSUER_DIR_MAX], safe[512];

	if (station_dir(dir, sizeof dir) != 0)
		return;
	if (!i->writes)
		(void)issuer_compare(i, dir);
	else if (issuer_remember(i, dir) != 0)
		say_warn(c, "%s cannot be written: should an older copy of the issuer's books be put back, this PC will not notice",
		    say_safe(safe, sizeof safe, dir));
}

static enum err
open_issuer(struct issuer *i, const struct cli *c, enum issuer_how how, struct fault *f)
{
	char dir[ISSUER_DIR_MAX];
	enum err e = issuing_dir(c, dir, sizeof dir, f);

	if (e == E_OK && (e = issuer_open(i, dir, how, f)) == E_OK && how != ISSUER_TO_BEGIN)
		issuing_warn_rights(i, c);
	if (e == E_OK)
		remember(i, c);
	return e;
}

enum err
issuing_open_to_hand_out(struct issuer *i, const struct cli *c, struct fault *f)
{
	int64_t since = 0;
	struct fault why = {0};
	char when[WHEN_SHOWN];
	enum err e = issuing_open(i, c, f);

	if (e != E_OK || (e = issuer_hands_out(i, &since, &why)) == E_OK)
		return e;
	if (why.why != WHY_BEHIND || since == 0)
		return fault_pass(f, &why);
	when_show(when, sizeof when, since);
	return say_fault(c, f, E_BOOKS,
	    _("the issuer's books are older than those that were used here on %s, and do not know which codes were handed out "
	      "since: nothing is made or handed out from them. Put the newer books back if you have them. If not: oncestick restore --adopt; "
	      "every code that is ready counts as handed out then."),
	    when);
}

void
issuing_warn_behind(const struct issuer *i, const struct cli *c)
{
	if (i->behind)
		say_warn(c, "the issuer's books are an older copy, and do not know which codes were handed out since it was made. "
			    "Put the newer books back if you have them; if not: oncestick restore --adopt");
}

enum err
issuing_look_behind(struct issuer *i, int fd, struct fault *f)
{
	struct stick *s = NULL;
	enum err e = fd >= 0 && stick_open(&s, fd, NULL) == E_OK ? issuer_look_behind(i, s, f) : E_OK;

	stick_close(&s);
	return e;
}

enum err
issuing_open(struct issuer *i, const struct cli *c, struct fault *f)
{
	return open_issuer(i, c, ISSUER_TO_WRITE, f);
}

enum err
issuing_open_to_read(struct issuer *i, const struct cli *c, struct fault *f)
{
	return open_issuer(i, c, ISSUER_TO_READ, f);
}

enum err
issuing_begin_books(struct issuer *i, const struct cli *c, struct fault *f)
{
	return open_issuer(i, c, ISSUER_TO_BEGIN, f);
}

/* ---- the clock ----------------------------------------------------------------------------------------------------------- */

static void
day_of(char out[16], int64_t when)
{
	struct tm tm;

	if (!calendar_local(&tm, when) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(out, 16, "?");
}

/* The clock is far beyond newest, the time of the last signature, or, if that is 0, beyond the time when this program was made. */
static enum err
confirm_day(const struct issuer *i, const struct cli *c, int64_t newest, struct fault *f)
{
	char today[16], day[16], typed[64];
	enum err e = E_OK;

	day_of(today, i->now);
	day_of(day, newest != 0 ? newest : BUILD_DATE);
	if (!prompt_possible(c))
		return say_fault(c, f, E_USAGE, newest != 0 ?
		    _("this PC's clock says %s, more than 30 days after the last thing that was signed (%s). If it is right: "
		    "--clock-is-right.") :
		    _("this PC's clock says %s, more than five years after this program was made (%s). If it is right: "
		    "--clock-is-right."),
		    today, day);
	if (newest != 0)
		say_info(c, "this PC's clock is more than 30 days past %s, when something was last signed here.", day);
	else
		say_info(c, "this PC's clock is more than five years past %s, when this program was made.", day);
	e = prompt_line(c, _("Today's date, as YYYY-MM-DD: "), typed, sizeof typed, f);
	if (e != E_OK)
		return e;
	typed[strcspn(typed, " \t\r")] = '\0';
	if (strcmp(typed, today) != 0)
		return say_fault(c, f, E_USAGE,
		    _("this PC's clock says %s. Set the clock first: whatever is signed with a wrong one spoils every PC that sees "
		      "it."),
		    today);
	return E_OK;
}

enum err
issuing_clock(struct issuer *i, const struct cli *c, struct fault *f)
{
	enum issuer_clock clock = ISSUER_CLOCK_FINE;
	int64_t newest = 0;
	char day[16], now[16];
	enum err e = issuer_clock(i, &clock, &newest, f);

	if (e != E_OK)
		return e;
	day_of(now, i->now);
	day_of(day, newest);
	switch (clock) {
	case ISSUER_CLOCK_OLD:
		return say_fault(c, f, E_USAGE,
		    _("this PC's clock says %s, which is before this program was made. Set the clock first."), now);
	case ISSUER_CLOCK_BACK:
		return say_fault(c, f, E_USAGE,
		    _("this PC's clock says %s, but something was signed here on %s already. Set the clock first."), now, day);
	case ISSUER_CLOCK_FAR:
		return c->clock_is_right ? E_OK : confirm_day(i, c, newest, f);
	case ISSUER_CLOCK_FINE:
		break;
	}
	return E_OK;
}

enum err
issuing_passphrase(const struct cli *c, const struct issuing_lock *lock, struct prompt_answer *a, struct fault *f)
{
	const unsigned tries = c->passphrase_file != NULL ? 1 : PASSPHRASE_TRIES;
	enum err e = prompt_start(c, f);

	for (unsigned left = tries; e == E_OK; left--) {
		struct fault why = {0};

		if ((e = prompt_passphrase(c, lock->question, a, &why)) == E_OK &&
		    (e = lock->opens(lock->arg, BYTES(a->text, a->n), &why)) == E_OK)
			return E_OK;
		prompt_free(a);
		if (e != E_PASSPHRASE || left == 1)
			return fault_pass(f, &why);
		faultsay_error(c, &why, NULL);
		e = E_OK;
	}
	return e;
}

static enum err
opens_issuer(void *arg, struct bytes pass, struct fault *f)
{
	return issuer_unlock(arg, pass, f);
}

enum err
issuing_unlock(struct issuer *i, const struct cli *c, struct fault *f)
{
	struct prompt_answer pass = {0};
	enum err e = issuing_passphrase(c, &(struct issuing_lock){NULL, opens_issuer, i}, &pass, f);

	prompt_free(&pass);
	return e;
}

static enum err
refuse_weak(const struct cli *c, const struct prompt_answer *a, struct fault *f)
{
	char reason[PASSQUALITY_REASON];

	switch (passquality(BYTES(a->text, a->n), reason)) {
	case PASSQUALITY_SHORT:
		return say_fault(c, f, E_PASSPHRASE,
		    _("the passphrase is too short: anybody would guess it. Give it at least %d characters; several words are best."),
		    PASSQUALITY_MIN);
	case PASSQUALITY_FEW:
		return say_fault(c, f, E_PASSPHRASE,
		    _("the passphrase has the same few characters again and again: anybody would guess it. Take several words."));
	case PASSQUALITY_RUN:
		return say_fault(c, f, E_PASSPHRASE,
		    _("the passphrase is characters in a row: anybody would guess it. Take several words."));
	case PASSQUALITY_WORD:
		return say_fault(c, f, E_PASSPHRASE,
		    _("the passphrase is one of the words that are tried first: anybody would guess it. Take several words."));
	case PASSQUALITY_GUESSED:
		/* TRANSLATORS: %s is a sentence of libpwquality's, in the same language */
		return say_fault(c, f, E_PASSPHRASE,
		    _("the passphrase is refused (%s): anybody would guess it. Take several words."), reason);
	case PASSQUALITY_FINE:
		break;
	}
	return E_OK;
}

enum err
issuing_new_passphrase(const struct cli *c, const char *file, const char *option, struct prompt_answer *a, struct fault *f)
{
	enum err e = prompt_new_passphrase(c, file, option, a, f);

	if (e == E_OK && (e = refuse_weak(c, a, f)) != E_OK)
		prompt_free(a);
	return e;
}

void
issuing_warn_list(const struct issuer *i, const struct cli *c)
{
	if (i->list_n > envelope_limit(ENVELOPE_NOTICE) / 2)
		say_warn(c,
		    "the list of used and revoked codes is more than half as long as it can be (%zu of %zu KiB). A lecture leaves it a "
		    "week after it expires: give new ones less time (prepare --expires), or prepare some as another issuer",
		    i->list_n >> 10, envelope_limit(ENVELOPE_NOTICE) >> 10);
}

enum err
issuing_list(const struct cli *c, const char *file, struct bytes list)
{
	struct fault f = {0};
	char safe[512];

	if (list.n == 0)
		return say_refuse(c, E_USAGE, "%s was not written: no code was ever revoked or collected, so there is no list yet",
		    say_safe(safe, sizeof safe, file));
	if (newfile_write(c, file, list, &f) != E_OK) {
		say_info(c, "the books have it all, but the list was not written to a file:");
		return faultsay_error(c, &f, NULL);
	}
	say_info(c,
	    "the list is in %s; it is no secret. Whoever gets it: oncestick accept FILE, for that PC; oncestick accept FILE STICK, for "
	    "a stick as well",
	    say_safe(safe, sizeof safe, file));
	return E_OK;
}

void
issuing_announce_scrub(const struct cli *c, int dir_fd)
{
	uint64_t all = scrub_bytes(dir_fd);
	char bytes[HUMAN_SHOWN], time[WHEN_SHOWN];

	human_bytes(bytes, sizeof bytes, all);
	when_show_duration(time, sizeof time, (int64_t)(all / SLOW_STICK));
	say_info(c, "filling the free space twice: %s to write, about %s on a slow stick", bytes, time);
}

/* ---- lectures ------------------------------------------------------------------------------------------------------------ */

static void
which_lecture(const struct cli *c, const struct lectures *l, struct fault *f)
{
	char list[300] = "", hex[2 * ID_SIZE + 1];
	size_t n = 0;

	for (size_t i = 0; i < l->count && n + 24 < sizeof list; i++) {
		bytes_to_hex(hex, l->list[i].grant_id, ID_SIZE);
		hex[8] = '\0';
		n += (size_t)snprintf(
		    list + n, sizeof list - n, "%s\"%s\" (%s)", i == 0 ? "" : ", ", SHORT(l->list[i].label), hex);
	}
	say_fault(c, f, E_USAGE, _("which lecture? The stick has %s. Name it: --lecture LABEL, or its id."), list);
}

enum err
issuing_word_lecture(
    const struct cli *c, const struct lectures *l, const char *path, const struct fault *why, struct fault *f)
{
	if (why->why == WHY_WHICH_LECTURE)
		which_lecture(c, l, f);
	else if (why->why == WHY_NO_LECTURE)
		say_fault(c, f, E_NO_GRANT,
		    _("there is no lecture \"%s\" on the stick at %s; 'oncestick inspect' lists those there are."), l->wanted, path);
	else
		fault_pass(f, why);
	return f->err;
}

/* ---- names --------------------------------------------------------------------------------------------------------------- */

/* Name each by its whole id, and say what is on it. */
static enum err
refuse_alike(struct issuer *i, const struct cli *c, const char *name, struct fault *f)
{
	uint8_t (*ids)[ID_SIZE] = NULL;
	char list[300] = "", hex[2 * ID_SIZE + 1], label[LABEL_MAX + 1], safe[50];
	size_t count = 0, n = 0;
	bool known = false;
	enum err e = books_alike(i->books, name, &ids, &count, f);

	for (size_t k = 0; k < count && n + 100 < sizeof list && e == E_OK; k++) {
		e = books_stick_label(i->books, ids[k], label, &known, f);
		bytes_to_hex(hex, ids[k], ID_SIZE);
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s (\"%s\")", k == 0 ? "" : ", ", hex,
		    say_safe(safe, sizeof safe, label));
	}
	free(ids);
	if (e != E_OK)
		return e;
	return say_fault(c, f, E_USAGE,
	    _("%u sticks are shown as %s: %s. Use the long number of the one you mean instead of the name, or plug it in and name its directory."),
	    (unsigned)count, name, list);
}

/* f, with a sentence if it takes the books to make one. */
static const struct fault *
worded(struct issuer *i, const struct cli *c, struct fault *f)
{
	struct fault alike = *f;

	if (f->why == WHY_ALIKE) {
		fault_clear(f);
		refuse_alike(i, c, alike.object, f);
	}
	return f;
}

static enum err
find_by_path(const struct cli *c, const char *arg, struct issuing_stick *out, struct fault *f)
{
	struct stick *s = NULL;
	enum err e = stickarg_open(c, &out->at, arg, f);

	if (e == E_OK)
		e = stick_open(&s, out->at.fd, f);
	if (e == E_OK)
		memcpy(out->id, s->id, ID_SIZE);
	stick_close(&s);
	return e;
}

enum err
issuing_find(struct issuer *i, const struct cli *c, const char *arg, struct issuing_stick *out, struct fault *f)
{
	bool named = arg != NULL && issuer_is_name(arg);
	struct fault why = {0};
	struct stat st;
	enum err e = E_OK;

	memset(out, 0, sizeof *out);
	out->at.fd = -1;
	if (named)
		e = issuer_find(i, arg, out->id, &why);
	if (!named || (e == E_NO_STICK && filestat_path(arg, &st) == 0))
		e = find_by_path(c, arg, out, f);
	else if (e != E_OK)
		e = fault_pass(f, worded(i, c, &why));
	if (e != E_OK)
		issuing_stick_close(out);
	keytree_stick_name(out->name, out->id);
	return e;
}

void
issuing_stick_close(struct issuing_stick *s)
{
	place_close(&s->at);
}

static void
list_names(char *out, size_t size, const struct books_near *near)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t k = 0; k < near->count; k++)
		n += (size_t)snprintf(out + n, size - n, "%s\"%s\"", k == 0 ? "" : ", ", SHORT(near->names[k]));
}

void
issuing_did_you_mean(struct issuer *i, const struct cli *c, struct fault *f)
{
	const bool given = f->why == WHY_NEVER_GIVEN;
	struct fault was = *f, unread = {0};
	struct books_near near = {.count = 0};
	char names[BOOKS_NEAR_MAX * (SHORT_SIZE + 20)];

	if ((!given && f->why != WHY_HOLDS_NONE) ||
	    books_near(i->books, f->object, given ? 0 : i->now, &near, &unread) != E_OK || near.count == 0)
		return;
	list_names(names, sizeof names, &near);
	fault_clear(f);
	if (given)
		say_fault(c, f, was.err, _("nobody called \"%s\" is in the books, or no longer; did you mean %s?"), was.object,
		    names);
	else
		say_fault(c, f, was.err,
		    _("nobody called \"%s\" holds an unused code that is still valid; did you mean %s?"), was.object, names);
}

enum err
issuing_find_code(struct issuer *i, const struct cli *c, const char *text, struct books_slot *out, struct fault *f)
{
	struct fault why = {0};
	uint32_t last = 0;
	enum err e = issuer_find_code(i, text, out, &last, &why);

	if (e == E_CODE_UNKNOWN)
		return say_fault(c, f, E_CODE_UNKNOWN, _("there is no code %s: that stick has %u."), text, last);
	return e == E_OK ? E_OK : fault_pass(f, worded(i, c, &why));
}
