/*
 * ready.h - telling a service manager how far it is: sd_notify(3)'s protocol, a datagram to the socket that $NOTIFY_SOCKET names.
 */
#ifndef READY_H
#define READY_H

#include <sys/types.h>

/*
 * ready_open(pid, fmt, ...): the service is ready, its status is the text, and its main process is pid, unless that is 0. Nothing
 * happens where nobody waits for it: $NOTIFY_SOCKET is not set, or nobody listens there.
 */
void ready_open(pid_t pid, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ready_stopping(): the service is about to end. */
void ready_stopping(void);

#endif
