/*
 * readme.h - the texts beside ONCE. One tells a finder and a speaker what the stick is, and whom to call. The other is there to be
 * clicked on, and means the stick that it is on.
 */
#ifndef README_H
#define README_H

#include <stdbool.h>

#define README_NAME "READ ME FIRST.txt"
#define README_OPENER "Open lecture.oncestick"

/*
 * readme_write(dir_fd, name, contact): write both for the stick of that name, each unless there is already something called so. A
 * stick works without them, so errors are not reported.
 */
void readme_write(int dir_fd, const char *name, const char *contact);

/*
 * readme_remove(dir_fd): remove each if it is as it was written. Return false if the first one is there but was changed, so that it
 * stays.
 */
bool readme_remove(int dir_fd);

#endif
