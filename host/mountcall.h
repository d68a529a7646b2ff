/*
 * mountcall.h - how mount(8) calls its helper, mount.fuse.oncestick: its arguments, whose the folder is to be, and who is asked
 * while the PC starts.
 */
#ifndef MOUNTCALL_H
#define MOUNTCALL_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#define MOUNTCALL_HELPER "mount.fuse.oncestick"

struct mountcall {
	const char *source, *dir;
	char *options;          /* -o; cut into words */
	const char *namespace;  /* -N: of mounts */
	bool sloppy;            /* -s: what is not known does no harm */
	bool fake;              /* -f: all but the mount */
	bool help;

	/* of the options */
	const char *word; /* the last that was read */
	const char *code_file, *uid;
	bool nofail, rw, page_cache;
	bool other;             /* the folder is to be of somebody who does not call */
	uid_t user;
	gid_t group;
	char name[80], home[PATH_MAX];
};

/*
 * mountcall_meant(argc, argv): whether the program was started under the helper's name, or as libfuse's mount.fuse3(8) starts it,
 * which stands in for the helper: oncestick SOURCE DIR -o OPTIONS.
 */
bool mountcall_meant(int argc, char **argv);

/* What is wrong with the arguments. */
enum mountcall_wrong {
	MOUNTCALL_FINE,
	MOUNTCALL_TWO_LISTS,  /* -o is there twice */
	MOUNTCALL_LETTER,     /* an option of the helper that mount(8) does not use */
	MOUNTCALL_OPERANDS,   /* not a stick and a directory */
	MOUNTCALL_REMOUNT,
	MOUNTCALL_FOR_OTHERS, /* word would let others see into the folder */
	MOUNTCALL_EXEC,
	MOUNTCALL_UNKNOWN,    /* word, and not -s */
};

/* mountcall_read(k, argc, argv): k, all zeros before, is what they say, and borrows from them. */
enum mountcall_wrong mountcall_read(struct mountcall *k, int argc, char **argv);

enum mountcall_user { MOUNTCALL_KNOWN, MOUNTCALL_NOBODY, MOUNTCALL_NOT_ROOT };

/* mountcall_find_user(k): whose the folder is to be, by uid=; MOUNTCALL_NOT_ROOT: only root may name somebody else. */
enum mountcall_user mountcall_find_user(struct mountcall *k);

/*
 * mountcall_enter(k): this process is in k->namespace. mountcall_become(k): it is that user, for good, with that user's home and
 * memory of codes. Return 0, or an errno.
 */
int mountcall_enter(const struct mountcall *k);
int mountcall_become(const struct mountcall *k);

/* mountcall_have_home(): HOME is set, which it is not while a PC starts. */
void mountcall_have_home(void);

/*
 * mountcall_ask(question, stopped, answer): whoever is in front of a PC that starts is asked by systemd. *answer is where the
 * answer can be read, -1 if nobody gave one. Return 0, or the errno with which it could not be asked; ENOENT: systemd has no such
 * program.
 */
int mountcall_ask(const char *question, bool (*stopped)(void), int *answer);

/* mountcall_can_ask(): whether it has. */
bool mountcall_can_ask(void);

#endif
