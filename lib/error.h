/*
 * error.h - every way in which oncestick says no.
 *
 * The numbers are the program's exit codes and part of its contract (oncestick(1), EXIT STATUS): they never change and are never
 * reused. Functions return an enum err; those that know more than the number also fill in a struct fault. Nothing below cli/
 * prints: cli/ makes the words for people from these values.
 */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

enum err {
	E_OK = 0,
	E_FAIL = 1,             /* unexpected: no memory, a system call that cannot fail did */
	E_USAGE = 2,            /* the command line */

	E_NO_STICK = 10,        /* there is no ONCE directory, or no such directory at all */
	E_STICK_DAMAGED = 11,   /* neither copy of the stick record is valid, or it disagrees with the rest */
	E_NO_GRANT = 12,        /* no usable grant, or the grant that a code may belong to was skipped */
	E_ISSUER = 13,          /* issuers differ, or this one is not trusted here */
	E_NO_CODES = 14,        /* not enough codes are ready; none was handed out */
	E_STICK_BUSY = 15,      /* right now somebody else on this PC is using a code of this stick or writing to it */

	E_CODE_FORM = 20,       /* not sixteen symbols of the alphabet */
	E_CODE_TYPO = 21,       /* check symbols do not match */
	E_CODE_KIND = 22,       /* a release code where an unlock code is needed, or the reverse */
	E_CODE_UNKNOWN = 23,    /* a well-formed code that belongs to no slot on this stick */
	E_PROMPT = 24,          /* cancelled, or nowhere to ask */

	E_SPENT = 30,           /* used before */
	E_REVOKED = 31,         /* listed in a notice, or its bundle is withdrawn */
	E_EARLY = 32,           /* before not-before */
	E_EXPIRED = 33,         /* at or after expires */
	E_NOTICE_MISSING = 34,  /* the grant demands a newer notice than is known */
	E_SLOT_DAMAGED = 35,    /* the slot's records or its cell are unusable */
	E_BUSY = 36,            /* this slot is being opened or is open here, or programs have files open */
	E_STATION = 37,         /* station memory cannot be opened or written */
	E_SPACE = 38,           /* it does not fit; found out before the first byte was written */
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
	E_MOUNTED = 49,         /* not one of our mounts */

	E_REFILL = 50,          /* a refill that does not fit this stick */
	E_REFILL_USED = 51,     /* a refill that was installed already, or overtaken by a later one */
	E_SOURCE = 52,          /* the folder, or a file in it, cannot be packed */

	E_KEYSTORE = 60,        /* it is missing, exists already, or is not a keystore */
	E_PASSPHRASE = 61,      /* it does not open the keystore, or is empty */
	E_BOOKS = 62,           /* the issuer's books cannot be opened or written */

	E_INTERRUPTED = 130     /* SIGINT before anything was spent */
};

/*
 * Many errors stand for several things. Where a person should be told more than the number says, why tells these apart, and
 * nothing else does. Beside each why are the errors that it comes with, and what f->object is then.
 */
enum why {
	WHY_NONE, /* the number says all that there is to tell */

	WHY_DEVICE, /* E_SOURCE, a path in the folder: this is a device, */
	WHY_FIFO,
	WHY_SOCKET,
	WHY_SYMLINK,
	WHY_TOO_LARGE, /* ... too large, or too many, to be packed, */
	WHY_TOO_MANY,
	WHY_UNSTEADY,  /* ... or it changes while it is being packed */
	WHY_NO_FOLDER, /* E_SOURCE, with errno, the folder: it cannot be opened; */
	WHY_NO_FILES,  /* it contains no files */

	WHY_MISSING, /* E_FUSE, a directory that cannot be the mount point: it does not exist */
	WHY_NOT_DIRECTORY,
	WHY_NOT_EMPTY,
	WHY_NOT_READABLE,
	WHY_NOT_WRITABLE,
	WHY_NOT_YOURS,
	WHY_MOUNTED,	    /* ... something is mounted there already, */
	WHY_TAKES_NO_MOUNT, /* ... its file system does not allow a mount on it */
	WHY_HOME,	    /* E_FUSE: there is no home directory to make one in */

	WHY_FUSE_DEVICE,   /* E_FUSE: /dev/fuse cannot be opened; */
	WHY_NO_FUSE,	   /* the kernel has no FUSE; */
	WHY_MOUNT_REFUSED, /* mount(2) refused, with errno, a directory; */
	WHY_NO_HELPER,	   /* fusermount3 is not installed; */
	WHY_HELPER_SAYS,   /* fusermount3 will not mount, the words it said, */
	WHY_HELPER_KEEPS,  /* ... or will not unmount; */
	WHY_MTAB,	   /* fusermount3 needs /etc/mtab, which does not exist; */
	WHY_LIBFUSE,	   /* libfuse is not the version that this was built for; */
	WHY_NAMESPACE,	   /* user namespaces are not available */

	WHY_FORK,	   /* E_FAIL: no process can be started (EAGAIN: there are too many), */
	WHY_THREAD,	   /* ... or no thread */
	WHY_TRIAL_REFUSED, /* E_FAIL, the calls that the fence refused, or a file with errno: a session would fail here; */
	WHY_TRIAL_KILLED,  /* what killed it: the process that tried this was killed; */
	WHY_TRIAL_SLOW,	   /* the trial did not finish */

	WHY_NO_SOCKETS, /* E_STATION, the directory: it is on FAT; */
	WHY_NO_HOME,	/* there is no home directory to find it in; */
	WHY_ENDED,	/* the folder is already closed */

	WHY_NOT_OURS,	     /* E_NO_STICK, a path: there is no stick record, and we did not write this */
	WHY_NO_ONCE,	     /* ... there is nothing of ours on it at all */
	WHY_CROWDED_GRANTS,  /* E_NO_GRANT, E_STICK_DAMAGED, a directory: it has more grants than are looked at, */
	WHY_CROWDED_BUNDLES, /* ... or more bundles */
	WHY_ISSUERS_DIFFER,  /* E_ISSUER; */
	WHY_ANOTHER_ISSUER,  /* a path, of a stick: it belongs to another issuer */
	WHY_ENTRIES,	     /* E_SPACE: the stick has as many grants as it can have */
	WHY_IRREGULAR,	     /* E_STICK_IO, a path: not a regular file */
	WHY_FORGETS,	     /* E_STICK_IO: the stick does not have what was written to it */

	WHY_PASSPHRASE, /* E_MEMORY, how much: to try a passphrase; */
	WHY_STRETCHING, /* to make codes; also comes with any other error */

	WHY_MAKE_DIR, /* E_KEYSTORE, with errno: the keystore cannot be made; */
	WHY_MAKE_FILE,
	WHY_MAKE_DURABLE,
	WHY_NO_FORMAT,	 /* the file is not a keystore, */
	WHY_OTHER_KEY,	 /* ... or contradicts itself; */
	WHY_NO_ISSUER,	 /* there is no such directory, */
	WHY_NO_KEYSTORE, /* ... or there is no keystore in this directory; */
	WHY_NO_RIGHTS,	 /* its file system does not keep access rights */

	WHY_BEFORE_0_1_0, /* E_BUNDLE: it was made by an older version, whose hashes are different */

	WHY_LIST_FULL,	    /* E_SPACE: more is revoked than fits into a notice */
	WHY_UNKNOWN_STICK,  /* E_NO_STICK, a name: the books have no such stick */
	WHY_ALIKE,	    /* E_USAGE, a name: several sticks go by this name (books_alike); */
	WHY_STILL_OUT,	    /* a name: this holder has a code that can still be used; */
	WHY_NO_CODE_NAME,   /* a text: it is not the name of a code; */
	WHY_NO_RECEIPTS,    /* what was read is not a receipts file; */
	WHY_NOT_A_MOUNT,    /* a directory: not the top of a mounted file system; */
	WHY_FOREIGN,	    /* a name: a file that is not ours, with a name that scrub uses; */
	WHY_INSIDE,	    /* a stick: it is inside the folder that is packed; */
	WHY_TWICE,	    /* a stick: it is named twice; */
	WHY_NOT_BLANK,	    /* a stick: it has lectures, and neither add nor replace was asked for; */
	WHY_LOSS,	    /* a stick: things that the books do not know would be lost with it */
	WHY_COPY,	    /* E_WRONG_STICK, a stick: what is on it is bound to another device; */
	WHY_NO_IDENTITY,    /* a device without an identity to bind codes to */
	WHY_NONE_LEFT,	    /* E_NO_CODES: no lecture of the stick has a code to hand out; */
	WHY_TOO_FEW,	    /* the lecture does not have that many; */
	WHY_HOLDS_NONE,	    /* a name: this holder has no code that is unused and still in time */
	WHY_NEVER_GIVEN,    /* a name: this holder was never given a code */
	WHY_NO_LECTURE,	    /* E_NO_GRANT: the stick has no lecture with this label or id */
	WHY_WHICH_LECTURE,  /* E_USAGE, a stick: several of its lectures could be meant */
	WHY_CHANGED,	    /* E_REFILL, what it is: it was changed on its way, or damaged; */
	WHY_NEWER,	    /* a newer program made it; */
	WHY_OTHER_STICK,    /* it is for another stick; */
	WHY_LECTURE_GONE,   /* a label: the lecture with this label is not on the stick */
	WHY_NOT_BOUND,	    /* E_WRONG_STICK: the books do not know which device this stick is */
	WHY_NOT_HANDED_OUT, /* E_USAGE: this code */
	WHY_OVER,	    /* E_SPENT, E_REVOKED, E_EXPIRED, in the books: this code */
	WHY_NO_PLAYER,	    /* E_USAGE, a name: there is no such program; */
	WHY_NO_MPV,	    /* there is no mpv, and no other player was named */
	WHY_NO_ROOM,	    /* E_SPACE, a stick: it has as many lectures as it can have; */
	WHY_TOO_SMALL,	    /* it does not have enough free space */

	WHY_BACKUP_FILE, /* E_BOOKS, E_USAGE, with errno, a path: this file cannot be made; */
	WHY_NO_BACKUP, /* it is no backup, or not whole (EBADMSG), or cannot be read; */
	WHY_BEHIND, /* E_BOOKS, of a directory: they are an older copy, and do not know all that was handed out; */
	WHY_THERE, /* E_KEYSTORE, a directory: there is an issuer in it, or its books */
	WHY_OLD_BOOKS, /* E_BOOKS, with errno, the file: books of an older program that must be upgraded but cannot be written */

	WHY_SAID, /* any error, a whole sentence that the program made itself: fault_said */

	WHY_COUNT
};

/*
 * What failed, for the person who has to be told. All text is safe to print: fixed words, hexadecimal, or names of ours. The step
 * is for whoever looks for the cause; nothing depends on it.
 */
struct fault {
	enum err err;           /* E_OK while nothing failed */
	enum why why;
	int sys;                /* errno of the system call that failed, or 0 */
	bool owned;             /* EACCES, EPERM: we know who owns the object: */
	unsigned owner;         /* the user with this id */
	char step[40];          /* what was being done, e.g. "fdatasync", "signature", "payload" */
	char object[512];       /* what it was done to: a path below the stick, or a file; never raw bytes from a stick */
	const char *said;       /* WHY_SAID: the sentence, which outlives all copies of this; otherwise NULL */
};

/* err_name(err): the stable name of err, e.g. "E_SPENT" for E_SPENT; "E_FAIL" for a number that is not one of ours. Never NULL. */
const char *err_name(enum err err);

/*
 * fault_set(f, err, sys, step, fmt, ...): record in f that step failed with err on the object that fmt describes, as for
 * printf(3). Do nothing if f is NULL or already holds a fault: the first fault wins. Control characters are replaced by '?', and
 * an object that is too long is shortened by utf8_short. Return err in every case, so that a function can end with it.
 */
enum err fault_set(struct fault *f, enum err err, int sys, const char *step, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* fault_why(f, err, sys, why, fmt, ...): the same, with a why, which also names the step. */
enum err fault_why(struct fault *f, enum err err, int sys, enum why why, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* fault_said(f, err, said): the same with WHY_SAID. */
enum err fault_said(struct fault *f, enum err err, const char *said);

/* why_step(why): the step that why names, in words: "" for WHY_NONE, otherwise never empty. */
const char *why_step(enum why why);

/* fault_pass(f, from): like fault_set, but with everything that from, a fault kept from earlier, holds. Return from->err. */
enum err fault_pass(struct fault *f, const struct fault *from);

/*
 * fault_foreign(f): f came out of another process, which may have been taken over: make it a fault that can be read and said. A
 * sentence of that process is none of ours.
 */
void fault_foreign(struct fault *f);

/* fault_clear(f): make f hold no fault. */
void fault_clear(struct fault *f);

#endif
