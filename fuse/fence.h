/*
 * fence.h - giving up, for the rest of a process's life, what it does not need any more.
 *
 * Two fences. fence_paths: which files can still be opened, by Landlock (landlock(7)). fence_calls: which system calls still work,
 * by seccomp (seccomp(2)); what is not on the list fails with EPERM, and with ENOSYS if it came to Linux later than that for which
 * libraries then take an older call. Neither touches descriptors that are open. Both last for children too and cannot be taken
 * back.
 */
#ifndef FENCE_H
#define FENCE_H

#include <stddef.h>

enum fence_right {
	FENCE_LIST,             /* open directories for reading, no file */
	FENCE_READ,             /* open files and directories for reading */
	FENCE_CLEAN,            /* ... and remove files */
	FENCE_WRITE,            /* as FENCE_READ, and open files that are there for writing */
	FENCE_MAKE              /* ... and make and remove files */
};

/*
 * One file, or a directory with everything below it. What does not exist is left out. What is mounted later on a directory that is
 * named is not part of it: the one above it has to be.
 */
struct fence_path {
	const char *path;       /* absolute, or below the directory fd */
	int fd;                 /* instead of path, if that is NULL */
	enum fence_right right;
};

/*
 * fence_paths(paths, count): from now on the calling thread, and those it starts, open only what is named. Nothing can be executed,
 * linked or moved to another directory. Return 0, or -1 with errno: EOPNOTSUPP or ENOSYS where the kernel has no Landlock.
 */
int fence_paths(const struct fence_path *paths, size_t count);

enum fence_work {
	FENCE_READER,           /* reads files, computes in threads, writes to descriptors that it has */
	FENCE_SESSION,          /* ... serves a mount, keeps a database, answers on a local socket that it has */
	FENCE_MINDER            /* unmounts as root does, answers on a socket that it has, and cleans up: traces_fence */
};

/* A list of system calls, compiled: this takes memory and a millisecond, so it is done before it matters. */
struct fence_filter;

/* fence_filter_new(work): only the system calls that work needs: no new program, no socket, no looking into other processes, no
 * signal to them and no limit of theirs, no mount. NULL with errno. */
struct fence_filter *fence_filter_new(enum fence_work work);
void fence_filter_free(struct fence_filter **filter);

/*
 * fence_calls(filter): from now on all threads of the process make only the calls on that list. Allocates nothing. Return 0, or -1
 * with errno: EINVAL where the kernel has no seccomp filters.
 */
int fence_calls(const struct fence_filter *filter);

/* ---- finding out what a list lacks -------------------------------------------------------------------------------------- */

/*
 * fence_calls_told(filter): as fence_calls, for the calling thread and those that it starts from now on; but a call that is refused
 * waits until another thread, outside, has been told: fence_watch. Return the descriptor for that, or -1 with errno: EINVAL where
 * the kernel cannot tell, EBUSY where something around this process is told already.
 */
int fence_calls_told(const struct fence_filter *filter);

struct fence_refusal {
	int call;               /* its number on this processor */
	int sys;                /* what it fails with: EPERM or ENOSYS */
};

/* fence_watch(fd, note, arg): call note(arg, r) for each refused call, and only then let it fail as the filter would have it.
 * Closes fd and returns when nobody is left behind the fence, or if there is no memory. */
void fence_watch(int fd, void (*note)(void *arg, const struct fence_refusal *r), void *arg);

/* fence_call_name(call, out): as in syscalls(2); "system call 999" for one that libseccomp does not know yet. */
#define FENCE_CALL_NAME 40
void fence_call_name(int call, char out[FENCE_CALL_NAME]);

/* ---- for readers ---------------------------------------------------------------------------------------------------------- */

/*
 * fence_reader(fd): both fences for a program that from now on reads fd, with all below it if it is a directory, and prints what it
 * found: besides fd it can read what the kernel tells of processes, mounts and devices, and what time zone it is. As far as the
 * kernel has them.
 */
void fence_reader(int fd);

#endif
