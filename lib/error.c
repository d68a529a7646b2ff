/*
 * error.c - names of errors, and the first fault of an operation.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

#define WHOLE_MAX 5120 /* a path, and what is said about it */

const char *
err_name(enum err err)
{
#define NAME(e) \
	case e: \
		return #e
	switch (err) {
		NAME(E_OK);
		NAME(E_FAIL);
		NAME(E_USAGE);
		NAME(E_NO_STICK);
		NAME(E_STICK_DAMAGED);
		NAME(E_NO_GRANT);
		NAME(E_ISSUER);
		NAME(E_NO_CODES);
		NAME(E_STICK_BUSY);
		NAME(E_CODE_FORM);
		NAME(E_CODE_TYPO);
		NAME(E_CODE_KIND);
		NAME(E_CODE_UNKNOWN);
		NAME(E_PROMPT);
		NAME(E_SPENT);
		NAME(E_REVOKED);
		NAME(E_EARLY);
		NAME(E_EXPIRED);
		NAME(E_NOTICE_MISSING);
		NAME(E_SLOT_DAMAGED);
		NAME(E_BUSY);
		NAME(E_STATION);
		NAME(E_SPACE);
		NAME(E_FILESYSTEM);
		NAME(E_BUNDLE);
		NAME(E_WRONG_STICK);
		NAME(E_WRONG_STATION);
		NAME(E_READONLY);
		NAME(E_STICK_IO);
		NAME(E_LEDGER);
		NAME(E_ROLLBACK);
		NAME(E_FUSE);
		NAME(E_MEMORY);
		NAME(E_MOUNTED);
		NAME(E_REFILL);
		NAME(E_REFILL_USED);
		NAME(E_SOURCE);
		NAME(E_KEYSTORE);
		NAME(E_PASSPHRASE);
		NAME(E_BOOKS);
		NAME(E_INTERRUPTED);
	}
#undef NAME
	return "E_FAIL";
}

static const char *const why_steps[WHY_COUNT] = {
    [WHY_NONE] = "",
    [WHY_DEVICE] = "device",
    [WHY_FIFO] = "fifo",
    [WHY_SOCKET] = "socket",
    [WHY_SYMLINK] = "symbolic link",
    [WHY_TOO_LARGE] = "too large",
    [WHY_TOO_MANY] = "too many files",
    [WHY_UNSTEADY] = "unsteady",
    [WHY_NO_FOLDER] = "no folder",
    [WHY_NO_FILES] = "no files",
    [WHY_MISSING] = "missing",
    [WHY_NOT_DIRECTORY] = "not a directory",
    [WHY_NOT_EMPTY] = "not empty",
    [WHY_NOT_READABLE] = "not readable",
    [WHY_NOT_WRITABLE] = "not writable",
    [WHY_NOT_YOURS] = "not yours",
    [WHY_MOUNTED] = "mounted already",
    [WHY_TAKES_NO_MOUNT] = "file system",
    [WHY_HOME] = "home",
    [WHY_FUSE_DEVICE] = "open",
    [WHY_NO_FUSE] = "mount",
    [WHY_MOUNT_REFUSED] = "mount",
    [WHY_NO_HELPER] = "find",
    [WHY_HELPER_SAYS] = "fusermount3",
    [WHY_HELPER_KEEPS] = "fusermount3 -u",
    [WHY_MTAB] = "mtab",
    [WHY_LIBFUSE] = "libfuse",
    [WHY_NAMESPACE] = "namespace",
    [WHY_FORK] = "fork",
    [WHY_THREAD] = "thread",
    [WHY_TRIAL_REFUSED] = "refused by the fence",
    [WHY_TRIAL_KILLED] = "trial killed",
    [WHY_TRIAL_SLOW] = "trial without an end",
    [WHY_NO_SOCKETS] = "no sockets",
    [WHY_NO_HOME] = "no home directory",
    [WHY_ENDED] = "close",
    [WHY_NOT_OURS] = "not ours",
    [WHY_NO_ONCE] = "no ONCE",
    [WHY_CROWDED_GRANTS] = "crowded",
    [WHY_CROWDED_BUNDLES] = "crowded",
    [WHY_ISSUERS_DIFFER] = "issuers differ",
    [WHY_ANOTHER_ISSUER] = "another issuer",
    [WHY_ENTRIES] = "entries",
    [WHY_IRREGULAR] = "no regular file",
    [WHY_BEFORE_0_1_0] = "before 0.1.0",
    [WHY_FORGETS] = "forgets",
    [WHY_PASSPHRASE] = "passphrase",
    [WHY_STRETCHING] = "stretching",
    [WHY_MAKE_DIR] = "mkdir",
    [WHY_MAKE_FILE] = "create",
    [WHY_MAKE_DURABLE] = "fsync",
    [WHY_NO_FORMAT] = "format",
    [WHY_OTHER_KEY] = "public key",
    [WHY_NO_ISSUER] = "no issuer",
    [WHY_NO_KEYSTORE] = "no keystore",
    [WHY_NO_RIGHTS] = "keeps no rights",
    [WHY_LIST_FULL] = "list too long",
    [WHY_UNKNOWN_STICK] = "no such stick",
    [WHY_ALIKE] = "shown alike",
    [WHY_STILL_OUT] = "a code is out",
    [WHY_NO_CODE_NAME] = "no code's name",
    [WHY_NO_RECEIPTS] = "no receipts file",
    [WHY_NOT_A_MOUNT] = "no stick",
    [WHY_FOREIGN] = "holds another's files",
    [WHY_INSIDE] = "inside the folder",
    [WHY_TWICE] = "named twice",
    [WHY_NOT_BLANK] = "not empty",
    [WHY_LOSS] = "not collected",
    [WHY_COPY] = "copy",
    [WHY_NO_IDENTITY] = "no identity",
    [WHY_NONE_LEFT] = "none left",
    [WHY_TOO_FEW] = "too few",
    [WHY_HOLDS_NONE] = "holds no code",
    [WHY_NEVER_GIVEN] = "never given a code",
    [WHY_NO_LECTURE] = "no lecture",
    [WHY_WHICH_LECTURE] = "lectures that were meant",
    [WHY_CHANGED] = "contents",
    [WHY_NEWER] = "version",
    [WHY_OTHER_STICK] = "stick",
    [WHY_LECTURE_GONE] = "lecture",
    [WHY_NOT_BOUND] = "device in the books",
    [WHY_NOT_HANDED_OUT] = "not handed out",
    [WHY_OVER] = "of no use any more",
    [WHY_NO_PLAYER] = "no such player",
    [WHY_NO_MPV] = "no mpv",
    [WHY_NO_ROOM] = "no room for grants",
    [WHY_TOO_SMALL] = "no free space",
    [WHY_BACKUP_FILE] = "backup",
    [WHY_NO_BACKUP] = "restore",
    [WHY_BEHIND] = "an older copy",
    [WHY_THERE] = "there already",
    [WHY_OLD_BOOKS] = "upgrade",
    [WHY_SAID] = "said",
};

const char *
why_step(enum why why)
{
	return why_steps[why < WHY_COUNT ? why : WHY_NONE];
}

static void
fill(struct fault *f, enum why why, const char *step, const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

static void
fill(struct fault *f, enum why why, const char *step, const char *fmt, va_list ap)
{
	char whole[WHOLE_MAX];

	f->why = why;
	snprintf(f->step, sizeof f->step, "%s", step);
	vsnprintf(whole, sizeof whole, fmt, ap);
	whole[utf8_whole(whole, strlen(whole))] = '\0';
	utf8_short(f->object, sizeof f->object, whole);
	utf8_no_controls(f->step);
	utf8_no_controls(f->object);
}

enum err
fault_set(struct fault *f, enum err err, int sys, const char *step, const char *fmt, ...)
{
	va_list ap;

	if (f == NULL || f->err != E_OK || err == E_OK)
		return err;
	f->err = err;
	f->sys = sys;
	va_start(ap, fmt);
	fill(f, WHY_NONE, step, fmt, ap);
	va_end(ap);
	return err;
}

enum err
fault_why(struct fault *f, enum err err, int sys, enum why why, const char *fmt, ...)
{
	va_list ap;

	if (f == NULL || f->err != E_OK || err == E_OK)
		return err;
	f->err = err;
	f->sys = sys;
	va_start(ap, fmt);
	fill(f, why, why_step(why), fmt, ap);
	va_end(ap);
	return err;
}

enum err
fault_said(struct fault *f, enum err err, const char *said)
{
	if (f == NULL || f->err != E_OK || err == E_OK)
		return err;
	f->err = err;
	f->why = WHY_SAID;
	f->said = said;
	return err;
}

enum err
fault_pass(struct fault *f, const struct fault *from)
{
	if (f != NULL && f->err == E_OK)
		*f = *from;
	return from->err;
}

void
fault_foreign(struct fault *f)
{
	f->said = NULL;
	if ((unsigned)f->why >= WHY_COUNT || f->why == WHY_SAID)
		f->why = WHY_NONE;
	f->step[sizeof f->step - 1] = '\0';
	f->object[sizeof f->object - 1] = '\0';
	utf8_no_controls(f->step);
	utf8_no_controls(f->object);
}

void
fault_clear(struct fault *f)
{
	memset(f, 0, sizeof *f);
}
