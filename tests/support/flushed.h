/*
 * flushed.h - what a power cut would take away: everything that was made, renamed, removed or written below a directory and has
 * not been flushed since.
 *
 * flushed.c replaces the calls of the C library that change files, for the test that it is linked into and for the libraries that
 * the test uses. Whatever stores something must obey two rules: when it says that it is done, nothing is left to flush; and what
 * gets its name by rename has its bytes on the medium before.
 */
#ifndef FLUSHED_H
#define FLUSHED_H

/*
 * flushed_watch(path): forget everything, and from now on watch the file or directory with this absolute path, and everything
 * below it. Borrowed.
 */
void flushed_watch(const char *path);

/* flushed_left(): "" if everything is on the medium, otherwise what is not, for people. */
const char *flushed_left(void);

/* flushed_count(): how many flushes there were since flushed_watch. */
unsigned flushed_count(void);

#endif
