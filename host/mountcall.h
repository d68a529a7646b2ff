/*
 * mountcall.h - how mount(8) calls its helper, mount.fuse.oncestick: its arguments, who will own the folder, and how to ask for the
 * code while the PC starts.
 */
#ifndef MOUNTCALL_H
#define MOUNTCALL_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#define MOUNTCALL_HELPER "mount.fuse.oncestick"

struct mountcall {
	const char *source, *dir;
	char *options;          /* -o; reading cuts it into words */
	const char *namespace;  /* -N: the mount namespace */
	bool sloppy;            /* -s: ignore unknown options */
	bool fake;              /* -f: do everything but mount */
	bool help;

	/* from the options */
	const char *word; /* the last one that was read */
	const char *code_file, *uid;
	bool nofail, rw, page_cache;
	bool other;             /* the folder is for a user other than the caller */
	uid_t user;
	gid_t group;
	char name[80], home[PATH_MAX];
};

/*
 * mountcall_meant(argc, argv): whether the program was started under the helper's name, or like the helper by libfuse's
 * mount.fuse3(8): oncestick SOURCE DIR -o OPTIONS.
 */
bool mountcall_meant(int argc, char **argv);

/* What is wrong with the arguments. */
enum mountcall_wrong {
	MOUNTCALL_FINE,
	MOUNTCALL_TWO_LISTS,  /* -o was given twice */
	MOUNTCALL_LETTER,     /* an option of helpers that mount(8) never passes */
	MOUNTCALL_OPERANDS,   /* not a stick and a directory */
	MOUNTCALL_REMOUNT,
	MOUNTCALL_FOR_OTHERS, /* word would let other users into the folder */
	MOUNTCALL_EXEC,
	MOUNTCALL_UNKNOWN,    /* word is unknown, and there is no -s */
};

/* mountcall_read(k, argc, argv): read the arguments into k, which is all zeros before and then borrows from them. */
enum mountcall_wrong mountcall_read(struct mountcall *k, int argc, char **argv);

enum mountcall_user { MOUNTCALL_KNOWN, MOUNTCALL_NOBODY, MOUNTCALL_NOT_ROOT };

/*
 * mountcall_find_user(k): find the user named by uid=, who will own the folder. MOUNTCALL_NOT_ROOT: only root may name another
 * user.
 */
enum mountcall_user mountcall_find_user(struct mountcall *k);

/*
 * mountcall_enter(k): put this process into k->namespace. mountcall_become(k): become that user for good, with the user's home and
 * memory of codes. Return 0, or an errno.
 */
int mountcall_enter(const struct mountcall *k);
int mountcall_become(const struct mountcall *k);

/* mountcall_have_home(): set HOME if it is not set, as while a PC starts. */
void mountcall_have_home(void);

/*
 * mountcall_ask(question, stopped, answer): have systemd ask the person in front of a PC that is starting. *answer is a descriptor
 * to read the answer from, -1 if nobody answered. Return 0, or the errno of why the question could not be asked; ENOENT: systemd
 * has no program for that.
 */
int mountcall_ask(const char *question, bool (*stopped)(void), int *answer);

/* mountcall_can_ask(): whether systemd has that program. */
bool mountcall_can_ask(void);

#endif
