/*
 * tool.h - running a program of the system: by its path, without a shell, with an environment of its own.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stddef.h>

#include "bytes.h"

#define TOOL_DIRS "/usr/sbin:/usr/bin:/sbin:/bin" /* where they are looked for, whatever PATH says */
#define TOOL_PATH_MAX 256
#define TOOL_SAID 200 /* enough for tool_run */

/* tool_find(out, dirs, name): the path of the program name in one of dirs, separated by colons. 0, or -1 if there is none. */
int tool_find(char out[TOOL_PATH_MAX], const char *dirs, const char *name);

/*
 * tool_run(argv, input, said): run argv[0] with input (NULL: nothing) as its standard input, and wait for its end. Return its exit
 * status, 128 and the signal that killed it, or -1 with errno if it could not be started. said: the last line that it printed,
 * without control characters, "" if none.
 */
int tool_run(const char *const argv[], const char *input, char said[TOOL_SAID]);

/*
 * tool_feed(argv, input, out, said): run a program of our own, in this process's environment: input comes through a pipe, which
 * leaves it in no file, and its standard output is the descriptor out. It has to read all of its input first. As tool_run, but said
 * is from its standard error.
 */
int tool_feed(const char *const argv[], struct bytes input, int out, char said[TOOL_SAID]);

#endif
