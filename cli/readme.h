/*
 * readme.h - the text beside ONCE that tells a finder and a speaker what the stick is and whom to call.
 */
#ifndef README_H
#define README_H

#define README_NAME "READ ME FIRST.txt"

/* readme_write(dir_fd, contact): write it unless there is something of that name. A stick without it is no worse: nothing is said.
 */
void readme_write(int dir_fd, const char *contact);

/* readme_remove(dir_fd): remove it if it is ours. */
void readme_remove(int dir_fd);

#endif
