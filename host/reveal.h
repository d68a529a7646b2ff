/*
 * reveal.h - showing the open folder in the desktop's file manager.
 */
#ifndef REVEAL_H
#define REVEAL_H

/*
 * reveal_folder(path): have xdg-open(1) open path, and wait for nothing. It gets no terminal and no descriptor of ours. Return 0,
 * or the errno with which it could not be started. Not to be called by a process that holds a secret.
 */
int reveal_folder(const char *path);

#endif
