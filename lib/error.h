/*
 * error.h - every way in which oncestick says no.
 *
 * The numbers are the program's exit codes and part of its contract (oncestick(1), EXIT STATUS): they never change and are never
 * reused. Functions return an enum err; those that know more than the number fill a struct fault as well. Nothing below
 * cli/ prints: words for people are made in cli/ from these values.
 */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

enum err {
	E_OK = 0,
	E_FAIL = 1,             /* unexpected: no memory, a system call that cannot fail did */
	E_USAGE = 2,            /* the command line */

	E_NO_STICK = 10,        /* no ONCE directory there, or no such directory */
	E_STICK_DAMAGED = 11,   /* neither copy of the stick record is valid, or it disagrees with the rest */
	E_NO_GRANT = 12,        /* no usable grant, or the one a code may belong to was skipped */
	E_ISSUER = 13,          /* issuers differ, or this one is not trusted here */
	E_NO_CODES = 14,        /* not enough ready codes; none was handed out */
	E_STICK_BUSY = 15,      /* somebody else on this PC is using a code of this stick, or writing to it, right now */

	E_CODE_FORM = 20,       /* not sixteen symbols of the alphabet */
	E_CODE_TYPO = 21,       /* check symbols do not match */
	E_CODE_KIND = 22,       /* a release code where an unlock code is due, or the reverse */
	E_CODE_UNKNOWN = 23,    /* a well-formed code, but of no slot on this stick */
	E_PROMPT = 24,          /* cancelled, or nowhere to ask */

	E_SPENT = 30,           /* used before */
	E_REVOKED = 31,         /* in a notice, or its bundle withdrawn */
	E_EARLY = 32,           /* before not-before */
	E_EXPIRED = 33,         /* at or after expires */
	E_NOTICE_MISSING = 34,  /* the grant demands a newer notice than is known */
	E_SLOT_DAMAGED = 35,    /* the slot's records or its cell are unusable */
	E_BUSY = 36,            /* this slot is being opened or is open here, or files are held open */
	E_STATION = 37,         /* station memory cannot be opened or written */
	E_SPACE = 38,           /* does not fit; found before the first byte */
	E_FILESYSTEM = 39,      /* records cannot be destroyed on this file system */

	E_BUNDLE = 40,          /* manifest, segments, tree or commitment do not agree */
	E_WRONG_STICK = 41,     /* USB identity differs from the grant's */
	E_WRONG_STATION = 42,   /* the grant is for another station */
	E_READONLY = 43,        /* the medium cannot be written */
	E_STICK_IO = 44,        /* a read or write on the stick failed */
	E_LEDGER = 45,          /* no answer from the ledger */
	E_ROLLBACK = 46,        /* station memory is older than its counter */
	E_FUSE = 47,            /* no /dev/fuse, no fusermount3, or a mount point that is not allowed */
	E_MEMORY = 48,          /* not enough memory for Argon2id */
	E_MOUNTED = 49,         /* not a mount of ours */

	E_REFILL = 50,          /* a refill that does not fit this stick */
	E_REFILL_USED = 51,     /* a refill that was installed or overtaken */
	E_SOURCE = 52,          /* the folder, or a file in it, cannot be packed */

	E_KEYSTORE = 60,        /* missing, exists already, or not a keystore */
	E_PASSPHRASE = 61,      /* does not open the keystore, or is empty */
	E_BOOKS = 62,           /* the issuer's books cannot be opened or written */

	E_INTERRUPTED = 130     /* SIGINT before anything was spent */
};

/* What failed, for the person who has to be told. All text is safe to print: fixed words, hexadecimal, or names of ours. */
struct fault {
	enum err err;           /* E_OK while nothing failed */
	int sys;                /* errno of the system call that failed, or 0 */
	bool owned;             /* EACCES, EPERM: it is known whose the object is, */
	unsigned owner;         /* this user's id */
	char step[40];          /* what was being done, e.g. "fdatasync", "signature", "payload" */
	char object[512];       /* to what: a path below the stick, or a file; never raw bytes of a stick */
};

/*
 * err_name(err): the stable name, e.g. "E_SPENT" for E_SPENT. Never NULL; "E_FAIL" for a number that is none of ours.
 */
const char *err_name(enum err err);

/*
 * fault_set(f, err, sys, step, fmt, ...): record in f, unless f is NULL or holds a fault already, that step failed with err on
 * the object that fmt describes as by printf(3); control characters are replaced by '?', and what does not
 * fit is cut between UTF-8 characters. Return err in every case, so that a function can end with it. The first fault wins.
 */
enum err fault_set(struct fault *f, enum err err, int sys, const char *step, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* fault_pass(f, from): the same of a fault that was kept, with all that it holds. Return from->err. */
enum err fault_pass(struct fault *f, const struct fault *from);

/* fault_clear(f): forget what f holds. */
void fault_clear(struct fault *f);

#endif
