/*
 * filestat.h - stat(2), whatever the time of a file. Where time_t has 32 bits stat(2) refuses (EOVERFLOW) a file of 2040, and any
 * clock that is wrong can make one.
 *
 * A time that time_t cannot say becomes the nearest that it can. Who needs the time itself has statx(2).
 */
#ifndef FILESTAT_H
#define FILESTAT_H

#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

/* filestat_fd(fd, st), filestat_path(path, st): as fstat(2) and stat(2). Return 0, or -1 with errno. */
int filestat_fd(int fd, struct stat *st);
int filestat_path(const char *path, struct stat *st);

/* filestat_at(dir_fd, name, st), filestat_follow(dir_fd, name, st): of name below dir_fd, itself or what it is a link to. Return 0,
 * or -1 with errno. */
int filestat_at(int dir_fd, const char *name, struct stat *st);
int filestat_follow(int dir_fd, const char *name, struct stat *st);

/* filestat_second(s): s, or the nearest second that time_t can say. */
time_t filestat_second(int64_t s);

#endif
