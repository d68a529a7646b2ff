/*
 * rostering.c - issue --roster: one passphrase, one transaction, and then paper.
 */
#include "rostering.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "faultsay.h"
#include "filearg.h"
#include "issuing.h"
#include "newfile.h"
#include "roster.h"
#include "rostersay.h"
#include "say.h"
#include "sheet.h"
#include "stickio.h"
#include "stop.h"
#include "text.h"
#include "when.h"
#include "wiping.h"

#define FILE_SHOWN 512
#define RETRY (3 * FILE_SHOWN) /* a command line with a file and a lecture in it */
#define PDF ".pdf"
#define HOLDER_FILE (BOOKS_TEXT + 32) /* the name of a file that is called like a holder */

/* A sheet that is to be drawn. */
struct drawing {
	char file[PATH_MAX];
	json_t *cards; /* they contain codes */
};

struct work {
	const struct cli *c;
	const struct rostering *a;
	char name[FILE_SHOWN]; /* of the roster, safe to print */
	struct roster_order order;
	struct roster roster;
	struct issuer issuer;
	struct sheet sheet;
	char dir[PATH_MAX - HOLDER_FILE]; /* for the sheets, */
	bool made_dir;			  /* which was made */
	struct drawing *drawings;
	size_t count, drawn;
	char *list;
	size_t list_n;
};

/* ---- refusing ------------------------------------------------------------------------------------------------------------ */

static enum err
refuse_roster(const struct work *w, struct fault *f)
{
	const struct roster *r = &w->roster;
	const size_t kept = r->complained < ROSTER_COMPLAINTS_MAX ? r->complained : ROSTER_COMPLAINTS_MAX;

	for (size_t k = 0; k < kept; k++) {
		char *text = rostersay_complaint(&r->complaints[k], w->name);

		if (kept == 1 && text != NULL)
			say_fault(w->c, f, r->err, _("nothing was handed out: %s"), text);
		else if (text != NULL)
			say_warn(w->c, "%s", text);
		free(text);
	}
	if (kept == 1)
		return r->err;
	return say_fault(w->c, f, r->err,
	    _("%zu things are wrong with %s (the first %zu are above). Nothing was handed out."), r->complained, w->name, kept);
}

static enum err
refuse_holding(const struct work *w, struct fault *f)
{
	char names[ROSTERSAY_HOLDING];

	rostersay_holding(&w->roster, names, sizeof names);
	return say_fault(w->c, f, E_USAGE,
	    _("some of those in %s have unused codes already: %s. Nothing was handed out. To leave them out, --already skip; to show "
	      "their codes again, with new ones for the others, --already again; to give them more, --already more."),
	    w->name, names);
}

/* The errors of roster_read and roster_plan, as sentences. */
static enum err
worded(const struct work *w, enum err e, struct fault *f)
{
	if (e == E_OK || f->err != E_OK)
		return e;
	return w->roster.complained > 0 ? refuse_roster(w, f) : refuse_holding(w, f);
}

/* ---- before -------------------------------------------------------------------------------------------------------------- */

static enum err
read_roster(struct work *w, struct fault *f)
{
	uint8_t *data = NULL;
	size_t n = 0;
	int got = stickio_slurp_named(w->a->file, ROSTER_BYTES_MAX, &data, &n);
	enum err e = E_OK;

	if (got != 0 && errno != EFBIG)
		return filearg_unread(w->c, w->a->file, f);
	if (got != 0)
		n = ROSTER_BYTES_MAX + 1; /* roster_read says what is wrong with that */
	e = worded(w, roster_read(&w->roster, BYTES(data, n), text_languages, f), f);
	free(data);
	return e;
}

/* Its name goes without a slash at its end, so that the directory that it is in can be found. */
static int
make_dir(struct work *w)
{
	size_t n = strlen(w->a->sheets);

	while (n > 1 && w->a->sheets[n - 1] == '/')
		n--;
	if (n >= sizeof w->dir) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(w->dir, w->a->sheets, n);
	w->made_dir = mkdir(w->dir, 0700) == 0;
	return w->made_dir ? stickio_sync_above(w->dir) : -1;
}

static enum err
open_dir(struct work *w, struct fault *f)
{
	char safe[FILE_SHOWN];

	if (make_dir(w) == 0)
		return E_OK;
	say_safe(safe, sizeof safe, w->a->sheets);
	if (errno == EEXIST)
		return say_fault(w->c, f, E_USAGE,
		    _("%s is there already, and sheets go into a new directory: remove it, or give another name. No code was handed out."),
		    safe);
	return say_fault(
	    w->c, f, E_USAGE, _("the directory %s cannot be made: %s. No code was handed out."), safe, strerror(errno));
}

/* Try out all that can fail later. */
static enum err
prepare_paper(struct work *w, struct fault *f)
{
	char first[PATH_MAX];
	enum err e = w->a->list != NULL ? newfile_check(w->c, w->a->list, f) : E_OK;

	if (e == E_OK && w->a->sheet != NULL)
		return sheet_begin(w->c, &w->sheet, w->a->sheet, f);
	if (e != E_OK || w->a->sheets == NULL || (e = open_dir(w, f)) != E_OK)
		return e;
	snprintf(first, sizeof first, "%s/sheet", w->dir);
	return sheet_begin(w->c, &w->sheet, first, f);
}

static enum err
plan(struct work *w, struct fault *f)
{
	return worded(w, roster_plan(&w->roster, &w->issuer, &w->order, f), f);
}

/* What is wrong is said before anybody is asked for a passphrase. */
static enum err
plan_only(struct work *w, struct fault *f)
{
	enum err e = books_begin_reading(w->issuer.books, f);

	return e == E_OK ? books_end(w->issuer.books, plan(w, f), f) : e;
}

/* ---- handing out --------------------------------------------------------------------------------------------------------- */

/* How many codes, from the k-th, have the same holder. */
static size_t
run_of(const struct roster *r, size_t k)
{
	size_t n = 1;

	while (k + n < r->out.count && strcmp(r->out.slots[k].holder, r->out.slots[k + n].holder) == 0)
		n++;
	return n;
}

#define NO_NAME "/\\:*?\"<>|" /* are in no name of a file on FAT and exFAT */

/* A person's file is called like the person; where that is no name of a file, a number tells it from others. */
static void
name_drawing(struct drawing *d, const struct work *w, const char *holder)
{
	char name[BOOKS_TEXT];
	bool changed = false;

	snprintf(name, sizeof name, "%s", holder);
	for (char *p = name; *p != '\0'; p++)
		if (strchr(NO_NAME, *p) != NULL || (*p == '.' && p == name)) {
			*p = '_';
			changed = true;
		}
	if (changed)
		snprintf(d->file, sizeof d->file, "%s/%s (%zu)" PDF, w->dir, name, w->count + 1);
	else
		snprintf(d->file, sizeof d->file, "%s/%s" PDF, w->dir, name);
}

static enum err
add_drawing(struct work *w, size_t from, size_t n, const char *const *languages, struct fault *f)
{
	struct handout part = w->roster.out;
	const struct cards_look look = {
	    .paper = w->a->paper, .large = w->a->large, .spares = true, .languages = languages + from};
	struct drawing *d = &w->drawings[w->count];

	part.slots += from;
	part.codes += from;
	part.count = n;
	if (w->a->sheets != NULL)
		name_drawing(d, w, part.slots[0].holder);
	else
		snprintf(d->file, sizeof d->file, "%s", w->a->sheet);
	w->count++;
	return cards_make(&d->cards, &part, &w->issuer, &look, f);
}

static enum err
make_cards(struct work *w, struct fault *f)
{
	const size_t all = w->roster.out.count;
	const char **languages = calloc(all + 1, sizeof *languages);
	enum err e = E_OK;
	size_t n = 0;

	w->drawings = calloc(w->a->sheets != NULL ? all + 1 : 1, sizeof *w->drawings);
	if (languages == NULL || w->drawings == NULL)
		e = fault_set(f, E_FAIL, ENOMEM, "memory", "for cards");
	for (size_t k = 0; k < all; k++)
		if (languages != NULL)
			languages[k] = w->roster.of_row[k].row->language;
	for (size_t k = 0; k < all && e == E_OK; k += n) {
		n = w->a->sheets != NULL ? run_of(&w->roster, k) : all;
		e = add_drawing(w, k, n, languages, f);
	}
	free(languages);
	return e;
}

/* One transaction, after which every code can be shown. */
static enum err
hand_out(struct work *w, struct fault *f)
{
	enum err e = books_begin(w->issuer.books, f);

	if (e != E_OK)
		return e;
	if ((e = plan(w, f)) == E_OK && (e = roster_take(&w->roster, &w->issuer, f)) == E_OK && w->roster.out.count > 0 &&
	    (e = handout_codes(&w->roster.out, &w->issuer, f)) == E_OK && (w->a->sheet != NULL || w->a->sheets != NULL))
		e = make_cards(w, f);
	if (e == E_OK && w->a->list != NULL && (w->list = rostersay_list(&w->roster, &w->list_n)) == NULL)
		e = fault_set(f, E_FAIL, ENOMEM, "memory", "for a list");
	if (e == E_OK && stop_asked())
		e = say_fault(w->c, f, E_INTERRUPTED, _("interrupted; nothing was handed out."));
	return books_end(w->issuer.books, e, f);
}

/* ---- after --------------------------------------------------------------------------------------------------------------- */

static const char *
quote(const char *word)
{
	return strpbrk(word, " \t'\"()&;") == NULL ? "" : strchr(word, '\'') == NULL ? "'" : "\"";
}

/* The command that shows these codes again. */
static void
again(const struct work *w, char out[RETRY], const char *how)
{
	const char *lecture = w->a->lecture != NULL ? w->a->lecture : "";
	const char *q = quote(w->name), *l = quote(lecture);
	char safe[FILE_SHOWN];

	say_safe(safe, sizeof safe, lecture);
	if (lecture[0] != '\0')
		snprintf(out, RETRY, "oncestick issue --roster %s%s%s --lecture %s%s%s --already again %s", q, w->name, q, l,
		    safe, l, how);
	else
		snprintf(out, RETRY, "oncestick issue --roster %s%s%s --already again %s", q, w->name, q, how);
}

/* The codes are in the books: nothing is lost. */
static enum err
say_not_shown(const struct work *w, const char *why)
{
	char command[RETRY];

	again(w, command, w->a->sheets != NULL ? "--sheets DIR" : w->a->sheet != NULL ? "--sheet FILE" : "--format csv");
	return say_refuse(w->c, stop_asked() ? E_INTERRUPTED : E_FAIL,
	    "%s. The codes are not lost: they are in the books as handed out. To see all of them again: %s", why, command);
}

/* Two people may have one name of a file: a number may be part of a name, and capitals may not matter. */
static void
name_apart(struct drawing *d)
{
	const size_t n = strlen(d->file) - strlen(PDF);

	for (unsigned k = 2; faccessat(AT_FDCWD, d->file, F_OK, AT_SYMLINK_NOFOLLOW) == 0; k++)
		snprintf(d->file + n, sizeof d->file - n, " (%u)" PDF, k);
}

static enum err
draw_next(struct work *w, struct drawing *d, char why[SHEET_WHY])
{
	if (w->a->sheets != NULL) {
		name_apart(d);
		if (sheet_next(&w->sheet, d->file, why) != 0)
			return E_FAIL;
	}
	return sheet_draw(&w->sheet, d->cards, why) == 0 ? E_OK : E_FAIL;
}

static enum err
draw(struct work *w)
{
	char why[SHEET_WHY], reason[SHEET_WHY + 100], command[RETRY];
	bool missing = false;

	for (size_t k = 0; k < w->count; k++) {
		if (draw_next(w, &w->drawings[k], why) != E_OK) {
			snprintf(reason, sizeof reason, _("not all code sheets were made: %s"), why);
			return say_not_shown(w, reason);
		}
		missing = missing || w->sheet.missing;
		if (stop_asked() && k + 1 < w->count)
			return say_not_shown(w, _("interrupted before all code sheets were made"));
	}
	if (missing) {
		again(w, command, w->a->sheets != NULL ? "--sheets DIR" : "--sheet FILE");
		say_warn(w->c,
		    "some characters are in no font on this PC and show as boxes on the sheet; install a font that has them (in "
		    "Debian, fonts-noto-core or fonts-noto-cjk), then: %s",
		    command);
	}
	return E_OK;
}

static void
tell(const struct work *w)
{
	const struct roster *r = &w->roster;
	const unsigned long n = (unsigned long)r->out.count;
	char safe[FILE_SHOWN];

	say_info(w->c, ngettext("%zu code for those in %s", "%zu codes for those in %s", n), r->out.count, w->name);
	if (r->codes != r->out.count)
		say_info(w->c, "new among them: %u; the others were handed out before", r->codes);
	if (w->a->sheet != NULL && strcmp(w->a->sheet, "-") != 0)
		say_info(w->c, ngettext("sheet: %s, %zu card; it opens the stick: print it, then guard the file like the code, or "
					"delete it",
		    "sheet: %s, %zu cards; they open the stick: print them, then guard the file like the codes, or delete it", n),
		    say_safe(safe, sizeof safe, w->a->sheet), r->out.count);
	if (w->a->sheets != NULL)
		say_info(w->c,
		    "sheets: %s, a file for each person; they open the sticks: guard them like the codes, or delete them",
		    say_safe(safe, sizeof safe, w->a->sheets));
	if (w->a->list != NULL)
		say_info(w->c, "list for the office: %s; it has no codes in it", say_safe(safe, sizeof safe, w->a->list));
	if (w->a->sheet != NULL || w->a->sheets != NULL)
		say_info(w->c, "next: each card says which stick goes with it; hand over card and stick separately");
}

/* The keys are wiped before another program is started; it gets only the codes. */
static enum err
show(struct work *w)
{
	char command[RETRY];
	struct fault f = {0};
	enum err e = E_OK;

	issuer_close(&w->issuer);
	if (w->roster.out.count == 0) {
		say_info(w->c, "everybody in %s has codes already; nothing was handed out", w->name);
		return E_OK;
	}
	w->roster.out.again = true; /* they are of several lectures */
	if (w->a->print && handoutsay_print(&w->roster.out, w->a->format) != 0)
		return say_not_shown(w, _("standard output cannot be written"));
	if ((e = draw(w)) != E_OK)
		return e;
	if (w->a->list != NULL && newfile_write(w->c, w->a->list, BYTES(w->list, w->list_n), &f) != E_OK) {
		faultsay_error(w->c, &f, NULL);
		again(w, command, "--format csv --list FILE");
		return say_refuse(
		    w->c, f.err, "the codes are handed out, but there is no list. To make it: %s", command);
	}
	tell(w);
	return E_OK;
}

static enum err
show_plan(struct work *w, struct fault *f)
{
	enum err e = E_OK;

	if (w->c->json)
		e = say_json(w->c, rostersay_json(&w->roster));
	else if (rostersay_plan(&w->roster) != 0 || say_stdout(w->c) != E_OK)
		return say_fault(w->c, f, E_FAIL, _("the table cannot be written"));
	say_info(
	    w->c, "nothing was handed out: this is what would happen. Codes in all, without --dry-run: %u", w->roster.codes);
	return e;
}

/* ---- the verb ------------------------------------------------------------------------------------------------------------ */

static enum err
dry_run(struct work *w, struct fault *f)
{
	enum err e = issuing_open_to_read(&w->issuer, w->c, f);

	if (e == E_OK && (e = plan_only(w, f)) == E_OK)
		return show_plan(w, f);
	return e;
}

static enum err
real_run(struct work *w, struct fault *f)
{
	enum err e = issuing_open_to_hand_out(&w->issuer, w->c, f);

	if (e == E_OK && (e = plan_only(w, f)) == E_OK && (e = prepare_paper(w, f)) == E_OK &&
	    (e = issuing_unlock(&w->issuer, w->c, f)) == E_OK && (e = hand_out(w, f)) == E_OK)
		return show(w);
	return e;
}

static void
work_free(struct work *w)
{
	sheet_end(&w->sheet);
	if (w->made_dir)
		(void)rmdir(w->dir); /* it stays if anything is in it */
	for (size_t k = 0; k < w->count; k++)
		json_decref(w->drawings[k].cards);
	free(w->drawings);
	free(w->list);
	roster_free(&w->roster);
	issuer_close(&w->issuer);
}

static bool
arguments_fit(struct work *w)
{
	static const char *const words[] = {[ROSTER_SKIP] = "skip", [ROSTER_AGAIN] = "again", [ROSTER_MORE] = "more"};
	const struct rostering *a = w->a;
	unsigned k = ROSTER_SKIP;

	if (a->already != NULL) {
		while (k < sizeof words / sizeof words[0] && strcmp(words[k], a->already) != 0)
			k++;
		if (k == sizeof words / sizeof words[0]) {
			say_usage(w->c, "--already is skip, again or more");
			return false;
		}
		w->order.already = (enum roster_already)k;
	}
	if (a->sheet != NULL && a->sheets != NULL) {
		say_usage(w->c, "--sheet is one file for all, --sheets a file for each person: give one of them");
		return false;
	}
	if (!a->dry_run && a->sheet == NULL && a->sheets == NULL && (!a->print || a->format == HANDOUTSAY_TEXT)) {
		say_usage(w->c, "codes for a roster go onto cards, --sheet FILE or --sheets DIR, or into a table: --format csv");
		return false;
	}
	return true;
}

enum err
rostering(const struct cli *c, const struct rostering *a)
{
	struct work w = {.c = c, .a = a, .order = {.lecture = a->lecture}, .issuer = {.dir_fd = -1}, .sheet = {.fd = -1}};
	struct fault f = {0};
	enum err e = E_OK;

	say_safe(w.name, sizeof w.name, a->file);
	if (!arguments_fit(&w))
		return E_USAGE;
	if (a->sheet != NULL || a->sheets != NULL)
		wiping_json();
	e = read_roster(&w, &f);
	if (e == E_OK)
		e = a->dry_run ? dry_run(&w, &f) : real_run(&w, &f);
	if (f.err != E_OK)
		e = faultsay_error(c, &f, NULL);
	work_free(&w);
	return e;
}
