/*
 * reveal.h - showing the open folder in the desktop's file manager.
 */
#ifndef REVEAL_H
#define REVEAL_H

/*
 * reveal_folder(path): let xdg-open(1) open path, without waiting. It gets no terminal and none of our descriptors. Return 0, or
 * the errno of why it could not be started. A process that holds a secret must not call this.
 */
int reveal_folder(const char *path);

#endif
