/*
 * stage.h - a place where one program, and what it starts, sees a mount that nobody else sees: a user, a mount and a process
 * namespace of its own (user_namespaces(7), mount_namespaces(7), pid_namespaces(7)).
 *
 * stage_fork makes the stage, with the FUSE file system mounted in it, before anything is spent. Only a process in the namespace
 * may mount there, but what it mounted is served from outside, through the descriptor that comes back. stage_play then starts the
 * program. The namespace has an init process that waits for the program. When the program ends, or the link is closed, even
 * because its holder died, the init process ends everything else in the namespace, and with the last process the kernel takes the
 * mount away.
 *
 * On the stage /tmp is a fresh tmpfs, and STAGE_DIR in it is for whoever furnishes the stage. Mounts that come and go outside come
 * and go there, too. The program has no capabilities, gets none by exec (no_new_privs), and otherwise has its user's rights.
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
	const char *dir;                /* in /tmp, made by the stage: the mount appears in it */
	const char *const
	    *kept; /* absolute paths that stay as they are even if they are below what is covered; ends with NULL */
	const char *const *covered;     /* directories and files replaced by empty ones on the tmpfs; ends with NULL */
	int (*furnish)(void *arg); /* NULL, or makes, from inside, what the program finds in STAGE_DIR. 0, or -1 with errno */
	void *arg;
};

struct stage {
	int link;                       /* -1 once closed */
	int fuse;                       /* through which the mount is served; the caller closes it */
};

/*
 * stage_fork(s, setup, f): make a stage. Afterwards setup is no longer needed. E_FUSE: WHY_NAMESPACE (namespaces are not
 * available), the whys of fusemount_attach_directly, or WHY_NONE (nothing can be mounted or made in them); f->sys says why.
 * E_FAIL.
 */
enum err stage_fork(struct stage *s, const struct stage_setup *setup, struct fault *f);

/*
 * stage_play(s, path): move the mount to path, a fresh directory in setup->dir, and start the program there. The mount must be
 * answering. Return 0, or -1 if the stage has died.
 */
int stage_play(struct stage *s, const char *path);

/* What became of the program. */
struct stage_end {
	int sys;                        /* 0, or the errno with which it could not be started */
	int status;                     /* as from waitpid(2) */
};

/* stage_next(s, end): call this when s->link is readable. Return 0 if the program has ended, or -1 if the stage has died. */
int stage_next(struct stage *s, struct stage_end *end);

/* stage_stop(s): tell the program, and everything it started, to end by SIGTERM, and have them killed STAGE_GRACE_S later. */
void stage_stop(struct stage *s);

/* stage_close(s): close the link; whatever is running there ends as after stage_stop. */
void stage_close(struct stage *s);

#endif
