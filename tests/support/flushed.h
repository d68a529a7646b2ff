/*
 * flushed.h - what a power cut would take away: what was made, renamed, removed or written below a directory, and not flushed
 * since.
 *
 * flushed.c stands in the place of the calls of the C library that change files, for a test it is linked into and for the libraries
 * that test uses. The rule is the same for all that keeps something: when it says done, nothing is left; and what gets a name by
 * rename has its bytes on the medium before.
 */
#ifndef FLUSHED_H
#define FLUSHED_H

/* flushed_watch(path): forget everything, and look from now on at what has this absolute path, or is below it. Borrowed. */
void flushed_watch(const char *path);

/* flushed_left(): "" if everything is on the medium, else what is not, for people. */
const char *flushed_left(void);

/* flushed_count(): how many flushes there were since flushed_watch. */
unsigned flushed_count(void);

#endif
