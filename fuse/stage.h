/*
 * stage.h - a place where one program, and what it starts, sees a mount that nobody else sees: a user, a mount and a process
 * namespace of its own (user_namespaces(7), mount_namespaces(7), pid_namespaces(7)).
 *
 * stage_fork makes it, with the FUSE file system mounted in it, before anything is spent: only a process in the namespace may mount
 * there, but what it mounted is served from outside, through the descriptor that comes back. stage_play then starts the program.
 * The namespace has an init process that waits for it. When the program ends, or the link is closed, if only because its
 * holder died, that process ends everything else in the namespace, and with the last process the kernel takes the mount away.
 *
 * In the stage /tmp is a fresh tmpfs, STAGE_DIR in it is for whoever furnishes the stage, and mounts of the outside that come and
 * go come and go there too. The program has no capability, gets none by exec (no_new_privs), and its user's rights otherwise.
 */
#ifndef STAGE_H
#define STAGE_H

#include <sys/types.h>

#include "error.h"
#include "mountpoint.h"

#define STAGE_DIR "/tmp/.oncestick"
#define STAGE_MEMORY "25%" /* of the PC's, at most, that files in the tmpfs take */
#define STAGE_GRACE_S 5    /* from when the program is told to end until it is killed */

struct stage_setup {
	const char *program;            /* absolute */
	char *const *argv, *const *env; /* of the program, NULL-terminated */
	const char *dir;                /* in /tmp, to be made: the mount appears in it */
	const char *const
	    *kept; /* absolute paths that stay as they are although they may be below what is covered; ends with NULL */
	const char *const *covered;     /* directories and files in whose place there are empty ones of the tmpfs; ends with NULL */
	int (*furnish)(void *arg); /* NULL, or: make what the program is to find in STAGE_DIR, from inside. 0, or -1 with errno */
	void *arg;
};

struct stage {
	int link;                       /* -1 once closed */
	int fuse;                       /* what the mount is served through; the caller closes it */
};

/*
 * stage_fork(s, setup, f): make a stage. setup is not needed any more after. E_FUSE: WHY_NAMESPACE (they are not to be had),
 * the whys of fusemount_attach_directly, or WHY_NONE (nothing can be mounted or made in them); f->sys says why. E_FAIL.
 */
enum err stage_fork(struct stage *s, const struct stage_setup *setup, struct fault *f);

/*
 * stage_play(s, path): have the mount at path, a fresh directory in setup->dir, and start the program there. The mount must be
 * answering. 0, or -1 if the stage has died.
 */
int stage_play(struct stage *s, const char *path);

/* What became of the program. */
struct stage_end {
	int sys;                        /* 0, or the errno with which it could not be started */
	int status;                     /* as of waitpid(2) */
};

/* stage_next(s, end): once s->link is readable: 0 and the program has ended, or -1 if the stage has died. */
int stage_next(struct stage *s, struct stage_end *end);

/* stage_stop(s): have the program, and all that it started, told to end by SIGTERM, and killed STAGE_GRACE_S later. */
void stage_stop(struct stage *s);

/* stage_close(s): let go; whatever runs there ends as by stage_stop. */
void stage_close(struct stage *s);

#endif
