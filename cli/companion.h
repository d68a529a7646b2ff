/*
 * companion.h - what the desktop shows while a folder is open, in words (desktop.h).
 */
#ifndef COMPANION_H
#define COMPANION_H

/*
 * companion_fork(): start one, before a code is read. Return the socket on which it takes events (event.h), for the caller to hand
 * on and close, or -1 if there is none. It ends when the last copy of that socket is closed.
 */
int companion_fork(void);

/* companion_tell_ejected(why): show that the stick can be pulled, or with why, a sentence, that it is still in use. Waits for
 * nothing. */
void companion_tell_ejected(const char *why);

#endif
