/*
 * reveal.h - showing the open folder in the desktop's file manager.
 */
#ifndef REVEAL_H
#define REVEAL_H

#include "cli.h"

/*
 * reveal_folder(c, path): have xdg-open(1) open path, and wait for nothing. It gets no terminal and no descriptor of ours. If it cannot
 * be started that is said, and no more: the folder is there. Not to be called by a process that holds a secret.
 */
void reveal_folder(const struct cli *c, const char *path);

#endif
