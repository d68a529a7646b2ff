/*
 * filestat.h - stat(2) for files with any time. Where time_t has 32 bits, stat(2) refuses a file from 2040 (EOVERFLOW), and any
 * wrong clock can make one.
 *
 * A time that time_t cannot hold becomes the nearest one that it can. Code that needs the time itself uses statx(2).
 */
#ifndef FILESTAT_H
#define FILESTAT_H

#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

/* filestat_fd(fd, st), filestat_path(path, st): as fstat(2) and stat(2). Return 0, or -1 with errno. */
int filestat_fd(int fd, struct stat *st);
int filestat_path(const char *path, struct stat *st);

/*
 * filestat_at(dir_fd, name, st), filestat_follow(dir_fd, name, st): the same for name below dir_fd; if it is a link, filestat_at
 * looks at the link and filestat_follow at what it points to. Return 0, or -1 with errno.
 */
int filestat_at(int dir_fd, const char *name, struct stat *st);
int filestat_follow(int dir_fd, const char *name, struct stat *st);

/* filestat_second(s): s, or the nearest second that time_t can hold. */
time_t filestat_second(int64_t s);

#endif
