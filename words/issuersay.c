/*
 * issuersay.c - sentences for the faults of issuer/.
 */
#include "issuersay.h"

#include <stdio.h>
#include <string.h>

#include "envelope.h"
#include "handout.h"
#include "issuer.h"
#include "prepare.h"
#include "say.h"
#include "scrub.h"
#include "text.h"
#include "whysay.h"

static void
no_issuer(FILE *to, const struct fault *f)
{
	fprintf(to, _("there is no issuer yet at %s; make one: oncestick init"), f->object);
}

static void
no_keystore(FILE *to, const struct fault *f)
{
	fprintf(to, _("there is no keystore in %s; make one: oncestick init"), f->object);
}

static void
no_rights(FILE *to, const struct fault *f)
{
	(void)f;
	fprintf(to, _("the file system of that directory keeps no permissions: everybody here could change the issuer's files. Set "
	      "ONCESTICK_ISSUER_DIR to a directory on this PC's own disk."));
}

static void
list_full(FILE *to, const struct fault *f)
{
	(void)f;
	fprintf(to,
	    _("the list of used and revoked codes would be longer than %u MiB, which is the limit; nothing was changed. A lecture "
	      "leaves the list a week after it expires: wait for that, and give new lectures less time (prepare --expires) or "
	      "prepare them as another issuer, in another ONCESTICK_ISSUER_DIR (oncestick init)."),
	    (unsigned)(envelope_limit(ENVELOPE_NOTICE) >> 20));
}

static void
unknown_stick(FILE *to, const struct fault *f)
{
	fprintf(to, _("there is no stick %s in the books; 'oncestick codes' lists them."), f->object);
}

static void
no_code_name(FILE *to, const struct fault *f)
{
	fprintf(to, _("'%s' is not the name of a code; those look like 7kq241/3. Never type a code itself here: use --code."),
	    f->object);
}

static void
no_receipts(FILE *to, const struct fault *f)
{
	(void)f;
	fprintf(to, _("that is not a receipts file; a PC writes one with: oncestick station receipts FILE"));
}

static void
no_stick(FILE *to, const struct fault *f)
{
	fprintf(to, _("%s is not where a stick is mounted, but a directory on another disk: its free space is not filled."),
	    f->object);
}

static void
foreign_fill(FILE *to, const struct fault *f)
{
	fprintf(to,
	    _("the folder %s on the stick holds %s, which oncestick did not write. Rename that folder, and run this again."),
	    SCRUB_DIR, f->object);
}

static void
no_folder(FILE *to, const struct fault *f)
{
	fprintf(to, _("%s: %s."), f->object, strerror(f->sys));
}

static void
no_files(FILE *to, const struct fault *f)
{
	fprintf(to, _("there is no file in %s to pack."), f->object);
}

static void
inside(FILE *to, const struct fault *f)
{
	fprintf(to, _("the stick %s is inside the folder that is to be packed."), f->object);
}

static void
named_twice(FILE *to, const struct fault *f)
{
	fprintf(to, _("the stick %s is named twice."), f->object);
}

static void
is_copy(FILE *to, const struct fault *f)
{
	fprintf(to, _("%s is a copy: what is on it was bound to another USB device. --replace destroys it."), f->object);
}

static void
crowded(FILE *to, const struct fault *f)
{
	fprintf(to, _("there are %u lectures on %s already, which is the limit; 'oncestick prepare --replace' destroys them."),
	    STICK_GRANTS_MAX, f->object);
}

static void
not_handed_out(FILE *to, const struct fault *f)
{
	fprintf(to, _("code %s has not been handed out yet; leave out --again to hand out the next ones that "
					"are ready."), f->object);
}

static void
code_is_over(FILE *to, const struct fault *f)
{
	if (f->err == E_SPENT)
		fprintf(to, _("code %s was used; hand out another."), f->object);
	else if (f->err == E_REVOKED)
		fprintf(to, _("code %s is revoked; hand out another."), f->object);
	else
		fprintf(to, _("code %s has expired; hand out one for a coming lecture."), f->object);
}

static void
holds_none(FILE *to, const struct fault *f)
{
	fprintf(to, _("nobody called \"%s\" holds an unused code that is still valid; 'oncestick codes STICK' lists holders."),
	    f->object);
}

static void
never_given(FILE *to, const struct fault *f)
{
	fprintf(to, _("nobody called \"%s\" is in the books, or no longer; 'oncestick codes STICK' lists holders."), f->object);
}

static void
still_out(FILE *to, const struct fault *f)
{
	fprintf(to,
	    _("\"%s\" has a code that can still be used, and without the name nobody could revoke it. First: oncestick revoke --holder "
	      "NAME, or collect the stick."),
	    f->object);
}

static void
another_issuer(FILE *to, const struct fault *f)
{
	fprintf(to, _("the stick at %s belongs to another issuer; it was left as it is."), f->object);
}

static void
no_once(FILE *to, const struct fault *f)
{
	fprintf(to, _("there is no ONCE in %s, so there is nothing to erase."), f->object);
}

static const struct whysay sentences[] = {
	{E_KEYSTORE, WHY_NO_ISSUER, no_issuer},
	{E_KEYSTORE, WHY_NO_KEYSTORE, no_keystore},
	{E_KEYSTORE, WHY_NO_RIGHTS, no_rights},
	{E_SPACE, WHY_LIST_FULL, list_full},
	{E_NO_STICK, WHY_UNKNOWN_STICK, unknown_stick},
	{E_NO_STICK, WHY_NO_ONCE, no_once},
	{E_USAGE, WHY_NO_CODE_NAME, no_code_name},
	{E_USAGE, WHY_NOT_HANDED_OUT, not_handed_out},
	{E_SPENT, WHY_OVER, code_is_over},
	{E_REVOKED, WHY_OVER, code_is_over},
	{E_EXPIRED, WHY_OVER, code_is_over},
	{E_NO_CODES, WHY_HOLDS_NONE, holds_none},
	{E_NO_CODES, WHY_NEVER_GIVEN, never_given},
	{E_USAGE, WHY_STILL_OUT, still_out},
	{E_ISSUER, WHY_ANOTHER_ISSUER, another_issuer},
	{E_USAGE, WHY_NO_RECEIPTS, no_receipts},
	{E_USAGE, WHY_NOT_A_MOUNT, no_stick},
	{E_USAGE, WHY_FOREIGN, foreign_fill},
	{E_SOURCE, WHY_NO_FOLDER, no_folder},
	{E_SOURCE, WHY_NO_FILES, no_files},
	{E_USAGE, WHY_INSIDE, inside},
	{E_USAGE, WHY_TWICE, named_twice},
	{E_WRONG_STICK, WHY_COPY, is_copy},
	{E_SPACE, WHY_NO_ROOM, crowded},
};

char *
issuersay(const struct fault *f)
{
	return whysay(f, sentences, sizeof sentences / sizeof *sentences);
}

enum err
issuersay_loss(const struct cli *c, const struct collect_loss *loss, const char *path, struct fault *f)
{
	if (loss->used > 0)
		return say_fault(c, f, E_USAGE,
		    ngettext("%u used code on %s has not been collected: who used it, and when, would be lost. First: oncestick "
			     "collect STICK; or --discard.",
			"%u used codes on %s have not been collected: who used them, and when, would be lost. First: oncestick "
			"collect STICK; or --discard.",
			loss->used),
		    loss->used, path);
	if (loss->lectures > 0)
		return say_fault(c, f, E_USAGE,
		    ngettext("%u lecture that by the books is on this stick is not on %s: nobody could tell any more who used "
			     "its codes, and when. Look for another copy of the stick, and collect it; or --discard.",
			"%u lectures that by the books are on this stick are not on %s: nobody could tell any more who used "
			"their codes, and when. Look for another copy of the stick, and collect it; or --discard.",
			loss->lectures),
		    loss->lectures, path);
	if (loss->damaged > 0)
		return say_fault(c, f, E_USAGE,
		    ngettext("%u code on %s is damaged, and whether it was used would be lost. First: oncestick collect STICK; or "
			     "--discard.",
			"%u codes on %s are damaged, and whether they were used would be lost. First: oncestick collect STICK; or "
			"--discard.",
			loss->damaged),
		    loss->damaged, path);
	return E_OK;
}
