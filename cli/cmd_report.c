/*
 * cmd_report.c - who opened what, when and where.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit.h"
#include "cli.h"
#include "faultsay.h"
#include "filestat.h"
#include "issuer.h"
#include "issuing.h"
#include "opt.h"
#include "reportsay.h"
#include "text.h"
#include "when.h"
#include "whenarg.h"

struct report_args {
	const char *from, *to, *format;
	struct audit_wanted wanted;
	reportsay_print *print;
};

static bool
take_time(const struct cli *c, const char *option, const char *text, enum when_role role, int64_t *t)
{
	return text == NULL || whenarg_read(c, &(struct whenarg){option, text, role, when_now()}, t);
}

static bool
arguments_fit(struct cli *c, struct report_args *a)
{
	if (!take_time(c, "from", a->from, WHEN_STARTED, &a->wanted.from) || !take_time(c, "to", a->to, WHEN_ENDED, &a->wanted.to))
		return false;
	if (a->wanted.from != 0 && a->wanted.to != 0 && a->wanted.from > a->wanted.to) {
		say_usage(c, "--from is after --to");
		return false;
	}
	if (c->json && a->format != NULL && strcmp(a->format, "json") != 0) {
		say_usage(c, "use either --json or --format, not both");
		return false;
	}
	a->print = reportsay_format(c->json ? "json" : a->format != NULL ? a->format : "text");
	if (a->print == NULL)
		say_usage(c, "--format is text, csv, json or html");
	return a->print != NULL;
}

static enum err
word(const struct cli *c, const struct fault *why, struct fault *f)
{
	if (why->why == WHY_NO_LECTURE)
		return say_fault(c, f, E_NO_GRANT,
		    _("the books have no lecture \"%s\"; 'oncestick codes' lists those there are."), why->object);
	return fault_pass(f, why);
}

/* Read everything in one transaction, so that it is from one moment, even while others write. */
static enum err
print(const struct reportsay *r, const struct report_args *a, struct fault *f)
{
	enum err e = books_begin_reading(r->issuer->books, f);

	if (e != E_OK)
		return e;
	if ((e = audit_check(r->issuer, r->wanted, f)) == E_OK)
		e = a->print(r, f);
	return books_end(r->issuer->books, e, f);
}

/* Nobody can write in the books while they are read. A file takes no time; whoever reads a pipe or a terminal may take hours. */
static bool
may_take_hours(void)
{
	struct stat st;

	return filestat_fd(STDOUT_FILENO, &st) != 0 || !S_ISREG(st.st_mode);
}

/* Close the books before anything goes out. */
static enum err
print_kept(const struct reportsay *r, const struct report_args *a, struct fault *f)
{
	FILE *out = stdout, *kept = NULL;
	char *text = NULL;
	size_t n = 0;
	bool whole = true;
	enum err e = E_OK;

	if ((kept = open_memstream(&text, &n)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for a report");
	stdout = kept;
	e = print(r, a, f);
	stdout = out;
	whole = ferror(kept) == 0;
	if (fclose(kept) != 0 || !whole)
		e = fault_set(f, E_FAIL, ENOMEM, "memory", "for a report");
	if (e == E_OK)
		fwrite(text, 1, n, stdout);
	free(text);
	return e;
}

enum err
cmd_report(struct cli *c, int argc, char **argv)
{
	struct report_args a = {0};
	const struct opt rows[] = {
	    {OPT_TEXT, "from", 0, "TIME", N_("what happened from then on"), &a.from, 0, 0},
	    {OPT_TEXT, "to", 0, "TIME", N_("and until then; a day counts to its end"), &a.to, 0, 0},
	    {OPT_TEXT, "lecture", 0, "LABEL|ID", N_("this lecture only"), &a.wanted.lecture, 0, 0},
	    {OPT_TEXT, "holder", 0, "NAME", N_("only codes that this person was given"), &a.wanted.holder, 0, 0},
	    {OPT_TEXT, "format", 0, "FORMAT", N_("text, csv (a row for each code), json, or html (a page to print)"), &a.format, 0,
		0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"report [--from TIME] [--to TIME] [--lecture LABEL|ID] [--holder NAME] [--format FORMAT]",
	    N_("Who opened what, when and where, by the books: of each lecture when it was prepared, which codes were handed out, "
	       "opened (on which PC,\n"
	       "for how long) or revoked, which are unused, what does not add up, and who in the office did what. The books know "
	       "of a use once the\n"
	       "stick, or the PC's receipts, have been collected.\n"),
	    OPT_JSON, rows, 0, 0};
	struct issuer i = {.dir_fd = -1};
	const struct reportsay r = {c, &i, &a.wanted};
	struct fault f = {0}, why = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	if (!arguments_fit(c, &a))
		return E_USAGE;
	if ((e = issuing_open_to_read(&i, c, &f)) == E_OK) {
		issuing_warn_behind(&i, c);
		e = may_take_hours() ? print_kept(&r, &a, &why) : print(&r, &a, &why);
	}
	if (why.err != E_OK) {
		issuing_did_you_mean(&i, c, &why);
		e = word(c, &why, &f);
	}
	if (f.err != E_OK)
		e = faultsay_error(c, &f, NULL);
	else
		e = say_stdout(c);
	issuer_close(&i);
	return e;
}
