/*
 * say.c - the words for every way in which oncestick says no.
 */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "code.h"
#include "human.h"
#include "keytree.h"
#include "when.h"

#define SENTENCE_MAX 1400
#define SAFE_MAX 512

/* A sentence that grows and is cut, never overrun. */
struct text {
	char *p;
	size_t size, n;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n = 0;

	if (t->n >= t->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->p + t->n, t->size - t->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->n = t->n + (size_t)n < t->size ? t->n + (size_t)n : t->size;
}

const char *
say_safe(char *out, size_t size, const char *text)
{
	char *safe = human_escape(text, strlen(text));
	size_t n = safe != NULL ? strlen(safe) : 0;

	if (n >= size)
		for (n = size - 1; n > 0 && ((unsigned char)safe[n] & 0xc0) == 0x80; n--)
			;
	if (n > 0)
		memcpy(out, safe, n);
	out[n] = '\0';
	free(safe);
	return out;
}

/* ---- what the sentences are made of -------------------------------------------------------------------------------------- */

static void
add_time(struct text *t, int64_t when)
{
	char s[WHEN_SHOWN];

	when_show(s, sizeof s, when);
	add(t, "%s", s);
}

static void
add_safe(struct text *t, const char *s)
{
	char safe[SAFE_MAX];

	add(t, "%s", say_safe(safe, sizeof safe, s));
}

static void
add_object(struct text *t, const struct fault *f, const struct say_about *a, const char *otherwise)
{
	if (a->object != NULL)
		add_safe(t, a->object);
	else if (f->object[0] != '\0')
		add_safe(t, f->object);
	else
		add(t, "%s", otherwise);
}

/* Whether the fault's object is one that the sentence does not name already: the modules below say "stick" for the stick. */
static bool
names_more(const struct fault *f, const struct say_about *a)
{
	static const char *const known[] = {"", "bundle", "code", "grant", "grants", "session", "station memory", "stick", "unlock"};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(f->object, known[i]) == 0)
			return false;
	return a->object == NULL || strcmp(a->object, f->object) != 0;
}

/* What failed underneath, for who has to find out. */
static void
add_cause(struct text *t, const struct fault *f, const struct say_about *a)
{
	bool step = f->step[0] != '\0', object = names_more(f, a);

	if (!step && !object && f->sys == 0)
		return;
	add(t, " (");
	add_safe(t, f->step);
	if (object) {
		add(t, "%s", step ? " " : "");
		add_safe(t, f->object);
	}
	if (f->sys != 0)
		add(t, "%s%s", step || object ? ": " : "", strerror(f->sys));
	add(t, ")");
}

/* The same where the step is a word of the program's that tells a person nothing. */
static void
add_reason(struct text *t, const struct fault *f, const struct say_about *a)
{
	struct fault cause = *f;

	cause.step[0] = '\0';
	add_cause(t, &cause, a);
}

static const char *
contact_of(const struct say_about *a)
{
	if (a->info != NULL && a->info->contact[0] != '\0')
		return a->info->contact;
	return a->contact != NULL && a->contact[0] != '\0' ? a->contact : NULL;
}

static void
add_call(struct text *t, const struct say_about *a)
{
	if (contact_of(a) == NULL) {
		add(t, " Ask who gave you the stick.");
		return;
	}
	add(t, " Call: ");
	add_safe(t, contact_of(a));
	add(t, ".");
}

/* Where another code is the way on. */
static void
add_ask_another(struct text *t, const struct say_about *a)
{
	add(t, " Ask for another");
	if (contact_of(a) == NULL) {
		add(t, ".");
		return;
	}
	add(t, ": ");
	add_safe(t, contact_of(a));
	add(t, ".");
}

static void
add_stick(struct text *t, const struct fault *f, const struct say_about *a)
{
	char name[STICK_NAME_SIZE];
	static const uint8_t none[ID_SIZE];

	if (a->info != NULL && memcmp(a->info->stick_id, none, ID_SIZE) != 0) {
		keytree_stick_name(name, a->info->stick_id);
		if (a->info->label[0] != '\0') {
			add(t, "stick %s (\"", name);
			add_safe(t, a->info->label);
			add(t, "\")");
		} else {
			add(t, "stick %s", name);
		}
	} else if (a->object != NULL) {
		add(t, "the stick at ");
		add_safe(t, a->object);
	} else if (f->object[0] == '/') {
		add(t, "the stick at ");
		add_safe(t, f->object);
	} else {
		add(t, "the stick");
	}
}

/* ---- sentences, by what they are about ------------------------------------------------------------------------------------ */

typedef void sentence(struct text *t, const struct fault *f, const struct say_about *a);

static void
s_fail(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "something failed that should not");
	add_cause(t, f, a);
	add(t, ". Try again; if it stays, report it with this line.");
}

static void
s_usage(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "this cannot be done so");
	add_cause(t, f, a);
	add(t, ".");
}

static void
s_no_stick(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "there is no locked stick at ");
	add_object(t, f, a, "the place named");
	add(t, ": no directory ONCE in it. Plug the stick in, wait until it is mounted, and name the directory where it is.");
}

static void
s_stick_damaged(struct text *t, const struct fault *f, const struct say_about *a)
{
	add_stick(t, f, a);
	add(t, " is damaged: neither copy of its own record can be used");
	add_cause(t, f, a);
	add(t, ". It cannot be opened any more; the issuer has to prepare another.");
	if (a->code)
		add_call(t, a);
}

static void
s_no_grant(struct text *t, const struct fault *f, const struct say_about *a)
{
	if (a->info != NULL && a->info->newer > 0) {
		add_stick(t, f, a);
		add(t, " was made by a newer oncestick. Install the newest version here, or use another PC.");
		return;
	}
	add_stick(t, f, a);
	if (a->info != NULL && a->info->skipped > 0)
		add(t, " has a lecture whose signed description is damaged%s",
		    a->info->grants == 0 ? ", and no other" :
		    a->code		 ? "; the code may belong to it" :
					   "");
	else
		add(t, " has nothing on it that a code could open");
	add_cause(t, f, a);
	add(t, ". It has to be prepared again.");
	if (a->code)
		add_call(t, a);
}

static void
s_issuer(struct text *t, const struct fault *f, const struct say_about *a)
{
	char print[FINGERPRINT_SIZE];

	add_stick(t, f, a);
	if (strcmp(f->step, "issuers differ") == 0) {
		add(t, " has lectures of several issuers on it, so whose it is cannot be told. It has to be prepared again.");
		return;
	}
	if (a->info != NULL && !a->info->issuer_known && a->code) {
		keytree_fingerprint(print, a->info->issuer);
		add(t,
		    " is of issuer %s, which is not trusted on this PC. Who looks after the PC can add it: oncestick station pin "
		    "FILE.",
		    print);
		return;
	}
	add(t, " belongs to another issuer");
	add_reason(t, f, a);
	add(t, "; it was left as it is. Use another stick, or empty this one first if you are sure.");
}

static void
s_no_codes(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "not enough codes are left on ");
	add_stick(t, f, a);
	add_cause(t, f, a);
	add(t, "; none was handed out. Make more: oncestick prepare FOLDER STICK --add.");
}

static void
s_code_form(struct text *t, const struct fault *f, const struct say_about *a)
{
	int kind = a->typed == NULL ? 0 : code_looks_like_id(a->typed, strlen(a->typed));

	(void)f;
	if (kind != 0) {
		char safe[SAFE_MAX];

		add(t, "\"%s\" is the name of %s, not a code; a code looks like HNSB-PDT3-5TA5-MCEM.",
		    say_safe(safe, sizeof safe, a->typed),
		    kind == 2			    ? "an issuer"
		    : strchr(a->typed, '/') != NULL ? "a code"
						    : "a stick");
		return;
	}
	add(t, "this is not a code: a code has 16 letters and digits, like HNSB-PDT3-5TA5-MCEM.");
}

static void
s_code_typo(struct text *t, const struct fault *f, const struct say_about *a)
{
	(void)f;
	if (a->group < 1 || a->group > 4) {
		add(t, "typing error, it cannot be told where; compare all four groups.");
		return;
	}
	add(t, "typing error, probably in group %d", a->group);
	if (a->group_text != NULL)
		add(t, " \"%.4s\"", a->group_text);
	add(t, "; compare all four.");
}

static void
s_code_kind(struct text *t, const struct fault *f, const struct say_about *a)
{
	(void)f;
	(void)a;
	add(t, "this is a code of the other kind: the code that opens a stick is asked for here, not the one that is read out by "
	       "telephone.");
}

static void
s_code_unknown(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "this is a code, but not for ");
	add_stick(t, f, a);
	add(t, ". Is this the right stick?");
	if (a->code)
		add_call(t, a);
}

static void
s_prompt(struct text *t, const struct fault *f, const struct say_about *a)
{
	if (f->object[0] != '\0') {
		add(t, "no answer");
		add_cause(t, f, a);
		add(t, ".");
		return;
	}
	add(t, "cancelled.");
}

static void
s_spent(struct text *t, const struct fault *f, const struct say_about *a)
{
	(void)f;
	add(t, "this code was used");
	if (a->info != NULL && a->info->spent_known) {
		add(t, " on ");
		add_time(t, a->info->spent_at);
	} else {
		add(t, " before");
	}
	if (a->info != NULL && a->info->spent_here)
		add(t, " on this PC");
	else if (a->info != NULL && a->info->spent_known)
		add(t, " on another PC");
	add(t, "; a code opens one lecture.");
	add_ask_another(t, a);
}

static void
s_revoked(struct text *t, const struct fault *f, const struct say_about *a)
{
	(void)f;
	add(t, "this code was revoked by the issuer and opens nothing any more.");
	add_ask_another(t, a);
}

static void
add_clock(struct text *t, const struct say_about *a)
{
	const struct clock_view *v = &a->info->clock;

	add(t, " This PC's clock says ");
	add_time(t, v->now);
	if (v->t != v->now && v->t == v->floor)
		add(t, ", but the stick was written later than that, so the clock is wrong: set it");
	add(t, ".");
}

static void
s_early(struct text *t, const struct fault *f, const struct say_about *a)
{
	(void)f;
	add(t, "too early: this code opens ");
	if (a->info == NULL) {
		add(t, "later.");
		return;
	}
	add(t, "from ");
	add_time(t, a->info->not_before);
	add(t, " on.");
	add_clock(t, a);
}

static void
s_expired(struct text *t, const struct fault *f, const struct say_about *a)
{
	const struct clock_view *v = a->info == NULL ? NULL : &a->info->clock;

	(void)f;
	if (v == NULL) {
		add(t, "this code has expired.");
		add_ask_another(t, a);
		return;
	}
	add(t, "this code could be used until ");
	add_time(t, a->info->expires);
	add(t, "; that is over.");
	if (v->t == v->high && v->now < a->info->expires && v->floor < a->info->expires) {
		add(t, " This PC's clock says ");
		add_time(t, v->now);
		add(t, ", but this PC once believed it was ");
		add_time(t, v->high);
		add(t, ". If that was wrong: oncestick station reset-clock.");
		return;
	}
	add_clock(t, a);
	add_ask_another(t, a);
}

static void
s_notice_missing(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "the list of revoked codes on ");
	add_stick(t, f, a);
	add(t, " is missing or older than it was when the stick was prepared");
	if (a->info != NULL && a->info->notice_min != 0)
		add(t, " (number %u or later is needed)", a->info->notice_min);
	add(t, ". The issuer can put it back: oncestick revoke --at STICK.");
	add_call(t, a);
}

static void
s_slot_damaged(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "the place on ");
	add_stick(t, f, a);
	add(t, " that belongs to this code is damaged");
	add_cause(t, f, a);
	add(t, ".%s", a->info != NULL && a->info->spent_now ? "" : " Use another code of this stick.");
	add_call(t, a);
}

static void
s_busy(struct text *t, const struct fault *f, const struct say_about *a)
{
	if (a->code && a->info != NULL && a->info->busy_where[0] != '\0') {
		add(t, "this code is in use on this PC: its folder is open at ");
		add_safe(t, a->info->busy_where);
		add(t, ". Go on there, or end it: oncestick unmount.");
		return;
	}
	if (a->code && a->info != NULL) {
		add(t, "this code is just being opened on this PC by another oncestick. Wait for it: oncestick status.");
		return;
	}
	add_object(t, f, a, "the stick");
	add(t, " is in use by another program");
	add_reason(t, f, a);
	add(t, ". Wait until it is done, or end it, and try again.");
}

/* Whether the folder was closed, or the code claimed, before the memory failed: then it still knows a session that can go on. */
static bool
goes_on(const struct fault *f, const struct say_about *a)
{
	if (f->err != E_STATION)
		return false;
	if (a->code)
		return a->info != NULL && a->info->spent_now;
	return strcmp(f->step, "close") == 0 || strcmp(f->step, "used") == 0;
}

static void
s_station(struct text *t, const struct fault *f, const struct say_about *a)
{
	if (goes_on(f, a)) {
		add(t, "%sthis PC's memory of used codes cannot be written", a->code ? "" : "the folder is closed, but ");
		add_cause(t, f, a);
		add(t, ". Make room, or set the rights of that directory. The code is not lost: it continues here, on this PC, "
		       "once there is room.");
		return;
	}
	add(t, "this PC's memory of used codes cannot be opened or written");
	add_cause(t, f, a);
	add(t, ". Nothing is opened without it: make room or set the rights of that directory, or set ONCESTICK_STATION_DIR.");
}

static void
s_space(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "it does not fit on ");
	add_stick(t, f, a);
	add_cause(t, f, a);
	add(t, "; nothing was written. Take a larger stick, remove other files from it, or use --replace.");
}

static void
s_filesystem(struct text *t, const struct fault *f, const struct say_about *a)
{
	add_stick(t, f, a);
	add(t, " has a file system that keeps old copies of what is overwritten");
	add_reason(t, f, a);
	add(t, ", so a used code would not die. Format it with exFAT, FAT32 or ext4.");
}

static void
s_bundle(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "the media on ");
	add_stick(t, f, a);
	add(t, " are damaged or not what the issuer signed");
	add_cause(t, f, a);
	add(t, ". 'oncestick verify' names what is damaged.");
	if (a->code)
		add_call(t, a);
}

static void
s_wrong_stick(struct text *t, const struct fault *f, const struct say_about *a)
{
	add_stick(t, f, a);
	add(t, " is a copy: the code was bound to another USB device than the one this is on");
	if (a->usb != NULL)
		add(t, " (%s)", a->usb);
	else
		add_cause(t, f, a);
	add(t, ". Plug in the stick that was handed out, not through a card reader.");
	add_call(t, a);
}

static void
s_wrong_station(struct text *t, const struct fault *f, const struct say_about *a)
{
	(void)f;
	add(t, "this code opens on one PC only, and this is not it.");
	add_call(t, a);
}

static void
s_readonly(struct text *t, const struct fault *f, const struct say_about *a)
{
	add_stick(t, f, a);
	add(t, " cannot be written");
	if (f->sys != 0)
		add(t, " (%s)", strerror(f->sys));
	add(t, "%s. Is there a write-protect switch, or is it mounted read-only?",
	    a->code ? ", but that is where a code is used up" : "");
}

static void
s_stick_odd(struct text *t, const struct fault *f, const struct say_about *a)
{
	add_stick(t, f, a);
	add(t, " is damaged, or was tampered with: ");
	add_safe(t, f->object);
	add(t, " is not the plain file that it should be. It has to be prepared again.");
	if (a->code)
		add_call(t, a);
}

static void
s_stick_io(struct text *t, const struct fault *f, const struct say_about *a)
{
	if (strcmp(f->step, "no regular file") == 0) {
		s_stick_odd(t, f, a);
		return;
	}
	add(t, "reading or writing ");
	add_stick(t, f, a);
	add(t, " failed");
	add_cause(t, f, a);
	if (f->sys == ENOSPC)
		add(t, ". Something else filled it meanwhile: make room on it, or take another stick.");
	else
		add(t, ". If it was pulled out, put it back; else try another USB port. If that fails too, the stick is worn out.");
}

static void
s_ledger(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "the issuer's ledger does not answer");
	add_cause(t, f, a);
	add(t, ". Check the network and type the same code again, on this PC.");
	add_call(t, a);
}

static void
s_rollback(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "this PC's memory of used codes is older than it should be");
	add_cause(t, f, a);
	add(t, ": it was restored from a copy. It has to be enrolled again.");
}

/* Why a directory is no mount point: the step says so if it is not one of these. */
static const char *
objection(const struct fault *f)
{
	static const char *const steps[] = {"", "fusermount3", "mkdir", "mount", "mount point", "open"};

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (strcmp(f->step, steps[i]) == 0)
			return f->sys != 0 ? strerror(f->sys) : "it cannot be mounted there";
	return strcmp(f->step, "file system") == 0 ? "its file system takes no mount" : f->step;
}

static void
s_fuse(struct text *t, const struct fault *f, const struct say_about *a)
{
	if (strcmp(f->step, "home") == 0) {
		add(t, "there is no home directory to open a folder in");
		add_reason(t, f, &(struct say_about){0});
		add(t, ". Name an empty folder of your own: oncestick mount STICK DIR.");
	} else if (f->object[0] != '\0' && strncmp(f->object, "/dev/", 5) != 0 && f->sys != 0 && strcmp(f->step, "find") != 0) {
		add(t, "the folder cannot be opened at ");
		add_safe(t, f->object);
		add(t, ": %s. Name an empty folder of your own, or none: then one is made in your home directory.", objection(f));
	} else {
		add(t, "the folder cannot be mounted");
		add_cause(t, f, a);
		add(t, ". Needed are /dev/fuse and the package fuse3; 'oncestick rehearse' tells when all is there.");
	}
}

static void
s_memory(struct text *t, const struct fault *f, const struct say_about *a)
{
	(void)a;
	add(t, "not enough free memory to %s",
	    strcmp(f->step, "passphrase") == 0 ? "open the keystore" :
	    strcmp(f->step, "stretching") == 0 ? "make codes" :
						 "check a code");
	if (strcmp(f->step, "passphrase") == 0)
		add(t, ", which takes %s", f->object);
	add(t, ". Close other programs and try again.");
}

static void
s_mounted(struct text *t, const struct fault *f, const struct say_about *a)
{
	add_object(t, f, a, "that");
	add(t, " is not a folder that oncestick opened. 'oncestick status' lists those.");
}

static void
s_refill(struct text *t, const struct fault *f, const struct say_about *a)
{
	add_object(t, f, a, "this file");
	add(t, " does not fit this stick: it was made for another.");
}

static void
s_refill_used(struct text *t, const struct fault *f, const struct say_about *a)
{
	add_object(t, f, a, "this file");
	add(t, " was installed before, or a later one was.");
}

static void
s_source(struct text *t, const struct fault *f, const struct say_about *a)
{
	add_object(t, f, &(struct say_about){0}, "the folder");
	add(t, " cannot be packed");
	if (f->step[0] != '\0' || f->sys != 0) {
		struct fault cause = *f;

		cause.object[0] = '\0';
		add_cause(t, &cause, a);
	}
	add(t, ". Regular files and folders can be; remove it or set its rights, and run prepare again.");
}

static void
s_keystore(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "the issuer's keystore cannot be used");
	add_cause(t, f, a);
	if (strcmp(f->step, "format") == 0 || strcmp(f->step, "public key") == 0)
		add(t, ": it is damaged, or none. Put your copy of it back.");
	else
		add(t, ". 'oncestick init' makes one; ONCESTICK_ISSUER_DIR says where it is.");
}

static void
s_passphrase(struct text *t, const struct fault *f, const struct say_about *a)
{
	(void)f;
	(void)a;
	add(t, "this is not the passphrase that was chosen at init. Is caps lock on, or the keyboard layout another one?");
}

static void
s_books(struct text *t, const struct fault *f, const struct say_about *a)
{
	add(t, "the issuer's books cannot be opened or written");
	add_cause(t, f, a);
	add(t, ". Nothing was done that is not in them. Is another oncestick at work, or the disk full?");
}

static void
s_interrupted(struct text *t, const struct fault *f, const struct say_about *a)
{
	(void)f;
	(void)a;
	add(t, "interrupted.");
}

static const struct {
	enum err err;
	sentence *say;
} sentences[] = {
	{E_USAGE, s_usage},
	{E_NO_STICK, s_no_stick},
	{E_STICK_DAMAGED, s_stick_damaged},
	{E_NO_GRANT, s_no_grant},
	{E_ISSUER, s_issuer},
	{E_NO_CODES, s_no_codes},
	{E_CODE_FORM, s_code_form},
	{E_CODE_TYPO, s_code_typo},
	{E_CODE_KIND, s_code_kind},
	{E_CODE_UNKNOWN, s_code_unknown},
	{E_PROMPT, s_prompt},
	{E_SPENT, s_spent},
	{E_REVOKED, s_revoked},
	{E_EARLY, s_early},
	{E_EXPIRED, s_expired},
	{E_NOTICE_MISSING, s_notice_missing},
	{E_SLOT_DAMAGED, s_slot_damaged},
	{E_BUSY, s_busy},
	{E_STATION, s_station},
	{E_SPACE, s_space},
	{E_FILESYSTEM, s_filesystem},
	{E_BUNDLE, s_bundle},
	{E_WRONG_STICK, s_wrong_stick},
	{E_WRONG_STATION, s_wrong_station},
	{E_READONLY, s_readonly},
	{E_STICK_IO, s_stick_io},
	{E_LEDGER, s_ledger},
	{E_ROLLBACK, s_rollback},
	{E_FUSE, s_fuse},
	{E_MEMORY, s_memory},
	{E_MOUNTED, s_mounted},
	{E_REFILL, s_refill},
	{E_REFILL_USED, s_refill_used},
	{E_SOURCE, s_source},
	{E_KEYSTORE, s_keystore},
	{E_PASSPHRASE, s_passphrase},
	{E_BOOKS, s_books},
	{E_INTERRUPTED, s_interrupted},
};

static sentence *
sentence_of(enum err err)
{
	for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
		if (sentences[i].err == err)
			return sentences[i].say;
	return s_fail;
}

static void
add_spent(struct text *t, const struct fault *f, const struct say_about *a)
{
	bool in_use = f->err == E_BUSY && a->info != NULL;

	if (!a->code || in_use || goes_on(f, a) || f->err == E_SPENT || f->err == E_REVOKED)
		return;
	if (a->info != NULL && a->info->spent_now)
		add(t, " The code is not used up: type the same code again here, on this PC. Do not try it elsewhere.");
	else if (a->info != NULL && a->info->resume)
		add(t, " The session of this code on this PC is not over.");
	else
		add(t, " Nothing was spent.");
}

void
say_explain(char *out, size_t size, const struct fault *f, const struct say_about *about)
{
	static const struct say_about nothing = {0};
	const struct say_about *a = about != NULL ? about : &nothing;
	struct text t = {out, size, 0};

	out[0] = '\0';
	if (f->step[0] == '\0' && f->object[0] != '\0')
		add_safe(&t, f->object);
	else
		sentence_of(f->err)(&t, f, a);
	add_spent(&t, f, a);
}

/* ---- output -------------------------------------------------------------------------------------------------------------- */

bool
say_colour(const struct cli *c, FILE *stream)
{
	const char *term = getenv("TERM");
	const char *no = getenv("NO_COLOR");

	if (c->plain || (no != NULL && no[0] != '\0'))
		return false;
	return term != NULL && strcmp(term, "dumb") != 0 && isatty(fileno(stream));
}

/* One line of talk after its mark, broken between words on a terminal. What was printed as data comes before it. */
static void
print_talk(const struct cli *c, const char *colour, const char *mark, const char *words)
{
	bool coloured = colour[0] != '\0' && say_colour(c, stderr);
	char *wrapped = human_wrap(words, human_columns(STDERR_FILENO), strlen(mark), strspn(words, " "));

	fflush(stdout);
	fprintf(stderr, "%s%s%s%s\n", coloured ? colour : "", mark, coloured ? "\033[0m" : "", wrapped != NULL ? wrapped : words);
	free(wrapped);
}

static enum err
print_error(const struct cli *c, enum err err, const char *words)
{
	size_t n = strlen(words);
	char text[SENTENCE_MAX + 64];

	snprintf(text, sizeof text, "%s%s [%s %d]", words, n > 0 && strchr(".?!", words[n - 1]) != NULL ? "" : ".", err_name(err),
	    (int)err);
	print_talk(c, "\033[1;31m", "oncestick: ", text);
	return err;
}

static void
vprint_talk(const struct cli *c, const char *colour, const char *mark, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));

static void
vprint_talk(const struct cli *c, const char *colour, const char *mark, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		return;
	print_talk(c, colour, mark, text);
	free(text);
}

enum err
say_error(const struct cli *c, const struct fault *f, const struct say_about *about)
{
	char text[SENTENCE_MAX];
	struct fault copy = *f;

	if (copy.err == E_OK)
		copy.err = E_FAIL;
	say_explain(text, sizeof text, &copy, about);
	return print_error(c, copy.err, text);
}

enum err
say_refuse(const struct cli *c, enum err err, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return print_error(c, err, text);
}

enum err
say_usage(const struct cli *c, const char *fmt, ...)
{
	char text[SENTENCE_MAX];
	struct text t = {text, sizeof text, 0};
	va_list ap;
	int n = 0;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	t.n = n < 0 ? 0 : (size_t)n;
	if (c->verb != NULL)
		add(&t, "%s 'oncestick %s --help' explains.",
		    n > 0 && (size_t)n < sizeof text && strchr(".?", text[n - 1]) != NULL ? "" : ".", c->verb);
	return print_error(c, E_USAGE, text);
}

void
say_info(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	vprint_talk(c, "", "", fmt, ap);
	va_end(ap);
}

void
say_warn(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint_talk(c, "\033[1;33m", "warning: ", fmt, ap);
	va_end(ap);
}

enum err
say_stdout(const struct cli *c)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return say_refuse(c, E_FAIL, "standard output cannot be written");
	return E_OK;
}

enum err
say_json(const struct cli *c, json_t *v)
{
	int failed = v == NULL || json_dumpf(v, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER) != 0;

	json_decref(v);
	if (failed)
		return say_refuse(c, E_FAIL, "the JSON answer could not be made: not enough memory");
	fputc('\n', stdout);
	return say_stdout(c);
}

json_t *
say_json_text(const char *s)
{
	json_t *v = json_string(s);
	char safe[SENTENCE_MAX];

	return v != NULL ? v : json_string(say_safe(safe, sizeof safe, s));
}

json_t *
say_json_time(int64_t t)
{
	char text[WHEN_SHOWN];

	if (t == 0)
		return json_null();
	when_rfc3339(text, sizeof text, t);
	return json_string(text);
}
