#include "event.h"

#include <sys/socket.h>

void
event_send(int fd, const struct event *e)
{
	if (fd >= 0)
		(void)send(fd, e, sizeof *e, MSG_NOSIGNAL | MSG_DONTWAIT);
}
