/*
 * readme.h - the texts beside ONCE: one tells a finder and a speaker what the stick is and whom to call; the other is there to be
 * clicked on, and stands for the stick that it lies on.
 */
#ifndef README_H
#define README_H

#include <stdbool.h>

#define README_NAME "READ ME FIRST.txt"
#define README_OPENER "Open lecture.oncestick"

/* readme_write(dir_fd, contact): write both, each unless there is something of that name. A stick without them is no worse: nothing
 * is said.
 */
void readme_write(int dir_fd, const char *contact);

/* readme_remove(dir_fd): remove each if it is as it was written. False if the first is there and is not, so that it stays. */
bool readme_remove(int dir_fd);

#endif
