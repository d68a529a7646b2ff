/*
 * ready.h - telling a service manager how far it is: sd_notify(3)'s protocol, a datagram to the socket that $NOTIFY_SOCKET names.
 */
#ifndef READY_H
#define READY_H

#include <sys/types.h>

#define READY_STATUS_MAX 600

/*
 * ready_open(pid, status): the service is ready, status, a line, says what it does, and its main process is pid, unless that is 0.
 * Nothing happens where nobody waits for it: $NOTIFY_SOCKET is not set, or nobody listens there.
 */
void ready_open(pid_t pid, const char *status);

/* ready_stopping(): the service is about to end. */
void ready_stopping(void);

#endif
