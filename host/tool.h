/*
 * tool.h - running a program of the system by its path, without a shell, and in an environment of its own.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stddef.h>

#include "bytes.h"

#define TOOL_DIRS "/usr/sbin:/usr/bin:/sbin:/bin" /* where to look for programs, whatever PATH says */
#define TOOL_PATH_MAX 256
#define TOOL_SAID 200 /* enough for tool_run */

/*
 * tool_find(out, dirs, name): find the program name in dirs, which are separated by colons; out becomes its path. Return 0, or -1
 * if there is none.
 */
int tool_find(char out[TOOL_PATH_MAX], const char *dirs, const char *name);

/*
 * tool_run(argv, input, said): run argv[0] with input (NULL: nothing) as its standard input, and wait for it to end. Return its
 * exit status, 128 plus the signal that killed it, or -1 with errno if it could not be started. said becomes the last line that it
 * printed, without control characters; "" if none.
 */
int tool_run(const char *const argv[], const char *input, char said[TOOL_SAID]);

/*
 * tool_feed(argv, input, out, said): run a program of ours in this process's environment. It must read all of its input first: that
 * comes through a pipe, so that it is in no file. Its standard output is the descriptor out. Returns what tool_run returns, but
 * said is from standard error.
 */
int tool_feed(const char *const argv[], struct bytes input, int out, char said[TOOL_SAID]);

#endif
