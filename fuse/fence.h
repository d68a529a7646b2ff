/*
 * fence.h - giving up, for the rest of a process's life, what it no longer needs.
 *
 * There are two fences. fence_paths says which files can still be opened, by Landlock (landlock(7)). fence_calls says which system
 * calls still work, by seccomp (seccomp(2)). A call that is not on the list fails with EPERM; if it is newer in Linux than the
 * list, it fails with ENOSYS, and libraries then use an older call. Neither fence affects descriptors that are already open. Both
 * also apply to children, and cannot be taken back.
 */
#ifndef FENCE_H
#define FENCE_H

#include <stddef.h>

enum fence_right {
	FENCE_LIST,             /* open directories for reading, but no files */
	FENCE_READ,             /* open files and directories for reading */
	FENCE_CLEAN,            /* ... and remove files */
	FENCE_WRITE,            /* as FENCE_READ, and open existing files for writing */
	FENCE_MAKE              /* ... and make and remove files */
};

/*
 * One file, or a directory with everything below it. A path that does not exist is left out. A directory that is named does not
 * include what is mounted on it later; for that, name the directory above it.
 */
struct fence_path {
	const char *path;       /* absolute, or below the directory fd */
	int fd;                 /* instead of path, if that is NULL */
	enum fence_right right;
};

/*
 * fence_paths(paths, count): from now on the calling thread, and those it starts, can open only what is named. Nothing can be
 * executed, linked or moved to another directory. Return 0, or -1 with errno: EOPNOTSUPP or ENOSYS if the kernel has no Landlock.
 */
int fence_paths(const struct fence_path *paths, size_t count);

enum fence_work {
	FENCE_READER,           /* reads files, computes in threads, writes to descriptors it has */
	FENCE_SESSION,          /* ... serves a mount, keeps a database, answers on a local socket it has */
	FENCE_MINDER            /* unmounts as root does, answers on a socket it has, and cleans up: traces_fence */
};

/* A compiled list of system calls. Compiling takes memory and a millisecond, so it is done ahead of time. */
struct fence_filter;

/*
 * fence_filter_new(work): only the system calls that work needs: no new program, no socket, no looking into other processes, no
 * signals to them and no limits for them, no mount. NULL with errno.
 */
struct fence_filter *fence_filter_new(enum fence_work work);
void fence_filter_free(struct fence_filter **filter);

/*
 * fence_calls(filter): from now on all threads of the process can make only the calls on that list. Allocates nothing. Return 0,
 * or -1 with errno: EINVAL if the kernel has no seccomp filters.
 */
int fence_calls(const struct fence_filter *filter);

/* ---- finding out what a list lacks -------------------------------------------------------------------------------------- */

/*
 * fence_calls_told(filter): like fence_calls, but for the calling thread and those that it starts from now on; and a call that is
 * refused waits until another thread, outside the fence, has been told of it: fence_watch. Return the descriptor for that, or -1
 * with errno: EINVAL if the kernel cannot report calls, EBUSY if something around this process already gets such reports.
 */
int fence_calls_told(const struct fence_filter *filter);

struct fence_refusal {
	int call;               /* its number on this architecture */
	int sys;                /* what it fails with: EPERM or ENOSYS */
};

/*
 * fence_watch(fd, note, arg): call note(arg, r) for each refused call, and only then let it fail in the way the filter says. Close
 * fd and return when nobody is left behind the fence, or if there is no memory.
 */
void fence_watch(int fd, void (*note)(void *arg, const struct fence_refusal *r), void *arg);

/* fence_call_name(call, out): its name as in syscalls(2); "system call 999" for one that libseccomp does not know yet. */
#define FENCE_CALL_NAME 40
void fence_call_name(int call, char out[FENCE_CALL_NAME]);

/* ---- for readers ---------------------------------------------------------------------------------------------------------- */

/*
 * fence_reader(fds, count): both fences, as far as the kernel has them, for a program that from now on reads fds, with everything
 * below those that are directories, and prints what it finds. One of -1 is none. Besides fds it can read what the kernel says about
 * processes, mounts and devices, and the time zone.
 */
void fence_reader(const int *fds, size_t count);

#endif
