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

/*
 * Which of the things that an error stands for it was, where a person is told more than the number says. Nothing else tells them
 * apart. Beside each are the errors that it comes with, and what f->object is then.
 */
enum why {
	WHY_NONE, /* the number says all that there is to tell */

	WHY_DEVICE, /* E_SOURCE, a path in the folder: it is a device, */
	WHY_FIFO,
	WHY_SOCKET,
	WHY_SYMLINK,
	WHY_TOO_LARGE, /* ... more than can be packed, */
	WHY_TOO_MANY,
	WHY_UNSTEADY,  /* ... or it changes while it is packed */
	WHY_NO_FOLDER, /* E_SOURCE, with errno, the folder: it cannot be opened; */
	WHY_NO_FILES,  /* there is no file in it */

	WHY_MISSING, /* E_FUSE, a directory: it cannot be the mount point, for it is not there */
	WHY_NOT_DIRECTORY,
	WHY_NOT_EMPTY,
	WHY_NOT_READABLE,
	WHY_NOT_WRITABLE,
	WHY_NOT_YOURS,
	WHY_MOUNTED,	    /* ... something is mounted there already, */
	WHY_TAKES_NO_MOUNT, /* ... its file system takes no mount */
	WHY_HOME,	    /* E_FUSE: there is no home directory to make one in */

	WHY_FUSE_DEVICE,   /* E_FUSE: /dev/fuse cannot be opened; */
	WHY_NO_FUSE,	   /* the kernel knows no FUSE; */
	WHY_MOUNT_REFUSED, /* mount(2), with errno, of a directory; */
	WHY_NO_HELPER,	   /* fusermount3 is not there; */
	WHY_HELPER_SAYS,   /* it will not mount, and what it says, */
	WHY_HELPER_KEEPS,  /* ... nor unmount; */
	WHY_MTAB,	   /* it needs /etc/mtab, and there is none; */
	WHY_LIBFUSE,	   /* libfuse is not the one that this was built for; */
	WHY_NAMESPACE,	   /* user namespaces are not to be had */

	WHY_FORK,	   /* E_FAIL: no process can be started, with EAGAIN because there are too many, */
	WHY_THREAD,	   /* ... no thread */
	WHY_TRIAL_REFUSED, /* E_FAIL, the calls that the fence refused, or a file with errno: an open folder would fail here; */
	WHY_TRIAL_KILLED,  /* by what: what tried that was killed; */
	WHY_TRIAL_SLOW,	   /* it found no end */

	WHY_NO_SOCKETS, /* E_STATION, the directory: it is on FAT; */
	WHY_NO_HOME,	/* nobody knows where it is; */
	WHY_ENDED,	/* the folder is closed already */

	WHY_NOT_OURS,	     /* E_NO_STICK, a path: there is no stick record, and this was not written by us */
	WHY_NO_ONCE,	     /* ... there is nothing of ours at all */
	WHY_CROWDED_GRANTS,  /* E_NO_GRANT, E_STICK_DAMAGED, a directory: there are more grants in it than are looked at, */
	WHY_CROWDED_BUNDLES, /* ... more bundles */
	WHY_ISSUERS_DIFFER,  /* E_ISSUER; */
	WHY_ANOTHER_ISSUER,  /* a path, of a stick: it is another's */
	WHY_ENTRIES,	     /* E_SPACE: the stick has as many grants as it can */
	WHY_IRREGULAR,	     /* E_STICK_IO, a path: no regular file */
	WHY_FORGETS,	     /* E_STICK_IO: the stick has not what was written to it */

	WHY_PASSPHRASE, /* E_MEMORY, how much: to try a passphrase; */
	WHY_STRETCHING, /* to make codes, with any other error, too */

	WHY_MAKE_DIR, /* E_KEYSTORE, with errno: the keystore cannot be made; */
	WHY_MAKE_FILE,
	WHY_MAKE_DURABLE,
	WHY_NO_FORMAT,	 /* what is there is none, */
	WHY_OTHER_KEY,	 /* ... or contradicts itself; */
	WHY_NO_ISSUER,	 /* there is no such directory, */
	WHY_NO_KEYSTORE, /* ... or nothing in this directory; */
	WHY_NO_RIGHTS,	 /* its file system keeps no rights */

	WHY_BEFORE_0_1_0, /* E_BUNDLE: it was made by a version before that, whose hashes are others */

	WHY_LIST_FULL,	    /* E_SPACE: what is revoked is longer than a list can be */
	WHY_UNKNOWN_STICK,  /* E_NO_STICK, a name: the books have none of it */
	WHY_ALIKE,	    /* E_USAGE, a name: several sticks are shown by it (books_alike); */
	WHY_STILL_OUT,	    /* a name: this holder has a code that can still be used; */
	WHY_NO_CODE_NAME,   /* a text: it is the name of no code; */
	WHY_NO_RECEIPTS,    /* what was read is not a receipts file; */
	WHY_NOT_A_MOUNT,    /* a directory: not the top of a mounted file system; */
	WHY_FOREIGN,	    /* a name: somebody else's, among what scrub writes; */
	WHY_INSIDE,	    /* a stick: it is inside the folder that is packed; */
	WHY_TWICE,	    /* a stick: it is named twice; */
	WHY_NOT_BLANK,	    /* a stick: there are lectures on it, and neither add nor replace was asked for; */
	WHY_LOSS,	    /* a stick: what the books do not know would be lost with it */
	WHY_COPY,	    /* E_WRONG_STICK, a stick: what is on it is bound to another device; */
	WHY_NO_IDENTITY,    /* codes cannot be bound to what it is on */
	WHY_NONE_LEFT,	    /* E_NO_CODES: no lecture of the stick has a code to hand out; */
	WHY_TOO_FEW,	    /* the lecture has not as many; */
	WHY_HOLDS_NONE,	    /* a name: this holder has none that is unused and in time */
	WHY_NEVER_GIVEN,    /* a name: this holder was given none */
	WHY_NO_LECTURE,	    /* E_NO_GRANT: the stick has none of this label or id */
	WHY_WHICH_LECTURE,  /* E_USAGE, a stick: there are several on it that were meant */
	WHY_CHANGED,	    /* E_REFILL, what: it was changed on its way, or damaged; */
	WHY_NEWER,	    /* a newer program made it; */
	WHY_OTHER_STICK,    /* it is for another stick; */
	WHY_LECTURE_GONE,   /* a label: its lecture is not on the stick */
	WHY_NOT_BOUND,	    /* E_WRONG_STICK: the books do not know which device the stick is */
	WHY_NOT_HANDED_OUT, /* E_USAGE: this code */
	WHY_OVER,	    /* E_SPENT, E_REVOKED, E_EXPIRED, in the books: this code */
	WHY_NO_PLAYER,	    /* E_USAGE, a name: there is no such program; */
	WHY_NO_MPV,	    /* mpv, where no player was named */
	WHY_NO_ROOM,	    /* E_SPACE, a stick: there are as many lectures on it as can be; */
	WHY_TOO_SMALL,	    /* it has not enough free space */

	WHY_BACKUP_FILE, /* E_BOOKS, E_USAGE, with errno, a path: this file cannot be made; */
	WHY_NO_BACKUP, /* it is no backup, or not whole (EBADMSG), or cannot be read; */
	WHY_BEHIND, /* E_BOOKS, of a directory: they are an older copy, and do not know all that was handed out; */
	WHY_THERE, /* E_KEYSTORE, a directory: there is an issuer in it, or its books */
	WHY_OLD_BOOKS, /* E_BOOKS, with errno, the file: an older program's, which have to be upgraded and cannot be written */

	WHY_SAID, /* any error, a whole sentence: the program's own, by fault_said */

	WHY_COUNT
};

/*
 * What failed, for the person who has to be told. All text is safe to print: fixed words, hexadecimal, or names of ours. The step
 * is for whoever looks for the cause: nothing depends on it.
 */
struct fault {
	enum err err;           /* E_OK while nothing failed */
	enum why why;
	int sys;                /* errno of the system call that failed, or 0 */
	bool owned;             /* EACCES, EPERM: it is known whose the object is, */
	unsigned owner;         /* this user's id */
	char step[40];          /* what was being done, e.g. "fdatasync", "signature", "payload" */
	char object[512];       /* to what: a path below the stick, or a file; never raw bytes of a stick */
	const char *said;       /* WHY_SAID: the sentence, which outlives all copies of this; else NULL */
};

/*
 * err_name(err): the stable name, e.g. "E_SPENT" for E_SPENT. Never NULL; "E_FAIL" for a number that is none of ours.
 */
const char *err_name(enum err err);

/*
 * fault_set(f, err, sys, step, fmt, ...): record in f, unless f is NULL or holds a fault already, that step failed with err on
 * the object that fmt describes as by printf(3); control characters are replaced by '?', and what does not
 * fit is shortened by utf8_short. Return err in every case, so that a function can end with it. The first fault wins.
 */
enum err fault_set(struct fault *f, enum err err, int sys, const char *step, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* fault_why(f, err, sys, why, fmt, ...): the same with a why, which also names the step. */
enum err fault_why(struct fault *f, enum err err, int sys, enum why why, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* fault_said(f, err, said): the same with WHY_SAID. */
enum err fault_said(struct fault *f, enum err err, const char *said);

/* why_step(why): the step that a why names, in words: "" for WHY_NONE, else never empty. */
const char *why_step(enum why why);

/* fault_pass(f, from): the same of a fault that was kept, with all that it holds. Return from->err. */
enum err fault_pass(struct fault *f, const struct fault *from);

/* fault_clear(f): forget what f holds. */
void fault_clear(struct fault *f);

#endif
