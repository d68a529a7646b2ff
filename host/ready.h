/*
 * ready.h - telling a service manager about our state by sd_notify(3)'s protocol: a datagram to the socket that $NOTIFY_SOCKET
 * names.
 */
#ifndef READY_H
#define READY_H

#include <sys/types.h>

#define READY_STATUS_MAX 600

/*
 * ready_open(pid, status): say that the service is ready, what it does (status, one line) and, unless pid is 0, which is its main
 * process. This does nothing if $NOTIFY_SOCKET is not set, or nothing listens there.
 */
void ready_open(pid_t pid, const char *status);

/* ready_stopping(): say that the service is about to end. */
void ready_stopping(void);

#endif
