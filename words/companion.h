/*
 * companion.h - the words that a desktop shows while a folder is open (desktop.h).
 */
#ifndef COMPANION_H
#define COMPANION_H

/*
 * companion_fork(): start a companion, before a code is read. Return the socket on which it takes events (event.h), or -1 if there
 * is no companion. The caller passes the socket on, and closes it. The companion ends when the last copy of the socket is closed.
 */
int companion_fork(void);

/*
 * companion_tell_ejected(why): show that the stick can be pulled or, if why is not NULL but a sentence, that it is still in use.
 * This waits for nothing.
 */
void companion_tell_ejected(const char *why);

#endif
